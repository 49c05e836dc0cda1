"""Rows of decoding: G8 by batch and context, G10 with many adapters among the rows."""
import torch

import hf
import hone
from base import LINEARS, RANK, SCALE, Base, fitting, named
from decoder import PAGE, Decoder, Slots
from llama import S8
from measure import BF16, DEVICE, SMALL, Later, attempt, compare, error, forget, graphed, normal, skip

# Logits of two roundings to bf16 after 32 layers; two layers differ by 1.4e-2 on the emulated card, unrelated logits by 1.4.
LOGITS = 0.1
WEIGHT_BYTES = {"bf16": 2, "nf4": 4.127 / 8}


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


def graph_peer(peer, content, ids, results):
    """Plain torch over a static cache as one CUDA graph."""
    caches = [(content.clone(), content.clone()) for _ in range(peer.shape.layers)]
    context = content.shape[2]

    def body():
        results["logits"] = peer.decode(ids, caches, context - 1)
        results["tokens"] = results["logits"].argmax(1)

    def eager():
        with torch.no_grad():
            body()

    replay = graphed(body) if DEVICE == "cuda" else eager

    def run():
        replay()
        return results["tokens"].tolist()

    return run


def decode_bytes(shape, weight_format, batch, context):
    """Weights once, and the keys and values of all sequences."""
    return WEIGHT_BYTES[weight_format] * shape.linear_weights + 2 * shape.words * shape.d + batch * context * row_bytes(shape)


def row_bytes(shape):
    """Keys and values of a position."""
    return 4 * shape.layers * shape.groups * shape.head


def decode_row(base, weights, weight_format, peers, batch, context):
    """A step whose row is the last of `context`. Both attend to all of it; ours by graph and reads the tokens, as torch does."""
    shape, blocks = base.shape, context // PAGE
    decoder = Decoder(shape, weights, batch, blocks)
    content = normal(batch, shape.groups, context, shape.head)
    fill_pages(decoder, content, blocks)
    ids = torch.randint(0, shape.words, (batch,), device=DEVICE)
    plan, logits = decoder.record(batch)
    numbers = decoder.numbers([(id, at, context - 1, -1) for at, id in enumerate(ids.tolist())])
    plan.run(numbers, batch)
    results = {}
    floor = {"bf16": 0.60, "nf4": 0.45}[weight_format]
    bar = dict(bar=f">= {floor:.0%} of the measured copy", passes=lambda line: line["of_ceiling"] >= floor) if batch == 1 else {}
    share = ("GB/s", decode_bytes(shape, weight_format, batch, context) / 1e9)
    for peer_name, build in peers.items():
        results.clear()
        compare("G8", f"decode {weight_format}, {named(shape)}, batch {batch}, context {context}", lambda: plan.run(numbers, batch),
                Later(lambda: build(content, ids, results)), batch, "token/s", peer_name,
                lambda: error(logits, results["logits"]) if results else None, LOGITS, share=share, **bar)
        forget()


def g8(batches=(1, 8, 64, 256), contexts=(1024, 4096)):
    base = Base(fitting(S8))
    torch_model, hf_model = base.in_torch("bf16"), hf.model_of(base, "bf16").eval()
    peers = {"torch bf16, static cache, CUDA graph": lambda *given: graph_peer(torch_model, *given),
             f"{hf.NAME} bf16, the step of generate over a static cache": lambda *given: hf.static_step(hf_model, *given)}
    room = torch.cuda.get_device_properties(0).total_memory if DEVICE == "cuda" else 1 << 40
    for weight_format in ("nf4", "bf16"):
        weights = base.on_card(weight_format)
        for context in (2 * PAGE,) if SMALL else contexts:
            for batch in (1, 3) if SMALL else batches:
                # Beside both models of torch, and the peer's cache beside ours where there is room for it.
                if decode_bytes(base.shape, weight_format, batch, context) + 36e9 > room:
                    skip("G8", f"decode {weight_format}, {named(base.shape)}, batch {batch}, context {context}", "its keys and values do not fit the card")
                    continue
                attempt("G8", decode_row, base, weights, weight_format, peers, batch, context)
        del weights
        forget()


def g8_compiled():
    """The peer's forward by torch.compile with graphs, as generate compiles it over a static cache."""
    base = Base(fitting(S8))
    model = hf.model_of(base, "bf16").eval()
    model.forward = torch.compile(model.forward, mode="reduce-overhead", fullgraph=True)
    peers = {f"{hf.NAME} bf16, static cache, torch.compile": lambda *given: hf.static_step(model, *given)}
    attempt("G8", decode_row, base, base.on_card("bf16"), "bf16", peers, 1, 2 * PAGE if SMALL else 1024)


def g10():
    """Against our own decoding without adapters, in turns: what `count` adapters among the rows cost."""
    base = Base(fitting(S8))
    shape, batch, context = base.shape, *((4, 2 * PAGE) if SMALL else (32, 1024))
    weights, blocks, most = base.on_card("bf16"), context // PAGE, batch
    drawn = {name: (hone.put(normal(most, RANK, shape.linear(name)[1], spread=0.02)), hone.put(normal(most, shape.linear(name)[0], RANK, spread=0.02)))
             for name in LINEARS}
    slots = Slots(shape, [SCALE] * most, lambda _, name: drawn[name])
    plain, with_slots = Decoder(shape, weights, batch, blocks), Decoder(shape, weights, batch, blocks, slots)
    content = normal(batch, shape.groups, context, shape.head)
    for decoder in (plain, with_slots):
        fill_pages(decoder, content, blocks)
    (own, own_logits), (plan, logits) = plain.record(batch), with_slots.record(batch)
    ids = torch.randint(0, shape.words, (batch,)).tolist()
    numbers = lambda slot_of: plain.numbers([(id, at, context - 1, slot_of(at)) for at, id in enumerate(ids)])
    adapter_bytes = 2 * RANK * shape.layers * sum(sum(shape.linear(name)) for name in LINEARS)
    base_bytes = decode_bytes(shape, "bf16", batch, context)
    without = numbers(lambda at: -1)
    own.run(without, batch)
    for count in (0, 1, 4) if SMALL else (0, 1, 8, 32):
        given = numbers(lambda at: at % count if count else -1)
        plan.run(given, batch)
        # Without adapters the bits are those of a graph that knows none; with them something must have changed.
        gate = (lambda: error(logits, own_logits)) if count == 0 else (lambda: 0.0 if error(logits, own_logits) > 1e-3 else 1.0)
        allowed = 1 + count * adapter_bytes / base_bytes + (0.08 if count else 0.01)
        compare("G10", f"decode with {count} adapters r{RANK} among {batch} rows, context {context}", lambda: plan.run(given, batch), lambda: own.run(without, batch), batch,
                "token/s", "ours without adapters", gate, 0, f"ratio >= {1 / allowed:.3f}", lambda line: line["ratio"] >= 1 / allowed)
