"""Rows of whole models of random weights: G5 QLoRA, G6 LoRA and full fine-tuning, G8 decoding, G10 many adapters.

All layers have the values of one, in memory of their own, since making and sending 16 GB would take longer than the measurement. The values
are those that NF4 codes stand for, so that both forms of the base compute the same.
"""
from dataclasses import replace

import torch

import hone
import nf4
from decoder import PAGE, Decoder, Slots
from llama import LINEARS, S1, S8, Adapter, Batch, Full, Llama, Shape, Weights, step
from measure import BF16, DEVICE, F32, SMALL, attempt, compare, error, forget, graphed, normal
from peer import Nf4Weight, PlainWeight, TorchLlama

TINY = Shape(64, 2, 4, 2, 16, 128, 256)
RANK, SCALE, RATE = 16, 2.0, 1e-4
# Logits of two roundings to bf16 after 32 layers; two layers differ by 1.4e-2 on the emulated card, unrelated logits by 1.4.
LOGITS = 0.1


def fitting(shape):
    """All layers where the card holds them twice beside the activations of both sides; else a quarter."""
    if SMALL:
        return TINY
    return shape if torch.cuda.get_device_properties(0).total_memory > 120e9 else replace(shape, layers=shape.layers // 4)


class Base:
    """The drawn values of one layer and of the head, for both sides."""

    def __init__(self, shape):
        self.shape = shape
        self.linears = {}
        for name in LINEARS:
            n, k = shape.linear(name)
            drawn = normal(n, k, spread=k**-0.5)
            self.linears[name] = nf4.dequantize(*nf4.quantize(drawn), drawn.shape).to(BF16)
        self.head = normal(shape.words, shape.d, spread=shape.d**-0.5)
        self.norm = normal(shape.d, dtype=F32, spread=0.1) + 1
        self.inv_freq = 500000.0 ** (-torch.arange(0, shape.head, 2) / shape.head)

    def on_card(self, weight_format):
        sources = {name: hone.put(each) for name, each in self.linears.items()}
        form = (lambda each: hone.pack(each, "nf4")) if weight_format == "nf4" else hone.clone
        head, norm = hone.put(self.head), hone.put(self.norm)
        layers = [{name: form(each) for name, each in sources.items()} | {"norm1": norm, "norm2": norm} for _ in range(self.shape.layers)]
        return Weights(layers, head, head, norm, hone.put(self.inv_freq))

    def in_torch(self, weight_format, adapter=None, recompute=False):
        form = Nf4Weight if weight_format == "nf4" else lambda each: PlainWeight(each.clone())
        norm = self.norm.to(BF16)
        layers = [{name: form(each) for name, each in self.linears.items()} | {"norm1": norm, "norm2": norm} for _ in range(self.shape.layers)]
        for number, layer in enumerate(layers if adapter else []):
            layer["adapter"] = {name: adapter[number, name] for name in LINEARS}
        return TorchLlama(self.shape, layers, self.head, self.head, norm, self.inv_freq, SCALE, recompute)


def adapters(shape):
    """The same random adapter for both: ours, and parameters of torch by (layer, name)."""
    theirs = {}
    for layer in range(shape.layers):
        for name in LINEARS:
            n, k = shape.linear(name)
            theirs[layer, name] = tuple(torch.nn.Parameter(normal(*size, dtype=F32, spread=spread))
                                        for size, spread in (((RANK, k), k**-0.5), ((n, RANK), 0.02)))
    return Adapter(shape, RANK, SCALE, lambda key, _: theirs[key[:2]][key[2] == "b"]), theirs


def drawn_ids(shape, batch, length):
    return torch.randint(0, shape.words, (batch, length), device=DEVICE)


def lora_row(row, base, weight_format, batch, length, recompute, bar, passes, compiled=False):
    shape = base.shape
    ours, theirs = adapters(shape)
    model = Llama(shape, base.on_card(weight_format), ours, recompute=recompute)
    peer = base.in_torch(weight_format, theirs, recompute)
    if compiled:
        peer.run_layer = torch.compile(peer.run_layer)
    parameters = [each for pair in theirs.values() for each in pair]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.0, fused=DEVICE == "cuda")
    ids, numbers, first = drawn_ids(shape, batch, length), [0], {}
    packed = Batch(ids.tolist())

    def our_step():
        numbers[0] += 1
        ours.clear()
        logp = model.gradients(packed)
        first.setdefault("ours", logp)
        step(ours, numbers[0], RATE)

    def peer_step():
        optimizer.zero_grad(set_to_none=True)
        loss = peer.train(ids)
        first.setdefault("peer", loss)
        optimizer.step()

    def gate():
        """How far the loss of the first step lies from torch's, as a share of it."""
        logp = first["ours"].read()[packed.targets.read() >= 0]
        return abs(-logp.mean().item() / first["peer"].item() - 1)

    # Forward and the gradient of the input; the weights get none.
    tokens = batch * length
    flop = 4 * tokens * (shape.linear_weights + shape.words * shape.d) + 3.5 * 2 * tokens * length * shape.heads * shape.head * shape.layers
    recipe = f"torch: dequantise ({Nf4Weight.way}), mm, addmm" if weight_format == "nf4" else "torch: mm, addmm"
    name = f"{'QLoRA' if weight_format == 'nf4' else 'LoRA bf16'} r{RANK}, {shape.layers} layers of width {shape.d}, {batch} x {length}"
    compare(row, name + (", layers computed again" if recompute else ""), our_step, peer_step, tokens, "token/s",
            recipe + (", torch.compile" if compiled else ""), gate, 5e-3, bar, passes, ("TFLOP/s", flop / 1e12), turns=4)


