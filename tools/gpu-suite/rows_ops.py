"""Rows of single ops: G2 linears, G3 attention, G4 head and log-probabilities, G11 sampling."""
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

import hone
from measure import BF16, DEVICE, F32, I32, SMALL, attempt, compare, error, forget, graphed, normal, planned, seconds

NF4_BYTES = 4.127 / 8  # Of a weight: its code, its share of the scale and of the scale's scale.


def linear_bar(m, name):
    if name == "NF4" and m <= 16:
        return dict(bar="ratio >= 2.0", passes=lambda line: line["ratio"] >= 2.0)
    if name == "NF4" and m == 8192:
        return dict(bar="ratio >= 1 / 1.06", passes=lambda line: line["ratio"] >= 1 / 1.06)
    return {}


def g2():
    """Several weights in turn, so that none waits in the cache, as one graph: a call takes less than it takes to ask for it."""
    width, depth = (96, 128) if SMALL else (14336, 4096)
    turns = {"NF4": 2 if SMALL else 8, "bf16": 2}
    plain = [normal(width, depth, spread=depth**-0.5) for _ in range(2)]
    on_card = [hone.put(each) for each in plain]
    held = {"NF4": [hone.pack(on_card[at % 2], "nf4") for at in range(turns["NF4"])], "bf16": on_card}
    values = {"NF4": hone.unpack(held["NF4"][0]).read().to(DEVICE), "bf16": plain[0].to(F32)}
    for m in (1, 4) if SMALL else (1, 4, 16, 64, 256, 8192):
        x, y = normal(m, depth), hone.empty((m, width))
        card_x, result = hone.put(x), torch.empty(m, width, device=DEVICE, dtype=BF16)
        for name, weights in held.items():
            both = range(turns["NF4"])
            ours = planned([("linearForward", dict(x=card_x, w=weights[(at + 1) % len(weights)], y=y)) for at in both])
            peer = graphed(lambda: [torch.mm(x, plain[(at + 1) % 2].T, out=result) for at in both])
            flop = 2 * m * width * depth * len(both)
            bytes_once = (NF4_BYTES if name == "NF4" else 2) * width * depth + 2 * m * (width + depth)
            share = ("GB/s", bytes_once * len(both) / 1e9) if m <= 64 else None
            compare("G2", f"{name} {width} x {depth}, M {m}", ours, peer, flop, "TFLOP/s", "torch bf16 (cuBLAS)",
                    lambda: error(y, x.to(F32) @ values[name].T), share=share, **linear_bar(m, name))


def best_backend(run):
    """The quickest of torch's kernels of attention for this shape, and its name."""
    found = []
    for backend in (SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH):
        # The plain one holds the whole square of scores: only where there is nothing else.
        if backend == SDPBackend.MATH and (found or DEVICE == "cuda"):
            continue
        try:
            with sdpa_kernel(backend):
                run()
                found.append((min(seconds(run, 2) for _ in range(2)), backend))
        except RuntimeError:
            continue
    return min(found, key=lambda each: each[0])[1]


def g3():
    heads, groups, width = (4, 2, 64) if SMALL else (32, 8, 128)
    for batch, length in ((2, 24),) if SMALL else ((1, 2048), (1, 8192), (1, 32768), (8, 1024)):
        attempt("G3", attention, batch, length, heads, groups, width)


def attention(batch, length, heads, groups, width):
    q, k, v, do = (normal(batch, each, length, width) for each in (heads, groups, groups, heads))
    leaves = [each.requires_grad_() for each in (q, k, v)]
    sdpa = lambda: F.scaled_dot_product_attention(*leaves, is_causal=True, enable_gqa=True)
    backend = best_backend(sdpa)
    packed = lambda each: each.detach().transpose(1, 2).reshape(batch * length, -1, width)
    card = {name: hone.put(packed(each)) for name, each in zip("qkv", leaves)}
    ends = hone.put(torch.arange(0, batch * length + 1, length, dtype=I32))
    o, lse = hone.empty(card["q"].shape), hone.empty((batch * length, heads), F32)
    shared = dict(card, cuSeqlens=ends, o=o, lse=lse, scale=width**-0.5, rounded=1)
    flop, name = 2 * batch * length * length * heads * width, f"{batch} x {length}, {heads}/{groups} heads of {width}, causal"
    peer_name = f"torch SDPA, {backend.name.lower()}"
    with torch.no_grad(), sdpa_kernel(backend):
        compare("G3", f"attention forward {name}", lambda: hone.invoke("attentionForward", **shared), sdpa, flop, "TFLOP/s", peer_name,
                lambda: error(o, packed(sdpa())), bar="ratio >= 1.0", passes=lambda line: line["ratio"] >= 1)
    gradients = {name: hone.empty(each.shape) for name, each in zip(("dq", "dk", "dv"), card.values())}
    card_do = hone.put(packed(do))
    with sdpa_kernel(backend):
        result = sdpa()
        backward = lambda: torch.autograd.grad(result, leaves, do, retain_graph=True)
        gate = lambda: max(error(mine, packed(theirs)) for mine, theirs in zip(gradients.values(), backward()))
        compare("G3", f"attention backward {name}", lambda: hone.invoke("attentionBackward", do=card_do, **gradients, **shared), backward,
                int(2.5 * flop), "TFLOP/s", peer_name, gate, 2e-2, bar="ratio >= 0.9", passes=lambda line: line["ratio"] >= 0.9)


