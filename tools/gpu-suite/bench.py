"""Rows G1 to G4 of the harness: `python3 bench.py OUT.json [--small]`. Ours and the peer take turns (A-B-B-A), seven samples each; a
sample is as many calls as take some milliseconds, then one wait. Ceilings are measured first and last. --small proves the code on a
machine without a GPU; its times mean nothing."""
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F

import hone

SMALL = "--small" in sys.argv
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
BF16, F32 = torch.bfloat16, torch.float32
SAMPLES = 3 if SMALL else 7
rows = []


def normal(*shape, dtype=BF16):
    return torch.randn(*shape, device=DEVICE).to(dtype)


def wait():
    hone.synchronise()
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def seconds(call, times):
    wait()
    begin = time.perf_counter()
    for _ in range(times):
        call()
    wait()
    return (time.perf_counter() - begin) / times


def compare(number, name, ours, peer, work, unit, peer_name):
    """`work` is bytes or FLOP of one call; the rate is work a second, in `unit`s of 1e9 or 1e12."""
    calls = [call for call in (ours, peer) if call is not None]
    for call in calls:
        call()
    times = 1 if SMALL else max(1, min(200, int(5e-3 / max(seconds(ours, 3), 1e-6))))
    samples = {call: [] for call in calls}
    for turn in range(SAMPLES):
        for call in calls if turn % 2 == 0 else reversed(calls):
            samples[call].append(seconds(call, times))
    scale = 1e9 if unit == "GB/s" else 1e12
    mine = statistics.median(samples[ours])
    row = {"row": number, "name": name, "ms": mine * 1e3, "rate": work / mine / scale, "unit": unit, "ms_min": min(samples[ours]) * 1e3,
           "ms_max": max(samples[ours]) * 1e3, "peer": peer_name, "peak_bytes": hone.peak_bytes()}
    if peer is not None:
        theirs = statistics.median(samples[peer])
        row |= {"peer_ms": theirs * 1e3, "peer_rate": work / theirs / scale, "ratio": theirs / mine}
    rows.append(row)
    print(f"{number} {name}: {row['rate']:.3g} {unit}" + (f", {peer_name} {row['peer_rate']:.3g}, ratio {row['ratio']:.2f}" if peer else ""), flush=True)


def ceilings():
    count, side = (1 << 16, 64) if SMALL else (1 << 29, 8192)
    source, target = normal(count), torch.empty(count, device=DEVICE, dtype=BF16)
    a, b = normal(side, side), normal(side, side)
    return {"copy_gb_s": 4 * count / min(seconds(lambda: target.copy_(source), 3) for _ in range(3)) / 1e9,
            "bf16_matmul_tflop_s": 2 * side**3 / min(seconds(lambda: a @ b, 5) for _ in range(3)) / 1e12}


def g1():
    count = 1 << 14 if SMALL else 1 << 28
    width, depth = (128, 256) if SMALL else (4096, 14336)
    values, target = normal(count), torch.empty(count, device=DEVICE, dtype=BF16)
    source, copied = hone.put(values), hone.empty((count,))
    compare("G1", "copy", lambda: hone.invoke("tensorCopy", src=source, dst=copied), lambda: target.copy_(values), 4 * count, "GB/s", "torch copy_")
    plain = normal(width, depth, dtype=F32).cpu()
    packed = hone.pack(plain, "nf4")
    # Both allocate their result, which costs the arena no wait; what is read and written is counted.
    compare("G1", f"NF4 to f32 {width}x{depth}", lambda: hone.unpack(packed), None, int(4.516 * width * depth), "GB/s", "none")


def g2():
    width, depth = (96, 128) if SMALL else (14336, 4096)
    w = normal(width, depth)
    held = {"NF4": hone.pack(w.to(F32).cpu(), "nf4"), "bf16": hone.put(w)}
    for m in (1, 4) if SMALL else (1, 4, 16, 64, 256, 8192):
        x = normal(m, depth)
        card_x, y = hone.put(x), hone.empty((m, width))
        for name, weight in held.items():
            compare("G2", f"linear {name} M={m}", lambda: hone.invoke("linearForward", x=card_x, w=weight, y=y), lambda: x @ w.T,
                    2 * m * width * depth, "TFLOP/s", "cuBLAS bf16 (torch)")


