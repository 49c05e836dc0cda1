"""Rows of training: G5 QLoRA, G6 LoRA and full fine-tuning.

Two peers: plain torch in the way of the quick trainers (peer.py), and transformers with peft (hf.py). Each keeps all activations where ours
does, and computes layers again where ours does; both peaks of memory stand beside the figures.
"""
import torch

import hf
import hone
from base import RANK, RATE, TINY, Base, adapter_on_card, drawn_adapter, drawn_ids, fitting, named
from llama import S1, S8, Batch, Full, Llama, step
from measure import BF16, DEVICE, SMALL, Later, attempt, compare, skip
from peer import Nf4Weight, TorchLlama

LOSS = 5e-3  # How far the loss of the first step may lie from the peer's, as a share of it.


def adamw(parameters):
    return torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.0, fused=DEVICE == "cuda")


def trained_flop(shape, batch, length, linear, factor=3.5):
    """`linear`: 4 for each frozen weight and token, 6 for each trained one. Attention: 1 forward, 2.5 backward, causal."""
    tokens = batch * length
    return linear * tokens * (shape.linear_weights + shape.words * shape.d) + factor * 2 * tokens * length * shape.heads * shape.head * shape.layers


class Ours:
    """Our side of a row; made by its first step, and again by the first after `let_go`."""

    def __init__(self, ids, make):
        self.packed, self.make, self.held, self.first = Batch(ids.tolist()), make, None, {}

    def step(self):
        """`make` gives the model, and what is cleared and updated in each step: (model, clear, update(number))."""
        self.held = self.held or [0, *self.make()]
        self.held[0] += 1
        number, model, clear, update = self.held
        clear()
        logp = model.gradients(self.packed)
        if "ours" not in self.first:
            self.first["ours"] = -logp.read()[self.packed.targets.read() >= 0].mean().item()
        update(number)

    def let_go(self):
        self.held = None

    def gate(self):
        return abs(self.first["ours"] / self.first["peer"].item() - 1) if "peer" in self.first else None


def recipe(base, weight_format, adapter, ids, recompute, first, compiled=False):
    """A step of plain torch."""
    theirs = {key: tuple(torch.nn.Parameter(each.clone()) for each in pair) for key, pair in adapter.items()}
    peer = base.in_torch(weight_format, theirs, recompute)
    if compiled:
        peer.run_layer = torch.compile(peer.run_layer)
    optimizer = adamw([each for pair in theirs.values() for each in pair])

    def run():
        optimizer.zero_grad(set_to_none=True)
        first.setdefault("peer", peer.train(ids))
        optimizer.step()

    return run


def with_peft(base, form, adapter, ids, recompute, first, compiled=False):
    model, parameters = hf.lora(base, form, adapter, recompute)
    if compiled:
        # All layers are of one form, so that one compiled serves all; the whole model takes minutes.
        for layer in model.base_model.model.model.layers:
            layer.compile(dynamic=False)
    return hf.train_step(model, adamw(parameters.values()), ids, first)


def peers_of(weight_format, recompute, compiled=False):
    """(name, function that makes a step) of both peers; without a card both ways to hold four bits, to prove them."""
    expansion = f"dequantise ({Nf4Weight.way()}), mm, addmm" if weight_format == "nf4" else "mm, addmm"
    more = (", layers computed again" if recompute else "") + (", torch.compile" if compiled else "")
    forms = ["bf16"] if weight_format == "bf16" else hf.four_bit_forms()
    yield f"torch: {expansion}{more}", lambda *given: recipe(given[0], weight_format, *given[1:], compiled)
    for form in forms:
        yield f"{hf.NAME}, peft, {form}{more}", lambda *given, form=form: with_peft(given[0], form, *given[1:], compiled)


def lora_row(row, base, weight_format, size, recompute, bar, passes, compiled=False, only=None):
    """One shape of ours against the peers whose names begin with `only`."""
    shape, adapter, ids = base.shape, drawn_adapter(base.shape), drawn_ids(base.shape, *size)

    def make():
        held = adapter_on_card(shape, adapter)
        model = Llama(shape, base.on_card(weight_format), held, recompute=recompute)
        return model, held.clear, lambda number: step(held, number, RATE)

    ours, tokens = Ours(ids, make), size[0] * size[1]
    share = ("TFLOP/s", trained_flop(shape, *size, 4) / 1e12)
    name = f"{'QLoRA' if weight_format == 'nf4' else 'LoRA bf16'} r{RANK}, {named(shape)}, {size[0]} x {size[1]}{', layers computed again' if recompute else ''}"
    for peer_name, build in peers_of(weight_format, recompute, compiled):
        if only and not peer_name.startswith(only):
            continue
        ours.first.pop("peer", None)
        peer = Later(lambda: build(base, adapter, ids, recompute, ours.first))
        compare(row, name, ours.step, peer, tokens, "token/s", peer_name, ours.gate, LOSS, bar, passes, share, turns=4, let_go=ours.let_go)


def is_better(line, least, slowest=0.0):
    """Quicker by so much at no more memory, and not slower than so many tokens a second."""
    theirs = line["detail"].get("peer_peak_bytes")
    return line["ratio"] >= least and line["ours"] >= slowest and (theirs is None or line["detail"]["peak_bytes"] <= theirs)


