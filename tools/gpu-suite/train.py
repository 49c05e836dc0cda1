"""LoRA and QLoRA by ops of the card against transformers and peft: `python3 train.py [--small]`.

What is compared: log-probabilities and every gradient of the first step, and the losses of eight steps of AdamW. The judge computes
in f32 on the same weights. How far bf16 may lie from it is not a guess: the same model of transformers in bf16 says so, and ours may be
twice as far, since both round at other places; below a floor of one rounding of bf16 (2^-8) the ratio says nothing.
"""
import copy
import sys

import torch

import hone
import nf4
from llama import BF16, F32, Adapter, Batch, Llama, step
from hf import dpo_loss
from preference import BETA, Preference
from reference import ALPHA, DEVICE, RANK, adapter_values, folder_model, golden, log_probs, random_model, to_card, with_peft

SMALL = "--small" in sys.argv
STEPS, RATE = (3 if SMALL else 8), 1e-3
FLOOR, SLACK, LOSSES = 2**-8, 2.0, 5e-3
failures = 0


def tell(is_right, text):
    global failures
    failures += not is_right
    print(f"{'ok  ' if is_right else 'BAD '} {text}", flush=True)


def error(actual, expected):
    """|a - b| / |b| over a whole tensor."""
    actual, expected = (each.detach().cpu().to(F32).flatten() for each in (actual, expected))
    return ((actual - expected).norm() / expected.norm().clamp_min(1e-12)).item()


def trace(model, parameters, sequences):
    """Log-probabilities and gradients of the first step, and all losses, of a model of transformers with peft."""
    optimizer = torch.optim.AdamW(parameters.values(), lr=RATE, weight_decay=0.0)
    first, losses = None, []
    for _ in range(STEPS):
        optimizer.zero_grad()
        logp = log_probs(model, sequences)
        loss = -logp.mean()
        loss.backward()
        first = first or (logp.detach(), {key: each.grad.clone() for key, each in parameters.items()})
        losses.append(loss.item())
        optimizer.step()
    return *first, losses