def g3():
    heads, groups, width = (4, 2, 64) if SMALL else (32, 8, 128)
    for length in (64,) if SMALL else (2048, 8192, 32768):
        q, k, v, do = (normal(length, each, width) for each in (heads, groups, groups, heads))
        peers = [each.transpose(0, 1)[None].contiguous().requires_grad_() for each in (q, k, v)]
        sdpa = lambda: F.scaled_dot_product_attention(*peers, is_causal=True, enable_gqa=True)
        card = dict(zip("qkv", (hone.put(each) for each in (q, k, v))))
        ends = hone.put(torch.tensor([0, length], dtype=torch.int32))
        o, lse = hone.empty(q.shape), hone.empty((length, heads), F32)
        shared = dict(card, cuSeqlens=ends, o=o, lse=lse, scale=width**-0.5, rounded=1)
        flop = 2 * length * length * heads * width  # Causal: half of the two products of T x T x D.
        with torch.no_grad():
            compare("G3", f"attention forward T={length}", lambda: hone.invoke("attentionForward", **shared), sdpa, flop, "TFLOP/s", "torch SDPA")
        gradients = dict(zip(("dq", "dk", "dv"), (hone.empty(each.shape) for each in (q, k, v))))
        card_do, peer_do, out = hone.put(do), do.transpose(0, 1)[None].contiguous(), sdpa()
        compare("G3", f"attention backward T={length}", lambda: hone.invoke("attentionBackward", do=card_do, **gradients, **shared),
                lambda: torch.autograd.grad(out, peers, peer_do, retain_graph=True), int(2.5 * flop), "TFLOP/s", "torch SDPA")


def g4():
    words, width = (512, 64) if SMALL else (128256, 4096)
    w = normal(words, width) * width**-0.5
    card_w = hone.put(w)
    for count in (32,) if SMALL else (4096, 8192, 16384):
        h = normal(count, width)
        targets = torch.randint(0, words, (count,), device=DEVICE, dtype=torch.int32)
        card_h, card_targets, dlogp = hone.put(h), hone.put(targets), hone.put(torch.full((count,), -1 / count))
        logp, lse, dh = hone.empty((count,), F32), hone.empty((count,), F32), hone.empty(h.shape)

        def ours():
            hone.invoke("tokenLogProbsForward", h=card_h, w=card_w, targets=card_targets, logp=logp, lse=lse)
            hone.invoke("tokenLogProbsBackward", dlogp=dlogp, h=card_h, w=card_w, targets=card_targets, lse=lse, dh=dh)

        def peer():
            for begin in range(0, count, 1024):
                part = h[begin : begin + 1024].detach().requires_grad_()
                F.cross_entropy((part @ w.T).float(), targets[begin : begin + 1024].long(), reduction="sum").backward()

        # Forward product, its repetition and the gradient's; the head is frozen. Torch keeps the logits, so it needs one less.
        compare("G4", f"linear + cross-entropy, {count} tokens", ours, peer, 4 * count * words * width, "TFLOP/s", "torch in chunks of 1024")


if __name__ == "__main__":
    facts = hone.start()
    torch.manual_seed(1)
    measured = {"card": facts, "torch": torch.__version__, "is_small": SMALL, "ceilings_before": ceilings()}
    for section in (g1, g2, g3, g4):
        try:
            section()
        except (RuntimeError, torch.OutOfMemoryError) as error:
            rows.append({"row": section.__name__.upper(), "name": "failed", "error": str(error).splitlines()[0]})
            print(f"BAD  {section.__name__}: {error}", flush=True)
    measured |= {"ceilings_after": ceilings(), "rows": rows}
    with open(sys.argv[1], "w") as file:
        json.dump(measured, file, indent=1)
    sys.exit(1 if any("error" in row for row in rows) else 0)
