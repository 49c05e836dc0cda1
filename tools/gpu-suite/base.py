"""The model of random weights that the rows of whole models measure, for both sides.

All layers have the values of one, in memory of their own, since making and sending 16 GB would take longer than the measurement. The values
are those that NF4 codes stand for, so that both forms of the base compute the same.
"""
from dataclasses import replace

import torch

import hone
import nf4
from llama import LINEARS, Adapter, Shape, Weights
from measure import BF16, DEVICE, F32, SMALL, normal
from peer import Nf4Weight, PlainWeight, TorchLlama

TINY = Shape(64, 2, 4, 2, 16, 128, 256)
RANK, SCALE, RATE = 16, 2.0, 1e-4


def fitting(shape):
    """All layers where the card holds them twice beside the activations of both sides; else a quarter."""
    if SMALL:
        return TINY
    return shape if torch.cuda.get_device_properties(0).total_memory > 120e9 else replace(shape, layers=shape.layers // 4)


def named(shape):
    return f"{shape.layers} layers of width {shape.d}"


class Base:
    """The drawn values of one layer and of the head."""

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
        norm, head = self.norm.to(BF16), self.head.clone()
        layers = [{name: form(each) for name, each in self.linears.items()} | {"norm1": norm, "norm2": norm} for _ in range(self.shape.layers)]
        for number, layer in enumerate(layers if adapter else []):
            layer["adapter"] = {name: adapter[number, name] for name in LINEARS}
        return TorchLlama(self.shape, layers, head, head, norm, self.inv_freq, SCALE, recompute)


def drawn_adapter(shape):
    """Values of an adapter by (layer, name): (a, b), neither zero."""
    return {(layer, name): (normal(RANK, k, dtype=F32, spread=k**-0.5), normal(n, RANK, dtype=F32, spread=0.02))
            for layer in range(shape.layers) for name in LINEARS for n, k in (shape.linear(name),)}


def value_of(adapter, key):
    """The value that a (layer, name, "a" | "b") asks for."""
    return adapter[key[:2]][key[2] == "b"]


def adapter_on_card(shape, adapter):
    return Adapter(shape, RANK, SCALE, lambda key, _: value_of(adapter, key))


def drawn_ids(shape, batch, length):
    return torch.randint(0, shape.words, (batch, length), device=DEVICE)