KEPT = dict(bar="ratio >= 1.3 at no more memory, >= 12,000 token/s", passes=lambda line: is_better(line, 1.3, 12e3))
AGAIN = dict(bar="ratio >= 1.3 at no more memory", passes=lambda line: is_better(line, 1.3))


def qlora(size, recompute, **more):
    attempt("G5", lora_row, "G5", Base(fitting(S8)), "nf4", size, recompute, **(AGAIN if recompute else KEPT), **more)


def g5():
    size = (2, 12) if SMALL else (8, 1024)
    qlora(size, False)
    qlora(size, True, only=hf.NAME)


def g5_wide():
    """Four sequences of 4k, half a step of which already fills most cards."""
    size = (1, 16) if SMALL else (4, 4096)
    qlora(size, False, only="torch" if SMALL else None)
    if not SMALL:
        qlora(size, True, only=hf.NAME)


def g5_long():
    """32k tokens of one sequence, which neither side holds without computing layers again."""
    size = (1, 24) if SMALL else (1, 32768)
    if not SMALL:
        skip("G5", f"QLoRA r{RANK}, 1 x 32768, all activations kept", "more than 139 GiB on either side")
    qlora(size, True, only="torch" if SMALL else None)


def g5_compiled():
    qlora((2, 12) if SMALL else (8, 1024), False, compiled=True)


def g6():
    size = (2, 12) if SMALL else (8, 1024)
    bar = dict(bar="ratio >= 1.2, >= 50 % of the matrix rate", passes=lambda line: line["ratio"] >= 1.2 and line["of_ceiling"] >= 0.5)
    attempt("G6", lora_row, "G6", Base(fitting(S8)), "bf16", size, False, **bar)


def g6_full():
    size = (2, 12) if SMALL else (8, 1024)
    for is_narrow in (False, True):
        attempt("G6", full_row, TINY if SMALL else S1, size, is_narrow)


def full_peer(base, ids, first, make_optimizer):
    """All of it in bf16, which is less to move than our gradients and moments in f32."""
    leaf = lambda each: torch.nn.Parameter(each.to(BF16).clone())
    layers = [{name: leaf(each) for name, each in base.linears.items()} | {"norm1": leaf(base.norm), "norm2": leaf(base.norm)} for _ in range(base.shape.layers)]
    peer = TorchLlama(base.shape, layers, leaf(base.head), leaf(base.head), leaf(base.norm), base.inv_freq)
    optimizer = make_optimizer([each for layer in layers for each in layer.values()] + [peer.embedding, peer.head, peer.norm])

    def run():
        optimizer.zero_grad(set_to_none=True)
        peer.head.grad = torch.zeros_like(peer.head)
        first.setdefault("peer", peer.train(ids, peer.head.grad))
        optimizer.step()

    return run


def full_hf(base, ids, first, make_optimizer):
    model = hf.model_of(base, "bf16").train()
    for parameter in model.parameters():
        parameter.requires_grad_()
    return hf.train_step(model, make_optimizer(list(model.parameters())), ids, first)


def narrow_adamw(parameters):
    import bitsandbytes

    return bitsandbytes.optim.AdamW8bit(parameters, lr=RATE, weight_decay=0.0)


def full_row(shape, size, is_narrow):
    """Ours holds gradients in f32 and rounds updates by chance; moments in f32, or in 8 bits by blocks of 256."""
    base = Base(shape)
    card = {name: hone.put(each) for name, each in (*base.linears.items(), ("head", base.head), ("norm", base.norm))}
    ids = drawn_ids(shape, *size)

    def copy(key, part):
        source = key if isinstance(key, str) else key[1]
        name = {"embedding": "head", "norm1": "norm", "norm2": "norm"}.get(source, source)
        hone.invoke("tensorCopy", src=card[name], dst=part)

    def make():
        full = Full(shape, copy, is_narrow)

        def update(number):
            for trained in (full.matrices, full.norms):
                step(trained, number, RATE)

        return Llama(shape, full.weights(shape, hone.put(base.inv_freq)), full=full), full.clear, update

    ours = Ours(ids, make)
    has_narrow = is_narrow and hf.has_bitsandbytes() and DEVICE == "cuda"
    optimizer = narrow_adamw if has_narrow else adamw
    means = "bitsandbytes AdamW8bit" if has_narrow else "fused AdamW in bf16" + (", for want of bitsandbytes" if is_narrow else "")
    share = ("TFLOP/s", trained_flop(shape, *size, 6) / 1e12)
    name = f"full fine-tuning, AdamW {'8-bit' if is_narrow else 'f32'}, {named(shape)}, {size[0]} x {size[1]}"
    for peer_name, build in ((f"torch, all in bf16, {means}", full_peer), (f"{hf.NAME}, {means}", full_hf)):
        if is_narrow and build is full_hf and not has_narrow:
            continue
        ours.first.pop("peer", None)
        compare("G6", name, ours.step, Later(lambda: build(base, ids, ours.first, optimizer)), size[0] * size[1], "token/s", peer_name, ours.gate, LOSS,
                "ratio >= 1.2, >= 50 % of the matrix rate", lambda line: line["ratio"] >= 1.2 and line["of_ceiling"] >= 0.5, share, turns=4, let_go=ours.let_go)
