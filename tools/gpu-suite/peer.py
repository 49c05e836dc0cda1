"""The same model in plain torch, as quick as its usual recipes make it: what the rows of whole models are measured against.

A 4-bit base follows what the quick trainers of the field do: the codes are dequantised by one fused kernel (torch.compile) for each product,
then mm, then addmm for the adapter; nothing of the expansion is kept for the way back. Norms, rotary positions and SwiGLU are torch's own
functions, attention is its SDPA, the head is computed in chunks.
"""
import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

import nf4
from measure import BF16, DEVICE
from rows_ops import torch_head


def packed(weight):
    """(codes two a byte, codes of the scales, nested scales, mean) of a weight."""
    codes, inner, nested, mean = nf4.quantize(weight)
    flat = codes.flatten()
    return (flat[0::2] << 4) | flat[1::2], inner, nested, mean


def unpack(bytes_, inner, nested, mean, table, dynamic):
    codes = torch.stack((bytes_ >> 4, bytes_ & 15), 1).view(-1, 64)
    scales = (dynamic[inner.int()].view(-1) * nested[torch.arange(inner.numel(), device=inner.device) // 256] + mean)[:, None]
    return (table[codes.int()] * scales).to(BF16)


class Nf4Weight:
    """A weight that is there in bf16 only while it is used."""

    run = None

    def __init__(self, weight):
        self.shape, self.parts = weight.shape, packed(weight)
        self.tables = nf4.TABLE.to(weight.device), nf4.dynamic_map().to(weight.device)

    @classmethod
    def way(cls):
        """How the codes are expanded: by one kernel made by torch.compile for each shape; where that does not work, by torch's own
        functions one by one."""
        if cls.run is None:
            cls.run = unpack
            if DEVICE == "cuda":
                try:
                    # One for each shape of a layer, on the way there and back, within autocast and without.
                    torch._dynamo.config.recompile_limit = 64
                    compiled, probe = torch.compile(unpack, dynamic=False), cls(torch.ones(64, 64, device=DEVICE))
                    compiled(*probe.parts, *probe.tables)
                    cls.run = compiled
                except Exception as problem:
                    print(f"     torch.compile does not work here: {str(problem)[:200]}", flush=True)
        return "op by op" if cls.run is unpack else "one kernel"

    def value(self):
        if Nf4Weight.run is None:
            Nf4Weight.way()
        return Nf4Weight.run(*self.parts, *self.tables).view(self.shape)


class PlainWeight:
    def __init__(self, weight):
        self.shape, self.weight = weight.shape, weight

    def value(self):
        return self.weight


class LoraLinear(torch.autograd.Function):
    """y = x Wᵀ + s (x Aᵀ) Bᵀ; keeps x, and x Aᵀ."""

    @staticmethod
    def forward(ctx, x, weight, a, b, scale):
        flat, a, b = x.view(-1, x.shape[-1]), a.to(BF16), b.to(BF16)
        y = flat @ weight.value().T
        xa = flat @ a.T
        y.addmm_(xa, b.T, alpha=scale)
        ctx.save_for_backward(flat, xa, a, b)
        ctx.weight, ctx.scale, ctx.shape = weight, scale, x.shape
        return y.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx, dy):
        x, xa, a, b = ctx.saved_tensors
        dy = dy.reshape(-1, dy.shape[-1])
        dxa = (dy @ b).mul_(ctx.scale)
        dx = None
        if ctx.needs_input_grad[0]:
            dx = (dy @ ctx.weight.value()).addmm_(dxa, a).view(ctx.shape)
        return dx, None, (dxa.T @ x).float(), (dy.T @ xa).mul_(ctx.scale).float(), None


def turned(x, cos, sin):
    one, two = x.chunk(2, -1)
    return torch.cat((one * cos - two * sin, two * cos + one * sin), -1)


class TorchLlama:
    """`layers`: dictionaries of weights (Nf4Weight, PlainWeight or parameters), of norms, and of "adapter", name to (a, b)."""

    def __init__(self, shape, layers, embedding, head, norm, inv_freq, scale=1.0, recompute=False):
        self.shape, self.layers, self.embedding, self.head, self.norm = shape, layers, embedding, head, norm
        self.inv_freq, self.scale, self.recompute = inv_freq.to(DEVICE), scale, recompute
        self.run_layer = self.layer

    def rotary(self, positions):
        angles = positions[:, None].float() * self.inv_freq
        return angles.cos().to(BF16), angles.sin().to(BF16)

    def linear(self, held, name, x):
        weight = held[name]
        if "adapter" in held:
            return LoraLinear.apply(x, weight, *held["adapter"][name], self.scale)
        return F.linear(x, weight.value() if hasattr(weight, "value") else weight)

    def heads(self, x, count):
        return x.view(*x.shape[:-1], count, self.shape.head).transpose(1, 2)

    def layer(self, held, h, cos, sin, cache=None, place=None):
        """h [B,T,d]; `held` is the layer's entry, so that one compiled form serves all. With a cache (k, v), the row goes to `place` of it
        and attends to all of it."""
        s = self.shape
        n = F.rms_norm(h, (s.d,), held["norm1"], s.eps)
        q, k, v = (self.heads(self.linear(held, name, n), count) for name, count in (("q", s.heads), ("k", s.groups), ("v", s.groups)))
        q, k = turned(q, cos, sin), turned(k, cos, sin)
        if cache is not None:
            for pages, row in zip(cache, (k, v)):
                pages[:, :, place : place + 1] = row
            k, v = cache
        o = F.scaled_dot_product_attention(q, k, v, is_causal=cache is None, enable_gqa=True)
        h = h + self.linear(held, "o", o.transpose(1, 2).reshape(*h.shape[:-1], -1))
        n = F.rms_norm(h, (s.d,), held["norm2"], s.eps)
        return h + self.linear(held, "down", F.silu(self.linear(held, "gate", n)) * self.linear(held, "up", n))

    def hidden(self, ids):
        cos, sin = self.rotary(torch.arange(ids.shape[1], device=DEVICE))
        h = F.embedding(ids, self.embedding)
        for held in self.layers:
            h = checkpoint(self.run_layer, held, h, cos, sin, use_reentrant=False) if self.recompute else self.run_layer(held, h, cos, sin)
        return F.rms_norm(h, (self.shape.d,), self.norm, self.shape.eps)

    def train(self, ids, head_gradient=None):
        """Gradients of the mean loss of the next tokens of ids [B,T]; returns that loss."""
        h = self.hidden(ids)
        rows = h[:, :-1].reshape(-1, self.shape.d)
        logp, dh = torch_head(rows.detach(), self.head.detach(), ids[:, 1:].reshape(-1), 2048, head_gradient)
        rows.backward(dh)
        return -logp.mean()

    def decode(self, ids, caches, position):
        """Logits of one more token for each sequence."""
        cos, sin = self.rotary(torch.full((1,), position, device=DEVICE))
        h = F.embedding(ids, self.embedding)[:, None]
        for held, cache in zip(self.layers, caches):
            h = self.layer(held, h, cos, sin, cache, position)
        return F.rms_norm(h[:, 0], (self.shape.d,), self.norm, self.shape.eps) @ self.head.T