def g5():
    base = Base(fitting(S8))
    bar = dict(bar="ratio >= 1.3, >= 12,000 token/s", passes=lambda line: line["ratio"] >= 1.3 and line["ours"] >= 12e3)
    for batch, length in ((2, 12),) if SMALL else ((8, 1024), (2, 4096)):
        attempt("G5", lora_row, "G5", base, "nf4", batch, length, False, **bar)


def g5_long():
    """32k tokens of one sequence, which neither side holds without computing layers again."""
    size = (1, 24) if SMALL else (1, 32768)
    lora_row("G5", Base(fitting(S8)), "nf4", *size, True, "ratio >= 1.3", lambda line: line["ratio"] >= 1.3)


def g5_compiled():
    base = Base(fitting(S8))
    lora_row("G5", base, "nf4", *((2, 12) if SMALL else (8, 1024)), False, "ratio >= 1.3", lambda line: line["ratio"] >= 1.3, compiled=True)


def g6():
    size = (2, 12) if SMALL else (8, 1024)
    attempt("G6", lora_row, "G6", Base(fitting(S8)), "bf16", *size, False, "ratio >= 1.2", lambda line: line["ratio"] >= 1.2)
    attempt("G6", full_row, TINY if SMALL else S1, *size)


def full_row(shape, batch, length):
    """Ours holds gradients and moments in f32 and rounds updates by chance; torch holds all in bf16, which is less to move."""
    base = Base(shape)
    card = {name: hone.put(each) for name, each in (*base.linears.items(), ("head", base.head), ("norm", base.norm))}

    def copy(key, part):
        source = key if isinstance(key, str) else key[1]
        name = {"embedding": "head", "norm1": "norm", "norm2": "norm"}.get(source, source)
        hone.invoke("tensorCopy", src=card[name], dst=part)

    full = Full(shape, copy)
    model = Llama(shape, full.weights(shape, hone.put(base.inv_freq)), full=full)
    leaf = lambda each: torch.nn.Parameter(each.to(BF16).clone())
    layers = [{name: leaf(each) for name, each in base.linears.items()} | {"norm1": leaf(base.norm), "norm2": leaf(base.norm)} for _ in range(shape.layers)]
    peer = TorchLlama(shape, layers, leaf(base.head), leaf(base.head), leaf(base.norm), base.inv_freq)
    parameters = [each for layer in layers for each in layer.values()] + [peer.embedding, peer.head, peer.norm]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.0, fused=DEVICE == "cuda")
    ids, number, first = drawn_ids(shape, batch, length), [0], {}
    packed = Batch(ids.tolist())

    def our_step():
        number[0] += 1
        full.clear()
        first.setdefault("ours", model.gradients(packed))
        for trained in (full.matrices, full.norms):
            step(trained, number[0], RATE)

    def peer_step():
        optimizer.zero_grad(set_to_none=True)
        peer.head.grad = torch.zeros_like(peer.head)
        first.setdefault("peer", peer.train(ids, peer.head.grad))
        optimizer.step()

    def gate():
        logp = first["ours"].read()[packed.targets.read() >= 0]
        return abs(-logp.mean().item() / first["peer"].item() - 1)

    tokens = batch * length
    flop = 6 * tokens * (shape.linear_weights + shape.words * shape.d) + 3.5 * 2 * tokens * length * shape.heads * shape.head * shape.layers
    compare("G6", f"full fine-tuning, {shape.layers} layers of width {shape.d}, {batch} x {length}", our_step, peer_step, tokens, "token/s", "torch, all in bf16, fused AdamW",
            gate, 5e-3, "ratio >= 1.2, >= 50 % of the matrix rate", lambda line: line["ratio"] >= 1.2 and line["of_ceiling"] >= 0.5,
            ("TFLOP/s", flop / 1e12), turns=4)


def fill_pages(decoder, content, blocks):
    """Random keys and values [B,KV,ctx,D] in the pages of every layer."""
    batch, groups, length, width = content.shape
    parts = content.view(batch, groups, blocks, PAGE, width).permute(0, 2, 1, 3, 4).reshape(-1, groups, PAGE, width)
    paged = torch.empty_like(parts)
    paged[decoder.places.flatten().to(DEVICE)] = parts
    source = hone.put(paged)
    for caches in decoder.caches:
        for cache in caches:
            hone.invoke("tensorCopy", src=source, dst=cache)


