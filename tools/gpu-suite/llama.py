"""A model of Llama's shape on the card: its weights, and training by ops alone (forward, backward, AdamW), with LoRA or in full."""
from dataclasses import dataclass

import torch

import hone

BF16, F32, I32 = torch.bfloat16, torch.float32, torch.int32
LINEARS = ("q", "k", "v", "o", "gate", "up", "down")


@dataclass(frozen=True)
class Shape:
    """d: width of the residual stream; `inner`: of the gated layer."""

    d: int
    layers: int
    heads: int
    groups: int
    head: int
    inner: int
    words: int
    eps: float = 1e-5

    def linear(self, name):
        """[N,K] of a layer's linear."""
        q, kv = self.heads * self.head, self.groups * self.head
        return {"q": (q, self.d), "k": (kv, self.d), "v": (kv, self.d), "o": (self.d, q),
                "gate": (self.inner, self.d), "up": (self.inner, self.d), "down": (self.d, self.inner)}[name]

    @property
    def linear_weights(self):
        return self.layers * sum(n * k for n, k in map(self.linear, LINEARS))


S8 = Shape(4096, 32, 32, 8, 128, 14336, 128256)
S1 = Shape(2048, 16, 32, 8, 64, 8192, 32000)


class Arena:
    """One tensor of f32 that holds many, so that one op updates them all."""

    def __init__(self, shapes, dtype=F32):
        """`shapes`: name to shape. A part begins at a multiple of 8 elements, so that vectors of the kernels lie on their alignment."""
        places, at = {}, 0
        for name, shape in shapes.items():
            places[name] = (shape, at)
            at += -(-torch.Size(shape).numel() // 8) * 8
        self.all = hone.zeros((at,), dtype)
        self.parts = {name: hone.view(self.all, shape, place) for name, (shape, place) in places.items()}

    def __getitem__(self, name):
        return self.parts[name]


class Adapter:
    """A and B of every linear of every layer. `values`: (layer, name, "a" | "b") to a tensor of torch."""

    def __init__(self, shape, rank, scale, values):
        self.rank, self.scale = rank, scale
        shapes = {}
        for layer in range(shape.layers):
            for name in LINEARS:
                n, k = shape.linear(name)
                shapes |= {(layer, name, "a"): (rank, k), (layer, name, "b"): (n, rank)}
        self.values, self.gradients, self.m, self.v = (Arena(shapes) for _ in range(4))
        for key, part in self.values.parts.items():
            hone.write(part, values(key, part.shape).to(F32))

    def clear(self):
        hone.invoke("tensorFill", x=self.gradients.all, value=0.0)


class Codes:
    """Moments in 8 bits: codes, and the largest magnitude of each 256 of them."""

    def __init__(self, count):
        self.all = hone.put(torch.zeros(count, dtype=torch.uint8))
        self.absmax = hone.zeros((-(-count // 256),))


class Trained:
    """Parts that are trained in full: values, gradients in f32, moments in f32 or in 8 bits."""

    def __init__(self, shapes, dtype, is_narrow=False):
        self.values, self.gradients = Arena(shapes, dtype), Arena(shapes)
        self.m, self.v = (Codes(self.values.all.shape[0]) if is_narrow else Arena(shapes) for _ in range(2))


class Full:
    """All parameters of a model: matrices in bf16, whose updates round by chance, norms in f32. `copy` fills (key, tensor)."""

    def __init__(self, shape, copy, is_narrow=False):
        matrices = {(layer, name): shape.linear(name) for layer in range(shape.layers) for name in LINEARS}
        matrices |= {"embedding": (shape.words, shape.d), "head": (shape.words, shape.d)}
        self.matrices = Trained(matrices, BF16, is_narrow)
        names = [(layer, name) for layer in range(shape.layers) for name in ("norm1", "norm2")]
        self.norms = Trained({name: (shape.d,) for name in [*names, "norm"]}, F32)
        for trained in (self.matrices, self.norms):
            for key, part in trained.values.parts.items():
                copy(key, part)

    def weights(self, shape, inv_freq):
        layers = [{name: self.matrices.values[layer, name] for name in LINEARS}
                  | {name: self.norms.values[layer, name] for name in ("norm1", "norm2")} for layer in range(shape.layers)]
        return Weights(layers, self.matrices.values["embedding"], self.matrices.values["head"], self.norms.values["norm"], inv_freq)

    def clear(self):
        for trained in (self.matrices, self.norms):
            hone.invoke("tensorFill", x=trained.gradients.all, value=0.0)


def grouped(held, x, targets):
    """The arguments of one product of x with several linears of a layer; `targets`: name to result."""
    arguments = dict(x=x)
    for at, (name, y) in enumerate(targets.items()):
        arguments |= {f"w{at}": held[name], f"bias{at}": held.get(f"{name}_bias", 0), f"y{at}": y}
    return arguments


def step(arenas, number, rate):
    """AdamW as torch has it by default, without decay."""
    op, scales = "adamwStep", {}
    if isinstance(arenas.m, Codes):
        op, scales = "adamw8bitStep", dict(mAbsmax=arenas.m.absmax, vAbsmax=arenas.v.absmax)
    hone.invoke(op, p=arenas.values.all, g=arenas.gradients.all, m=arenas.m.all, v=arenas.v.all, lr=rate, beta1=0.9, beta2=0.999, eps=1e-8,
                step=number, gradientScale=1.0, seed=7, **scales)


@dataclass
class Weights:
    """`layers`: dictionaries of linears (plain or packed), of biases by name + "_bias" and of norms in f32."""

    layers: list
    embedding: hone.Tensor
    head: hone.Tensor
    norm: hone.Tensor
    inv_freq: hone.Tensor
    mscale: float = 1.0


class Batch:
    """Sequences packed one after another; `targets` are the next tokens, -1 at the end of each, and before the answer that follows a
    prompt of `prompt` tokens."""

    def __init__(self, sequences, prompt=1):
        ends = torch.tensor([0, *(len(ids) for ids in sequences)]).cumsum(0)
        positions = torch.cat([torch.arange(len(ids)) for ids in sequences])
        following = torch.cat([torch.tensor([-1] * (prompt - 1) + [*ids[prompt:], -1]) for ids in sequences])
        self.tokens, self.wanted = int(ends[-1]), int((following >= 0).sum())
        flat = torch.cat([torch.tensor(list(ids)) for ids in sequences])
        self.ids, self.positions, self.targets, self.ends = (
            hone.put(each.to(I32)) for each in (flat, positions, following, ends))
        # The loss is the mean of -log p over the targets.
        self.dlogp = hone.put(torch.where(following >= 0, -1 / self.wanted, 0.0).to(F32))


class Llama:
    """One model in training. With `recompute`, a layer keeps its input alone and is computed again on the way back."""

    def __init__(self, shape, weights, adapter=None, full=None, recompute=False):
        self.shape, self.weights, self.adapter, self.full, self.recompute = shape, weights, adapter, full, recompute

    def update(self, layer, name, x, y):
        """Adds LoRA's part to y; returns what it keeps of it."""
        if not self.adapter:
            return None
        xa = hone.empty((x.shape[0], self.adapter.rank))
        a, b = (self.adapter.values[layer, name, part] for part in "ab")
        hone.invoke("loraForward", x=x, a=a, b=b, scale=self.adapter.scale, y=y, xa=xa)
        return xa

    def linear(self, layer, name, x):
        """y, and what LoRA keeps of it."""
        held, y = self.weights.layers[layer], hone.empty((x.shape[0], self.shape.linear(name)[0]))
        hone.invoke("linearForward", x=x, w=held[name], bias=held.get(f"{name}_bias", 0), y=y)
        return y, self.update(layer, name, x, y)

    def linears(self, layer, names, x, kept):
        """The results of linears that share their input; what LoRA keeps of them goes to `kept`."""
        results = {name: hone.empty((x.shape[0], self.shape.linear(name)[0])) for name in names}
        hone.invoke("linearGroupForward", **grouped(self.weights.layers[layer], x, results))
        kept |= {f"{name}a": self.update(layer, name, x, y) for name, y in results.items()}
        return results.values()

    def linear_backward(self, layer, name, dy, x, xa, dx, accumulate):
        """Gradients of the input, unless `dx` is None, and of what is trained."""
        if dx is not None:
            hone.invoke("linearBackwardInput", dy=dy, w=self.weights.layers[layer][name], dx=dx, accumulate=accumulate)
        if self.adapter:
            a, b = (self.adapter.values[layer, name, part] for part in "ab")
            da, db = (self.adapter.gradients[layer, name, part] for part in "ab")
            hone.invoke("loraBackward", dy=dy, x=x, a=a, b=b, xa=xa, scale=self.adapter.scale, dx=dx or 0, da=da, db=db)
        if self.full:
            hone.invoke("linearBackwardWeight", dy=dy, x=x, dw=self.full.matrices.gradients[layer, name], roundsToBf16=1)

    def norm(self, x, weight):
        y, rstd = hone.empty(x.shape), hone.empty((x.shape[0],), F32)
        hone.invoke("rmsNormForward", x=x, weight=weight, y=y, rstd=rstd, eps=self.shape.eps)
        return y, rstd

    def norm_backward(self, dy, x, key, weight, rstd, dx, accumulate):
        gradient = self.full.norms.gradients[key] if self.full else 0
        hone.invoke("rmsNormBackward", dy=dy, x=x, weight=weight, rstd=rstd, dx=dx, dweight=gradient, accumulate=accumulate)

    def split(self, x, heads):
        return hone.view(x, (x.shape[0], heads, self.shape.head))

    def turn(self, x, heads, batch, inverse=0):
        hone.invoke("rope", x=self.split(x, heads), positions=batch.positions, invFreq=self.weights.inv_freq,
                    mscale=self.weights.mscale, inverse=inverse)

    def attention(self, q, k, v, batch, o, lse):
        s = self.shape
        return dict(q=self.split(q, s.heads), k=self.split(k, s.groups), v=self.split(v, s.groups), cuSeqlens=batch.ends,
                    o=self.split(o, s.heads), lse=lse, scale=s.head**-0.5, rounded=1)

    def layer(self, number, h, batch):
        """The output of a layer, and what its gradient needs, by name."""
        s, held = self.shape, self.weights.layers[number]
        kept = {"h": h}
        n1, kept["rstd1"] = self.norm(h, held["norm1"])
        q, k, v = self.linears(number, "qkv", n1, kept)
        self.turn(q, s.heads, batch)
        self.turn(k, s.groups, batch)
        o, lse = hone.empty(q.shape), hone.empty((h.shape[0], s.heads), F32)
        hone.invoke("attentionForward", **self.attention(q, k, v, batch, o, lse))
        middle, kept["oa"] = self.linear(number, "o", o)
        hone.invoke("tensorAccumulate", dst=middle, src=h)
        n2, kept["rstd2"] = self.norm(middle, held["norm2"])
        gate, up = self.linears(number, ("gate", "up"), n2, kept)
        inner = hone.empty(gate.shape)
        hone.invoke("swigluForward", gate=gate, up=up, y=inner)
        out, kept["downa"] = self.linear(number, "down", inner)
        hone.invoke("tensorAccumulate", dst=out, src=middle)
        return out, kept | dict(n1=n1, q=q, k=k, v=v, o=o, lse=lse, middle=middle, n2=n2, gate=gate, up=up, inner=inner)

    def layer_backward(self, number, kept, dh, batch):
        """`dh`, the gradient of the output, becomes that of the input."""
        s, held = self.shape, self.weights.layers[number]
        dinner = hone.empty(kept["inner"].shape)
        self.linear_backward(number, "down", dh, kept["inner"], kept["downa"], dinner, 0)
        gate, up = kept["gate"], kept["up"]
        hone.invoke("swigluBackward", dy=dinner, gate=gate, up=up, dgate=gate, dup=up)
        dn = hone.empty(kept["n2"].shape)
        self.linear_backward(number, "gate", gate, kept["n2"], kept["gatea"], dn, 0)
        self.linear_backward(number, "up", up, kept["n2"], kept["upa"], dn, 1)
        self.norm_backward(dn, kept["middle"], (number, "norm2"), held["norm2"], kept["rstd2"], dh, 1)
        do = hone.empty(kept["o"].shape)
        self.linear_backward(number, "o", dh, kept["o"], kept["oa"], do, 0)
        q, k, v = (kept[name] for name in "qkv")
        dq, dk, dv = (hone.empty(each.shape) for each in (q, k, v))
        hone.invoke("attentionBackward", do=self.split(do, s.heads), dq=self.split(dq, s.heads), dk=self.split(dk, s.groups),
                    dv=self.split(dv, s.groups), **self.attention(q, k, v, batch, kept["o"], kept["lse"]))
        self.turn(dq, s.heads, batch, inverse=1)
        self.turn(dk, s.groups, batch, inverse=1)
        # Nothing is trained below the first layer's adapters, so no gradient goes further; in full, the embedding is.
        dn = None if number == 0 and not self.full else hone.empty(kept["n1"].shape)
        for name, gradient, accumulate in (("q", dq, 0), ("k", dk, 1), ("v", dv, 1)):
            self.linear_backward(number, name, gradient, kept["n1"], kept[f"{name}a"], dn, accumulate)
        if dn is not None:
            self.norm_backward(dn, kept["h"], (number, "norm1"), held["norm1"], kept["rstd1"], dh, 1)

    def forward(self, batch, keep):
        """The normalised output of the last layer; with `keep` also what the way back needs."""
        h = hone.empty((batch.tokens, self.shape.d))
        hone.invoke("embeddingForward", ids=batch.ids, table=self.weights.embedding, y=h)
        layers = []
        for number in range(self.shape.layers):
            before = h
            h, kept = self.layer(number, h, batch)
            if keep:
                layers.append({"h": before} if self.recompute else kept)
        y, rstd = self.norm(h, self.weights.norm)
        return y, dict(layers=layers, last=h, rstd=rstd)

    def log_probs(self, batch, y):
        logp, lse = hone.empty((batch.tokens,), F32), hone.empty((batch.tokens,), F32)
        hone.invoke("tokenLogProbsForward", h=y, w=self.weights.head, targets=batch.targets, logp=logp, lse=lse)
        return logp, lse

    def gradients(self, batch, weigh=None):
        """Log-probabilities of the targets; the gradients of their mean are added to the arenas'. A loss of another form gives its own
        derivatives by them: `weigh` takes the log-probabilities."""
        y, kept = self.forward(batch, keep=True)
        logp, lse = self.log_probs(batch, y)
        if weigh:
            hone.write(batch.dlogp, weigh(logp))
        dy, dh = hone.empty(y.shape), hone.empty(y.shape)
        dw = self.full.matrices.gradients["head"] if self.full else 0
        hone.invoke("tokenLogProbsBackward", dlogp=batch.dlogp, h=y, w=self.weights.head, targets=batch.targets, lse=lse, dh=dy, dw=dw)
        self.norm_backward(dy, kept["last"], "norm", self.weights.norm, kept["rstd"], dh, 0)
        layers = kept.pop("layers")
        for number in reversed(range(self.shape.layers)):
            saved = layers.pop()
            if self.recompute:
                saved = self.layer(number, saved["h"], batch)[1]
            self.layer_backward(number, saved, dh, batch)
        if self.full:
            hone.invoke("embeddingBackward", ids=batch.ids, dy=dh, dtable=self.full.matrices.gradients["embedding"])
        return logp
