"""The same weights in serving: rows over paged keys and values, as one list of ops that is run op by op or recorded as a plan (on a
card, one graph). The ops and their order are those of the engine's step."""
import torch

import hone
from llama import BF16, F32, I32, LINEARS, grouped

PAGE = 16


class Slots:
    """Adapters on pages, as the engine lays them out: flat over pages that lie anywhere, the A of a layer's linears in one tensor and
    the B in another. `stack` gives a [S,R,K] and b [S,N,R] of a layer's linear."""

    def __init__(self, shape, scales, stack):
        self.scales, self.layers, self.places = hone.put(torch.tensor(scales, dtype=F32)), [], {}
        count, page = len(scales), shape.groups * PAGE * shape.head
        for layer in range(shape.layers):
            drawn, ends = {name: stack(layer, name) for name in LINEARS}, [0, 0]
            stacks = {name: (a, whole_rows(b)) for name, (a, b) in drawn.items()}
            begins = {name: self.begins(parts, ends) for name, parts in stacks.items()}
            each = -(-max(ends) // page)
            if layer == 0:
                self.rank = next(iter(stacks.values()))[0].shape[1]
                # Not in order, and with pages between that are nobody's.
                order = torch.randperm(count * each + 3, generator=torch.Generator().manual_seed(4))
                self.pages = hone.put(order[: count * each].to(I32))
                for name, (a, b) in begins.items():
                    self.places[name] = hone.put(torch.tensor([[slot * each, a, b, self.rank] for slot in range(count)], dtype=I32))
            flat = [hone.zeros((count * each, 1, page), BF16) for _ in "ab"]
            for name, parts in stacks.items():
                for target, values, begin in zip(flat, parts, begins[name]):
                    size = values.shape[1] * values.shape[2]
                    for slot in range(count):
                        own = hone.view(target, (size,), slot * each * page + begin)
                        hone.invoke("tensorCopy", src=hone.view(values, (size,), slot * size), dst=own)
            tensors = [hone.zeros((count * each + 3, 1, 1, page), BF16) for _ in "ab"]
            hone.invoke("kvWrite", k=flat[0], v=flat[1], slots=self.pages, kCache=tensors[0], vCache=tensors[1])
            self.layers.append([hone.view(each_of, (count * each + 3, page)) for each_of in tensors])

    @staticmethod
    def begins(parts, ends):
        """Where A and B begin; every matrix on a whole vector."""
        begins = tuple(ends)
        for at, values in enumerate(parts):
            ends[at] += -(-values.shape[1] * values.shape[2] // 8) * 8
        return begins


def whole_rows(b):
    """Rows of B [S,N,R] lie on pages as whole vectors of eight, zeros behind the rank."""
    slots, columns, rank = b.shape
    if rank % 8 == 0:
        return b
    wide = hone.zeros((slots, columns, -(-rank // 8) * 8), BF16)
    hone.invoke("sliceColumnsBackward", dy=hone.view(b, (slots * columns, rank)), dx=hone.view(wide, (slots * columns, wide.shape[2])))
    return wide


def drawn_stacks(shape, rank, draws):
    """The stacks of drawing functions of (layer, name, "a" | "b"), one for each slot."""

    def stack(layer, name):
        n, k = shape.linear(name)
        sizes = (("a", torch.Size((rank, k))), ("b", torch.Size((n, rank))))
        return tuple(hone.put(torch.stack([draw((layer, name, part), size) for draw in draws]).to(BF16)) for part, size in sizes)

    return stack


class Decoder:
    """Pages for `sequences` sequences of `blocks` pages each; sequence s has the pages of its row of `table`."""

    def __init__(self, shape, weights, sequences, blocks, slots=None):
        self.shape, self.weights, self.slots = shape, weights, slots
        pages = sequences * blocks
        self.caches = [[hone.zeros((pages, shape.groups, PAGE, shape.head), BF16) for _ in "kv"] for _ in range(shape.layers)]
        # Not in order, so that the table is used.
        self.places = torch.randperm(pages, generator=torch.Generator().manual_seed(3)).view(sequences, blocks)
        self.table = hone.put(self.places.to(I32))

    def slot(self, sequence, position):
        return int(self.places[sequence, position // PAGE]) * PAGE + position % PAGE

    def numbers(self, rows):
        """What a step reads, of rows (id, sequence, position, adapter slot), column by column."""
        columns = [[id for id, *_ in rows], [row[2] for row in rows], [self.slot(row[1], row[2]) for row in rows],
                   [row[1] for row in rows], [row[3] for row in rows]]
        return [value for column in columns for value in column]

    def step(self, rows, temperature=0.0):
        """The ops of a step of `rows` rows, which draws by their positions: (calls, the tensor of its numbers, logits [rows,V], drawn tokens)."""
        s, w = self.shape, self.weights
        given = hone.zeros((5 * rows,), I32)
        ids, positions, places, sequences, adapters = (hone.view(given, (rows,), at * rows) for at in range(5))
        make = lambda *shape: hone.empty((rows, *shape))
        h, y, inner, gate, up = make(s.d), make(s.d), make(s.inner), make(s.inner), make(s.inner)
        q, k, v, o = make(s.heads * s.head), make(s.groups * s.head), make(s.groups * s.head), make(s.heads * s.head)
        # Two places for what a layer adds, since one is read by the norm that the next fills.
        out, rstd, logits = make(s.d), hone.empty((rows,), F32), hone.empty((rows, s.words), F32)
        tokens = hone.zeros((rows,), I32)
        heads = {name: hone.view(each, (rows, count, s.head)) for name, each, count in
                 (("q", q, s.heads), ("k", k, s.groups), ("v", v, s.groups), ("o", o, s.heads))}
        calls = [("embeddingForward", dict(ids=ids, table=w.embedding, y=h))]

        def update(layer, name, x, target):
            if self.slots:
                a, b = self.slots.layers[layer]
                calls.append(("loraPagedForward", dict(x=x, slots=adapters, a=a, b=b, pages=self.slots.pages, places=self.slots.places[name],
                                                       scales=self.slots.scales, rankMax=self.slots.rank, y=target)))

        def linear(layer, name, x, target):
            held = w.layers[layer]
            calls.append(("linearForward", dict(x=x, w=held[name], bias=held.get(f"{name}_bias", 0), y=target)))
            update(layer, name, x, target)

        def group(layer, x, targets):
            calls.append(("linearGroupForward", grouped(w.layers[layer], x, targets)))
            for name, target in targets.items():
                update(layer, name, x, target)

        def add_norm(weight):
            calls.append(("addRmsNorm", dict(x=out, sum=h, weight=weight, y=y, rstd=rstd, eps=s.eps)))

        for layer, held in enumerate(w.layers):
            if layer == 0:
                calls.append(("rmsNormForward", dict(x=h, weight=held["norm1"], y=y, rstd=rstd, eps=s.eps)))
            else:
                add_norm(held["norm1"])
            group(layer, y, dict(q=q, k=k, v=v))
            pages = dict(zip(("kCache", "vCache"), self.caches[layer]))
            turned = {name: heads[name] for name in "qkv"}
            calls.append(("ropeKvWrite", dict(turned, positions=positions, invFreq=w.inv_freq, slots=places, mscale=w.mscale, **pages)))
            calls.append(("pagedAttention", dict(q=heads["q"], o=heads["o"], blockTable=self.table, rowSequence=sequences,
                                                 rowPosition=positions, scale=s.head**-0.5, **pages)))
            linear(layer, "o", o, out)
            add_norm(held["norm2"])
            group(layer, y, dict(gate=gate, up=up))
            calls.append(("swigluForward", dict(gate=gate, up=up, y=inner)))
            linear(layer, "down", inner, out)
        add_norm(w.norm)
        calls.append(("linearForward", dict(x=y, w=w.head, y=logits)))
        none, unit = hone.zeros((rows,), F32), hone.put(torch.ones(rows))
        seeds = hone.put(torch.arange(2 * rows, dtype=I32).view(rows, 2))
        calls.append(("sample", dict(logits=logits, temperature=hone.put(torch.full((rows,), temperature)), topK=hone.zeros((rows,), I32), topP=unit,
                                     minP=none, seeds=seeds, counters=positions, tokens=tokens)))
        return calls, given, logits, tokens

    def run(self, rows):
        """Op by op: logits of all rows."""
        calls, given, logits, _ = self.step(len(rows))
        hone.write(given, torch.tensor(self.numbers(rows), dtype=I32))
        for op, arguments in calls:
            hone.invoke(op, **arguments)
        return logits

    def record(self, rows, temperature=0.0):
        """A plan of steps of so many rows; run it with `numbers`, and it returns the drawn tokens."""
        calls, given, logits, tokens = self.step(rows, temperature)
        return hone.Plan(calls, given, tokens), logits