def decode_row(base, weights, weight_format, peer, batch, context):
    """A step whose row is the last of `context`. Both attend to all of it; ours by graph and reads the tokens, as torch does."""
    shape, blocks = base.shape, context // PAGE
    decoder = Decoder(shape, weights, batch, blocks)
    content = normal(batch, shape.groups, context, shape.head)
    fill_pages(decoder, content, blocks)
    ids = torch.randint(0, shape.words, (batch,), device=DEVICE)
    plan, logits = decoder.record(batch)
    numbers = decoder.numbers([(id, at, context - 1, -1) for at, id in enumerate(ids.tolist())])
    plan.run(numbers, batch)
    caches = [(content.clone(), content.clone()) for _ in range(shape.layers)]
    results = {}

    def body():
        results["logits"] = peer.decode(ids, caches, context - 1)
        results["tokens"] = results["logits"].argmax(1)

    def eager():
        with torch.no_grad():
            body()

    replay = graphed(body) if DEVICE == "cuda" else eager

    def theirs():
        replay()
        return results["tokens"].tolist()

    weight = 4.127 / 8 if weight_format == "nf4" else 2
    moved = weight * shape.linear_weights + 2 * shape.words * shape.d + batch * context * 4 * shape.layers * shape.groups * shape.head
    floor = {"bf16": 0.60, "nf4": 0.45}[weight_format]
    bar = dict(bar=f">= {floor:.0%} of the measured copy", passes=lambda line: line["of_ceiling"] >= floor) if batch == 1 else {}
    compare("G8", f"decode {weight_format}, {shape.layers} layers of width {shape.d}, batch {batch}, context {context}", lambda: plan.run(numbers, batch), theirs,
            batch, "token/s", "torch bf16, static cache, CUDA graph", lambda: error(logits, results["logits"]), LOGITS, share=("GB/s", moved / 1e9), **bar)


def g8():
    base = Base(fitting(S8))
    peer = base.in_torch("bf16")
    for weight_format in ("nf4", "bf16"):
        weights = base.on_card(weight_format)
        for context in (2 * PAGE,) if SMALL else (1024, 4096):
            for batch in (1, 3) if SMALL else (1, 8, 64):
                attempt("G8", decode_row, base, weights, weight_format, peer, batch, context)
        del weights
        forget()


def g10():
    """Against our own decoding without adapters, in turns: what `count` adapters among the rows cost."""
    base = Base(fitting(S8))
    shape, batch, context = base.shape, *((4, 2 * PAGE) if SMALL else (32, 1024))
    weights, blocks, most = base.on_card("bf16"), context // PAGE, batch
    drawn = {name: (hone.put(normal(most, RANK, shape.linear(name)[1], spread=0.02)), hone.put(normal(most, shape.linear(name)[0], RANK, spread=0.02)))
             for name in LINEARS}
    slots = Slots(shape, [SCALE] * most, lambda _, name: tuple(map(hone.clone, drawn[name])))
    plain, with_slots = Decoder(shape, weights, batch, blocks), Decoder(shape, weights, batch, blocks, slots)
    content = normal(batch, shape.groups, context, shape.head)
    for decoder in (plain, with_slots):
        fill_pages(decoder, content, blocks)
    (own, own_logits), (plan, logits) = plain.record(batch), with_slots.record(batch)
    ids = torch.randint(0, shape.words, (batch,)).tolist()
    numbers = lambda slot_of: plain.numbers([(id, at, context - 1, slot_of(at)) for at, id in enumerate(ids)])
    adapter_bytes = 2 * RANK * shape.layers * sum(sum(shape.linear(name)) for name in LINEARS)
    base_bytes = 2 * (shape.linear_weights + shape.words * shape.d) + batch * context * 4 * shape.layers * shape.groups * shape.head
    without = numbers(lambda at: -1)
    own.run(without, batch)
    for count in (0, 1, 4) if SMALL else (0, 1, 8, 32):
        given = numbers(lambda at: at % count if count else -1)
        plan.run(given, batch)
        # Without adapters the bits are those of a graph that knows none; with them something must have changed.
        gate = (lambda: error(logits, own_logits)) if count == 0 else (lambda: 0.0 if error(logits, own_logits) > 1e-3 else 1.0)
        allowed = 1 + count * adapter_bytes / base_bytes + (0.08 if count else 0.01)
        compare("G10", f"decode with {count} adapters r{RANK} among {batch} rows, context {context}", lambda: plan.run(given, batch), lambda: own.run(without, batch), batch,
                "token/s", "ours without adapters", gate, 0, f"time <= {allowed:.2f} of that without", lambda line: 1 / line["ratio"] <= allowed)
