"""An adapter's way onto pages of the key-value cache, call by call as the engine goes it (libs/ml/nn, LoraPages): from the matrices of its
file, which leaves an image in pinned memory, and from that image again."""
import torch

import hone
from llama import BF16, I32, LINEARS

# Slots of a serving process as it comes (HONE_SERVING_ADAPTERS_MAX), and pages beside the adapter's own.
SLOTS, OTHERS = 16, 100


class PagedAdapter:
    """`parts`: by (layer, name) A [R,K] and B [N,R] in memory of the host that nobody pinned."""

    def __init__(self, shape, rank, parts, page):
        self.shape, self.parts, self.page = shape, parts, page
        self.begins, ends = {}, [0, 0]
        self.stride = -(-rank // 8) * 8
        for name in LINEARS:
            n, k = shape.linear(name)
            self.begins[name] = tuple(ends)
            ends = [ends[0] + -(-rank * k // 8) * 8, ends[1] + self.stride * n]
        self.count = -(-max(ends) // page)
        pages = self.count + OTHERS
        # Anywhere in the pool, as after some hours of serving.
        self.pages = torch.randperm(pages, generator=torch.Generator().manual_seed(5))[: self.count].to(I32)
        self.tensors = [[hone.empty((pages, 1, 1, page), BF16) for _ in "kv"] for _ in range(shape.layers)]
        self.table = torch.zeros(5 * SLOTS * shape.layers * len(LINEARS) + pages, dtype=I32)
        self.on_card = hone.put(self.table)
        self.image = None

    def load(self):
        """From the file: zeros for the keys and the values of a layer, its matrices among them, both to their pages and into the image."""
        own, self.image = hone.put(self.pages), None
        self.image = hone.empty((2 * self.shape.layers, self.count * self.page), BF16, hone.PINNED)
        for layer in range(self.shape.layers):
            staged = [hone.zeros((self.count, 1, self.page), BF16) for _ in "kv"]
            for name in LINEARS:
                (a, b), (at_a, at_b) = self.parts[layer, name], self.begins[name]
                hone.write(staged[0], a, at_a)
                if b.shape[1] == self.stride:
                    hone.write(staged[1], b, at_b)
                else:
                    wide = hone.view(staged[1], (b.shape[0], self.stride), at_b)
                    hone.invoke("sliceColumnsBackward", dy=hone.put(b), dx=wide)
            self.to_pages(layer, staged, own)
            hone.copy(staged, self.rows(layer))
        hone.write(self.on_card, self.table)

    def swap(self):
        """From the image: the GPU fetches the two rows of a layer by itself."""
        own = hone.put(self.pages)
        for layer in range(self.shape.layers):
            staged = [hone.empty((self.count, 1, self.page), BF16) for _ in "kv"]
            hone.copy(self.rows(layer), staged)
            self.to_pages(layer, staged, own)
        hone.write(self.on_card, self.table)

    def rows(self, layer):
        width = self.count * self.page
        return [hone.view(self.image, (width,), (2 * layer + side) * width) for side in range(2)]

    def to_pages(self, layer, staged, own):
        keys, values = self.tensors[layer]
        hone.invoke("kvWrite", k=staged[0], v=staged[1], slots=own, kCache=keys, vCache=values)

    def wrong(self):
        """How many numbers of the first and the last layer differ from those of their matrices."""
        count = 0
        for layer in (0, self.shape.layers - 1):
            keys, values = (each.read()[self.pages].flatten() for each in self.tensors[layer])
            for name in LINEARS:
                (a, b), (at_a, at_b) = self.parts[layer, name], self.begins[name]
                wide = torch.zeros(b.shape[0], self.stride, dtype=BF16)
                wide[:, : b.shape[1]] = b
                for paged, at, wanted in ((keys, at_a, a), (values, at_b, wide)):
                    count += (paged[at : at + wanted.numel()] != wanted.flatten()).sum()
        return int(count)

    def clear(self):
        """Zeros on all pages, so that only what comes next can be there."""
        for each in (each for layer in self.tensors for each in layer):
            hone.invoke("tensorFill", x=each, value=0.0)
