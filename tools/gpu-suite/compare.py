"""Ops of the card against torch: `python3 compare.py forward|backward`. One line a comparison; exit code 1 when one is off."""
import sys

import torch
import torch.nn.functional as F

import hone

BF16, F32 = torch.bfloat16, torch.float32
# Of outputs in bf16 after sums in f32: two roundings to 8 bits, against the largest magnitude's share.
TOLERANCE = 2e-2
failures = 0


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(BF16)


def expect(name, actual, expected):
    """|a - b| / (|b| + rms(b)), the measure of the op tests."""
    global failures
    actual, expected = actual.read().to(F32).flatten(), expected.detach().cpu().to(F32).flatten()
    error = ((actual - expected).abs() / (expected.abs() + expected.pow(2).mean().sqrt())).max().item()
    is_right = error <= TOLERANCE
    failures += not is_right
    print(f"{'ok  ' if is_right else 'BAD '} {name:40s} {error:.2e}", flush=True)


def leaf(values):
    return values.to(F32).requires_grad_()


def linears(backward):
    for rows, width, depth, weight_format in ((1, 192, 256, "nf4"), (33, 65, 128, "nf4"), (7, 48, 64, "int8"), (64, 128, 192, "packed-bf16")):
        x, w, dy = normal(rows, depth, seed=1), normal(width, depth, seed=2).to(F32), normal(rows, width, seed=3)
        weight, y, dx = hone.pack(w, weight_format), hone.empty((rows, width)), hone.empty((rows, depth))
        held = hone.unpack(weight).read()
        name = f"{weight_format} [{rows},{depth}] x [{width},{depth}]"
        if backward:
            hone.invoke("linearBackwardInput", dy=hone.put(dy), w=weight, dx=dx)
            expect(f"linear dx {name}", dx, dy.to(F32) @ held)
        else:
            hone.invoke("linearForward", x=hone.put(x), w=weight, y=y)
            expect(f"linear {name}", y, x.to(F32) @ held.T)


def adapters(backward):
    rows, width, depth, rank = 40, 96, 64, 8
    x, y, a, b, dy = normal(rows, depth, seed=1), normal(rows, width, seed=2), leaf(normal(rank, depth, seed=3)), leaf(normal(width, rank, seed=4)), normal(rows, width, seed=5)
    leaf_x = leaf(x)
    (y + 0.5 * leaf_x @ a.T @ b.T).backward(dy.to(F32))
    xa = hone.put((x.to(F32) @ a.detach().T).to(BF16))
    if backward:
        dx, da, db = hone.zeros((rows, depth), BF16), hone.zeros((rank, depth)), hone.zeros((width, rank))
        hone.invoke("loraBackward", dy=hone.put(dy), x=hone.put(x), a=hone.put(a), b=hone.put(b), xa=xa, scale=0.5, dx=dx, da=da, db=db)
        for name, actual, expected in (("dx", dx, leaf_x.grad), ("da", da, a.grad), ("db", db, b.grad)):
            expect(f"lora {name}", actual, expected)
    else:
        out = hone.put(y)
        hone.invoke("loraForward", x=hone.put(x), a=hone.put(a), b=hone.put(b), scale=0.5, y=out, xa=hone.empty((rows, rank)))
        expect("lora", out, y.to(F32) + 0.5 * x.to(F32) @ a.T @ b.T)


def norms(backward):
    x, weight, dy = normal(17, 320, seed=1), normal(320, seed=2).to(F32), normal(17, 320, seed=3)
    leaf_x, leaf_w = leaf(x), leaf(weight)
    expected = F.rms_norm(leaf_x, (320,), leaf_w, 1e-5)
    expected.backward(dy.to(F32))
    y, rstd, dx, dw = hone.empty(x.shape), hone.empty((17,), F32), hone.empty(x.shape), hone.zeros((320,))
    card_x, card_w = hone.put(x), hone.put(weight)
    hone.invoke("rmsNormForward", x=card_x, weight=card_w, y=y, rstd=rstd, eps=1e-5)
    if not backward:
        return expect("rms norm", y, expected)
    hone.invoke("rmsNormBackward", dy=hone.put(dy), x=card_x, weight=card_w, rstd=rstd, dx=dx, dweight=dw)
    expect("rms norm dx", dx, leaf_x.grad)
    expect("rms norm dweight", dw, leaf_w.grad)


