"""A run of training and one of decoding by ops alone, against torch: `python3 steps.py train|serve`."""
import sys

import torch
import torch.nn.functional as F

import hone

BF16, F32 = torch.bfloat16, torch.float32


def normal(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def train():
    """LoRA on one NF4 linear: eight steps of AdamW, the losses of both sides step by step."""
    rows, width, depth, rank, rate = 64, 96, 128, 8, 1e-2
    x, target = normal(rows, depth, seed=1).to(BF16), normal(rows, width, seed=2)
    weight = hone.pack(normal(width, depth, seed=3) * depth**-0.5, "nf4")
    a, b = normal(rank, depth, seed=4) * depth**-0.5, torch.zeros(width, rank)
    peers = [torch.nn.Parameter(each.clone()) for each in (a, b)]
    optimizer = torch.optim.AdamW(peers, lr=rate, weight_decay=0.0)
    base = x.to(F32) @ hone.unpack(weight).read().T
    ours = [hone.put(a), hone.put(b)]
    moments = [(hone.zeros(each.shape), hone.zeros(each.shape)) for each in ours]
    card_x, y, xa = hone.put(x), hone.empty((rows, width)), hone.empty((rows, rank))
    worst = 0.0
    for step in range(1, 9):
        hone.invoke("linearForward", x=card_x, w=weight, y=y)
        hone.invoke("loraForward", x=card_x, a=ours[0], b=ours[1], scale=2.0, y=y, xa=xa)
        difference = y.read().to(F32) - target
        loss = difference.pow(2).mean().item()
        gradients = [hone.zeros(each.shape) for each in ours]
        dy = hone.put((difference * 2 / difference.numel()).to(BF16))
        hone.invoke("loraBackward", dy=dy, x=card_x, a=ours[0], b=ours[1], xa=xa, scale=2.0, da=gradients[0], db=gradients[1])
        for p, g, (m, v) in zip(ours, gradients, moments):
            hone.invoke("adamwStep", p=p, g=g, m=m, v=v, lr=rate, beta1=0.9, beta2=0.999, eps=1e-8, step=step, gradientScale=1.0)
        optimizer.zero_grad()
        wanted = F.mse_loss(base + 2.0 * x.to(F32) @ peers[0].T @ peers[1].T, target)
        wanted.backward()
        optimizer.step()
        worst = max(worst, abs(loss - wanted.item()) / wanted.item())
        print(f"step {step}: loss {loss:.6f}, torch {wanted.item():.6f}", flush=True)
    print(f"{'ok  ' if worst < 5e-3 else 'BAD '} losses differ by at most {worst:.1e}")
    return worst < 5e-3


def serve():
    """Tokens that are written to pages and attended to by one recorded plan a step: a graph, and the bits of the ops one by one."""
    heads, groups, width, page, pages, steps = 4, 2, 64, 16, 4, 24
    q, k, v = (normal(steps, each, width, seed=seed).to(BF16) for seed, each in ((1, heads), (2, groups), (3, groups)))
    caches = [hone.zeros((pages, groups, page, width), BF16) for _ in range(2)]
    table = hone.put(torch.tensor([[2, 0, 3, 1]], dtype=torch.int32))
    row, position, slot = (hone.zeros((1,), torch.int32) for _ in range(3))
    now = [hone.empty((1, each, width)) for each in (heads, groups, groups)]
    o = hone.empty((1, heads, width))
    shared = dict(kCache=caches[0], vCache=caches[1])
    calls = [
        ("kvWrite", dict(k=now[1], v=now[2], slots=slot, **shared)),
        ("pagedAttention", dict(q=now[0], blockTable=table, rowSequence=row, rowPosition=position, o=o, scale=width**-0.5, **shared)),
    ]
    plan = hone.Plan(calls)
    places, worst = [2, 0, 3, 1], 0.0
    before = hone.counters()
    for step in range(steps):
        for tensor, values in zip(now, (q, k, v)):
            write(tensor, values[step : step + 1])
        write(position, torch.tensor([step], dtype=torch.int32))
        write(slot, torch.tensor([places[step // page] * page + step % page], dtype=torch.int32))
        plan.run()
        earlier = [each[: step + 1].to(F32).transpose(0, 1)[None] for each in (k, v)]
        wanted = F.scaled_dot_product_attention(q[step : step + 1].to(F32).transpose(0, 1)[None], *earlier, enable_gqa=True)
        worst = max(worst, (o.read().to(F32)[0] - wanted[0, :, 0]).abs().max().item())
    after = hone.counters()
    graphs = after["graph_launches"] - before["graph_launches"]
    print(f"{'ok  ' if worst < 2e-2 else 'BAD '} {steps} steps differ from torch by at most {worst:.1e}; {graphs} graphs, "
          f"{after['launches'] - before['launches']} single launches, {after['synchronisations'] - before['synchronisations']} waits")
    return worst < 2e-2


def write(tensor, values):
    fresh = hone.put(values)
    hone.invoke("tensorCopy", src=fresh, dst=tensor)


if __name__ == "__main__":
    hone.start()
    sys.exit(0 if {"train": train, "serve": serve}[sys.argv[1]]() else 1)