def our_trace(shape, weights, values, sequences, recompute):
    adapter = Adapter(shape, RANK, ALPHA / RANK, values)
    model, batch = Llama(shape, weights, adapter, recompute=recompute), Batch(sequences)
    first, losses = None, []
    before = hone.counters()["synchronisations"]
    for number in range(1, STEPS + 1):
        adapter.clear()
        logp = model.gradients(batch)
        losses.append(logp)
        if number == 1:
            hone.invoke("tensorCopy", src=adapter.gradients.all, dst=(kept := hone.empty(adapter.gradients.all.shape, F32)))
        step(adapter, number, RATE)
    waits = hone.counters()["synchronisations"] - before
    losses = [each.read() for each in losses]
    wanted = batch.targets.read() >= 0
    flat = kept.read()
    gradients, at = {}, 0
    for key, part in adapter.gradients.parts.items():
        count = torch.Size(part.shape).numel()
        gradients[key] = flat[at : at + count].view(part.shape)
        at += -(-count // 8) * 8
    return losses[0][wanted], gradients, [-each[wanted].mean().item() for each in losses], waits


def compare(name, model, sequences, weight_format, recompute=False):
    shape, weights = to_card(model, weight_format)
    values = adapter_values(11)
    ours = our_trace(shape, weights, values, sequences, recompute)
    rough = with_peft(copy.deepcopy(model).to(BF16), shape, values)
    exact = with_peft(copy.deepcopy(model), shape, values)
    (logp, gradients, losses), (rough_logp, rough_gradients, _) = (trace(*each, sequences) for each in (exact, rough))
    mean, rough_mean = ((each.cpu() - logp.cpu()).abs().mean().item() for each in (ours[0], rough_logp))
    tell(mean <= max(SLACK * rough_mean, FLOOR), f"{name}: log-probabilities off by {mean:.1e} on average, torch in bf16 by {rough_mean:.1e}")
    worst = max(((error(ours[1][key], each) / max(SLACK * error(rough_gradients[key], each), 2 * FLOOR), key) for key, each in gradients.items()))
    key = worst[1]
    tell(worst[0] <= 1, f"{name}: {len(gradients)} gradients; the worst, {key}, off by {error(ours[1][key], gradients[key]):.1e}, "
                        f"torch in bf16 by {error(rough_gradients[key], gradients[key]):.1e}")
    off = max(abs(mine / theirs - 1) for mine, theirs in zip(ours[2], losses))
    tell(off <= LOSSES, f"{name}: {STEPS} losses from {losses[0]:.4f} to {losses[-1]:.4f}, off by at most {off:.1e}")
    tell(losses[-1] < losses[0] and ours[2][-1] < ours[2][0], f"{name}: both losses fall")
    tell(ours[3] == 0, f"{name}: {ours[3]} waits for the card in {STEPS} steps")
    return ours


def compare_preference(model, pairs, length):
    """One step of DPO: loss and gradients against peft in f32, with peft in bf16 as the measure of how far they may lie."""
    shape, weights = to_card(model, "nf4")
    values, prompt = adapter_values(12), length // 3
    ids = torch.randint(2, shape.words, (2 * pairs, length), generator=torch.Generator().manual_seed(13))
    adapter = Adapter(shape, RANK, ALPHA / RANK, values)
    adapter.clear()
    loss = Preference(shape, weights, adapter, ids, prompt).gradients()

    def theirs(dtype):
        wrapped, parameters = with_peft(copy.deepcopy(model).to(dtype), shape, values)
        of_loss = dpo_loss(wrapped, ids.to(DEVICE), prompt, BETA)
        of_loss.backward()
        return of_loss.item(), {key: each.grad for key, each in parameters.items()}

    (exact, gradients), (rough, rough_gradients) = theirs(F32), theirs(BF16)
    # Of so few pairs torch's own distance is luck. A log-probability in bf16 is off by 2^-6 (above); a pair sums those of two answers
    # of two models.
    bound = SLACK * BETA * 2**-6 * (4 * (length - prompt)) ** 0.5
    tell(abs(loss - exact) <= bound, f"DPO: loss {loss:.4f} off by {abs(loss - exact):.1e}, torch in bf16 by {abs(rough - exact):.1e}, at most {bound:.1e}")
    ours = {key: part.read() for key, part in adapter.gradients.parts.items()}
    worst, key = max((error(ours[key], each) / max(SLACK * error(rough_gradients[key], each), 2 * FLOOR), key) for key, each in gradients.items())
    tell(worst <= 1, f"DPO: {len(gradients)} gradients; the worst, {key}, off by {error(ours[key], gradients[key]):.1e}, "
                     f"torch in bf16 by {error(rough_gradients[key], gradients[key]):.1e}")


def main():
    hone.start()
    nf4.check(tell)
    model, sequences = golden()
    compare("LoRA, family llama3", model, sequences, "bf16")
    generator = torch.Generator().manual_seed(9)
    rows = [torch.randint(2, 96, (length,), generator=generator).tolist() for length in (19, 7, 26)]
    plain = compare("QLoRA, random", random_model(), rows, "nf4")
    again = compare("QLoRA, layers computed again", random_model(), rows, "nf4", recompute=True)
    same = plain[2] == again[2] and all(torch.equal(plain[1][key], again[1][key]) for key in plain[1])
    tell(same, "computing layers again changes no bit")
    compare_preference(random_model(), 2, 12)
    if not SMALL:
        rows = [torch.randint(3, 3072, (length,), generator=generator).tolist() for length in (300, 511, 130, 83)]
        for name, weight_format in (("LoRA", "bf16"), ("QLoRA", "nf4")):
            compare(f"{name}, hone-tiny", folder_model(hone.ROOT / "examples/hone-tiny"), rows, weight_format)
    return failures


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_float32_matmul_precision("highest")
    sys.exit(1 if main() else 0)
