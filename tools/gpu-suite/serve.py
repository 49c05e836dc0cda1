"""Greedy decoding over pages against transformers: `python3 serve.py [--small]`.

Prompts enter in chunks, beside one another; then every step is one plan, a graph on a card. Compared: the logits of every position (bounds
as in train.py: twice as far from f32 as transformers in bf16), the tokens where f32 is not undecided, the number of waits, and adapters in
pages against models whose weights hold them.
"""
import copy
import sys

import torch

import hone
import train
from decoder import PAGE, Decoder, Slots, drawn_stacks
from llama import BF16, F32, LINEARS
from reference import DEVICE, adapter_values, folder_model, linear_of, random_model, to_card
from train import FLOOR, SLACK, tell

SMALL = "--small" in sys.argv
CHUNKS = (5, 1, 16, 64)
RANK, SCALE = 4, 2.0


def reference_logits(model, sequences):
    with torch.no_grad():
        return torch.cat([model(input_ids=torch.tensor([ids], device=DEVICE)).logits[0].float().cpu() for ids in sequences])


def prefill(decoder, prompts, adapters):
    """Logits of all positions, sequence by sequence: chunks of several lengths, rows of all sequences in each step."""
    rows = [[(id, at, position, adapters[at]) for position, id in enumerate(ids)] for at, ids in enumerate(prompts)]
    parts, done, turn = [[] for _ in prompts], [0] * len(prompts), 0
    while any(begin < len(mine) for begin, mine in zip(done, rows)):
        size = CHUNKS[turn % len(CHUNKS)]
        turn += 1
        taken = [mine[begin : begin + size] for begin, mine in zip(done, rows)]
        logits = decoder.run([row for each in taken for row in each]).read()
        for at, (each, part) in enumerate(zip(taken, logits.split([len(each) for each in taken]))):
            parts[at].append(part)
            done[at] += len(each)
    return [torch.cat(each) for each in parts]


def decode(decoder, prompts, firsts, steps, adapters):
    """Tokens and logits of `steps` steps of one recorded plan, and what the card counted meanwhile."""
    plan, logits = decoder.record(len(prompts))
    texts = [[*ids, first] for ids, first in zip(prompts, firsts)]
    before = hone.counters()
    for _ in range(steps):
        rows = [(text[-1], at, len(text) - 1, adapters[at]) for at, text in enumerate(texts)]
        drawn = plan.run(decoder.numbers(rows), len(prompts))
        for text, token in zip(texts, drawn):
            text.append(token)
    counts = {key: value - before[key] for key, value in hone.counters().items()}
    return texts, logits.read(), counts


def check_logits(name, ours, exact, rough, known=0.0):
    """How far the log-probabilities lie from f32's, root mean square over all words and positions. Returns that of transformers in bf16;
    of few rows it is a matter of luck, so what is `known` of more counts as well."""
    mine, theirs = (torch.log_softmax(each, -1) - torch.log_softmax(exact, -1) for each in (ours, rough))
    mine, theirs = (each.pow(2).mean().sqrt().item() for each in (mine, theirs))
    tell(mine <= max(SLACK * theirs, SLACK * known, FLOOR), f"{name}: log-probabilities of {len(ours)} rows off by {mine:.1e}, transformers in bf16 by {theirs:.1e}")
    return theirs


def check_tokens(name, texts, prompts, exact):
    """Each drawn token is the largest of f32's logits, or one that f32 puts within a rounding of bf16 of it."""
    drawn, equal = 0, 0
    for text, ids in zip(texts, prompts):
        logits = reference_logits(exact, [text[:-1]])[len(ids) - 1 :]
        for row, token in zip(logits, text[len(ids) :]):
            drawn += 1
            equal += int(row.argmax()) == token
            if row.max() - row[token] > 0.05 * row.std().clamp_min(1):
                return tell(False, f"{name}: drew {token}, which f32 puts {row.max() - row[token]:.2f} below the best")
    tell(True, f"{name}: {equal} of {drawn} greedy tokens are those of transformers in f32, the others within its rounding")