def torch_head(h, w, targets, chunk, dw=None):
    """Log-probabilities and the gradient of their negative mean, in chunks, without autograd: the quickest way of plain torch."""
    logp, dh, scale = torch.empty(len(h), device=DEVICE), torch.empty_like(h), 1 / len(h)
    for begin in range(0, len(h), chunk):
        part = slice(begin, begin + chunk)
        logits = (h[part] @ w.T).float()
        lse = logits.logsumexp(1, keepdim=True)
        chosen = targets[part, None]
        logp[part] = (logits.gather(1, chosen) - lse)[:, 0]
        g = (logits - lse).exp_().scatter_add_(1, chosen, torch.full_like(lse, -1.0)).mul_(scale).to(BF16)
        torch.mm(g, w, out=dh[part])
        if dw is not None:
            dw.add_(g.T @ h[part])
    return logp, dh


def g4():
    words, width = (512, 64) if SMALL else (128256, 4096)
    w = normal(words, width, spread=width**-0.5)
    card_w = hone.put(w)
    cases = ((32, False), (32, True)) if SMALL else ((4096, False), (8192, False), (16384, False), (8192, True))
    for count, is_trained in cases:
        h, targets = normal(count, width), torch.randint(0, words, (count,), device=DEVICE)
        card = dict(h=hone.put(h), w=card_w, targets=hone.put(targets.to(I32)), lse=hone.empty((count,), F32))
        dlogp, logp, dh = hone.put(torch.full((count,), -1 / count)), hone.empty((count,), F32), hone.empty(h.shape)
        dw = hone.zeros((words, width)) if is_trained else 0
        theirs = torch.zeros(words, width, device=DEVICE) if is_trained else None

        def ours():
            hone.invoke("tokenLogProbsForward", logp=logp, **card)
            hone.invoke("tokenLogProbsBackward", dlogp=dlogp, dh=dh, dw=dw, **card)

        def gate():
            wanted = torch_head(h, w, targets, 2048)
            return max(error(logp, wanted[0]), error(dh, wanted[1]) / 2)

        # The products that must be made; to make the logits again on the way back is ours to pay.
        flop = (3 if is_trained else 2) * 2 * count * words * width
        compare("G4", f"head and log-probabilities, {count} tokens, head {'trained' if is_trained else 'frozen'}", ours,
                lambda: torch_head(h, w, targets, 2048, theirs), flop, "TFLOP/s", "torch in chunks of 2048", gate,
                bar=">= 85 % of the matrix rate", passes=lambda line: line["of_ceiling"] >= 0.85)
        del dw, theirs
        forget()


def torch_sample(logits, temperature, top_k, top_p):
    """Sorts, cuts and draws, row by row the same settings."""
    values, order = (logits / temperature).sort(dim=1, descending=True)
    probabilities = values.softmax(1)
    probabilities[:, top_k:] = 0
    probabilities /= probabilities.sum(1, keepdim=True)
    probabilities[probabilities.cumsum(1) - probabilities > top_p] = 0
    return order.gather(1, torch.multinomial(probabilities, 1))[:, 0]


def g11():
    rows, words = (4, 512) if SMALL else (256, 128256)
    logits = normal(rows, words, dtype=F32, spread=3.0)
    card, tokens = hone.put(logits), hone.empty((rows,), I32)
    column = lambda value, dtype: hone.put(torch.full((rows,), value, dtype=dtype))
    for name, temperature, top_k, top_p in (("greedy", 0.0, 0, 1.0), ("top-k 50, top-p 0.9", 0.8, 50, 0.9)):
        call = dict(logits=card, temperature=column(temperature, F32), topK=column(top_k, I32), topP=column(top_p, F32), minP=column(0.0, F32),
                    seeds=hone.put(torch.arange(2 * rows, dtype=I32).view(rows, 2)), counters=column(3, I32), tokens=tokens)
        ranked = logits.sort(dim=1, descending=True).indices

        def gate():
            """The share of rows whose token is none of those that may be drawn."""
            place = (ranked == tokens.read().to(DEVICE)[:, None]).int().argmax(1)
            return (place >= max(1, top_k)).float().mean().item()

        peer = (lambda: logits.argmax(1)) if temperature == 0 else (lambda: torch_sample(logits, temperature, top_k, top_p))
        # A step of 256 sequences of 1k tokens moves 15 GB of weights and 34 GB of keys and values: 3 % of it at the copy rate.
        step = 49e9
        compare("G11", f"{name}, {rows} x {words}", planned([("sample", call)]), peer, 4 * rows * words, "GB/s",
                "torch argmax" if temperature == 0 else "torch sort", gate, 0, bar="<= 3 % of the bytes of a decode step",
                passes=lambda line: line["of_ceiling"] >= 4 * rows * words / (0.03 * step))
