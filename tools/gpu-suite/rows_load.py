"""Row G12: an adapter from host memory into its slots, and a file of weights onto the card."""
import os
import tempfile

import torch
from safetensors.torch import load_file as load, save_file

import hone
from llama import LINEARS, S8
from measure import BF16, DEVICE, SMALL, compare, error
from base import RANK, TINY


def g12():
    shape = TINY if SMALL else S8
    parts = [torch.randn(size).to(BF16) for _ in range(shape.layers) for name in LINEARS for n, k in (shape.linear(name),) for size in ((RANK, k), (n, RANK))]
    pinned = [each.pin_memory() for each in parts] if DEVICE == "cuda" else parts
    slots, theirs = [hone.empty(each.shape) for each in parts], [torch.empty_like(each, device=DEVICE) for each in parts]

    def ours():
        for slot, part in zip(slots, parts):
            hone.write(slot, part)

    def peer():
        for slot, part in zip(theirs, pinned):
            slot.copy_(part, non_blocking=True)

    amount = sum(2 * each.numel() for each in parts)
    compare("G12", f"an adapter of {amount >> 20} MiB from host memory", ours, peer, amount, "GB/s loaded", "torch, pinned memory",
            lambda: max(error(slot, part) for slot, part in zip(slots[:4], parts)), 0, "<= 10 ms", lambda line: amount / line["ours"] / 1e9 <= 10e-3)
    load_file(1 << 20 if SMALL else 1 << 30)


def load_file(size):
    """A file that the system has in memory, so what is measured is our path and the bus; no disk."""
    names = [f"w{at}" for at in range(16)]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        save_file({name: torch.randn(size // 32 // 64, 64).to(BF16) for name in names}, path)
        slots = [hone.empty((size // 32 // 64, 64)) for _ in names]

        def ours():
            for slot, each in zip(slots, load(path).values()):
                hone.write(slot, each)

        compare("G12", f"a safetensors file of {size >> 20} MiB onto the card", ours, lambda: load(path, device=DEVICE), size, "GB/s loaded", "safetensors for torch",
                lambda: max(error(slot, each) for slot, each in zip(slots, load(path).values())), 0)