def gates(backward):
    gate, up, dy = (normal(9, 200, seed=seed) for seed in (1, 2, 3))
    leaf_gate, leaf_up = leaf(gate), leaf(up)
    expected = F.silu(leaf_gate) * leaf_up
    expected.backward(dy.to(F32))
    y, dgate, dup = (hone.empty(gate.shape) for _ in range(3))
    if not backward:
        hone.invoke("swigluForward", gate=hone.put(gate), up=hone.put(up), y=y)
        return expect("swiglu", y, expected)
    hone.invoke("swigluBackward", dy=hone.put(dy), gate=hone.put(gate), up=hone.put(up), dgate=dgate, dup=dup)
    expect("swiglu dgate", dgate, leaf_gate.grad)
    expect("swiglu dup", dup, leaf_up.grad)


def attentions(backward):
    for length, heads, groups, width in ((65, 4, 2, 64), (40, 2, 1, 128)):
        q, do = normal(length, heads, width, seed=1), normal(length, heads, width, seed=4)
        k, v = normal(length, groups, width, seed=2), normal(length, groups, width, seed=3)
        leaves = [leaf(each) for each in (q, k, v)]
        # [T,H,D] as torch has it: [1,H,T,D].
        expected = F.scaled_dot_product_attention(*(each.transpose(0, 1)[None] for each in leaves), is_causal=True, enable_gqa=True)[0].transpose(0, 1)
        expected.backward(do.to(F32))
        card = [hone.put(each) for each in (q, k, v)]
        ends = hone.put(torch.tensor([0, length], dtype=torch.int32))
        o, lse = hone.empty(q.shape), hone.empty((length, heads), F32)
        shared = dict(q=card[0], k=card[1], v=card[2], cuSeqlens=ends, o=o, lse=lse, scale=width**-0.5, rounded=1)
        hone.invoke("attentionForward", **shared)
        name = f"attention T{length} H{heads}/{groups} D{width}"
        if not backward:
            expect(name, o, expected)
            continue
        gradients = [hone.empty(each.shape) for each in (q, k, v)]
        hone.invoke("attentionBackward", do=hone.put(do), dq=gradients[0], dk=gradients[1], dv=gradients[2], **shared)
        for letter, actual, wanted in zip("qkv", gradients, leaves):
            expect(f"{name} d{letter}", actual, wanted.grad)


def heads(backward):
    rows, width, words = 30, 64, 333
    h, w = normal(rows, width, seed=1), normal(words, width, seed=2) * 0.3
    targets = torch.randint(0, words, (rows,), generator=torch.Generator().manual_seed(3), dtype=torch.int32)
    leaf_h = leaf(h)
    chosen = torch.log_softmax(leaf_h @ w.to(F32).T, 1).gather(1, targets[:, None].long())[:, 0]
    chosen.sum().backward()
    card_h, card_w, card_targets = hone.put(h), hone.put(w), hone.put(targets)
    logp, lse, dh = hone.empty((rows,), F32), hone.empty((rows,), F32), hone.empty(h.shape)
    hone.invoke("tokenLogProbsForward", h=card_h, w=card_w, targets=card_targets, logp=logp, lse=lse)
    if not backward:
        return expect("token log-probabilities", logp, chosen)
    hone.invoke("tokenLogProbsBackward", dlogp=hone.put(torch.ones(rows)), h=card_h, w=card_w, targets=card_targets, lse=lse, dh=dh)
    expect("token log-probabilities dh", dh, leaf_h.grad)


if __name__ == "__main__":
    hone.start()
    for family in (linears, adapters, norms, gates, attentions, heads):
        family(backward=sys.argv[1] == "backward")
    sys.exit(1 if failures else 0)