def compare(name, model, prompts, weight_format, steps, adapters=0):
    """With `adapters`, sequence s has adapter s, and the last none."""
    shape, weights = to_card(model, weight_format)
    draws = [adapter_values(20 + slot) for slot in range(adapters)]
    slots = Slots(shape, [SCALE] * adapters, drawn_stacks(shape, RANK, draws)) if adapters else None
    chosen = [at if at < adapters else -1 for at in range(len(prompts))]
    blocks = -(-(max(map(len, prompts)) + steps + 1) // PAGE)
    decoder = Decoder(shape, weights, len(prompts), blocks, slots)
    models = [merged(model, shape, draws[slot]) if slot >= 0 else model for slot in chosen]
    first = prefill(decoder, prompts, chosen)
    exact = torch.cat([reference_logits(each, [ids]) for each, ids in zip(models, prompts)])
    rough = torch.cat([reference_logits(copy.deepcopy(each).to(BF16), [ids]) for each, ids in zip(models, prompts)])
    known = check_logits(f"{name}, prompts", torch.cat(first), exact, rough)
    texts, last, counts = decode(decoder, prompts, [int(each[-1].argmax()) for each in first], steps, chosen)
    for each, text, ids in zip(models, texts, prompts):
        check_tokens(name, [text], [ids], each)
    exact = torch.cat([reference_logits(each, [text[:-1]])[-1:] for each, text in zip(models, texts)])
    rough = torch.cat([reference_logits(copy.deepcopy(each).to(BF16), [text[:-1]])[-1:] for each, text in zip(models, texts)])
    check_logits(f"{name}, last step", last, exact, rough, known)
    # One wait a step, for the drawn ids. The first run of a plan goes op by op and captures the graph.
    waits, graphs = counts["synchronisations"], counts["graph_launches"]
    tell(waits == steps and graphs >= steps - 1, f"{name}: {steps} steps, {graphs} graphs, {counts['launches']} single launches, {waits} waits")
    return texts


def merged(model, shape, draw):
    """The model with an adapter in its weights."""
    model = copy.deepcopy(model)
    for layer in range(shape.layers):
        for name in LINEARS:
            n, k = shape.linear(name)
            a, b = (draw((layer, name, part), torch.Size(size)) for part, size in (("a", (RANK, k)), ("b", (n, RANK))))
            with torch.no_grad():
                linear_of(model, layer, name).weight += SCALE * (b.to(BF16).to(F32) @ a.to(BF16).to(F32)).to(DEVICE)
    return model


def text(model):
    """A text of examples/hone-tiny, which was trained, in words."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(hone.ROOT / "examples/hone-tiny")
    prompt = tokenizer("The memory of the card")["input_ids"]
    texts = compare("hone-tiny", model, [prompt], "bf16", 40)
    wanted = model.generate(torch.tensor([prompt], device=DEVICE), do_sample=False, max_new_tokens=40, eos_token_id=None, pad_token_id=0)
    print(f"     ours:         {tokenizer.decode(texts[0])!r}\n     transformers: {tokenizer.decode(wanted[0])!r}")


def main():
    hone.start()
    generator = torch.Generator().manual_seed(4)
    prompts = [torch.randint(2, 96, (length,), generator=generator).tolist() for length in (37, 3, 18)]
    steps = 6 if SMALL else 24
    for weight_format in ("bf16", "nf4"):
        compare(f"random, {weight_format}", random_model(), prompts, weight_format, steps)
    compare("random, adapters on pages", random_model(), prompts, "bf16", steps, adapters=2)
    if not SMALL:
        tiny = folder_model(hone.ROOT / "examples/hone-tiny")
        prompts = [torch.randint(3, 3072, (length,), generator=generator).tolist() for length in (300, 17, 128, 64)]
        for weight_format in ("bf16", "nf4"):
            compare(f"hone-tiny, {weight_format}", copy.deepcopy(tiny), prompts, weight_format, 64)
        compare("hone-tiny, adapters on pages", copy.deepcopy(tiny), prompts, "bf16", 64, adapters=3)
        text(tiny)
    return train.failures


if __name__ == "__main__":
    torch.set_float32_matmul_precision("highest")
    sys.exit(1 if main() else 0)
