"""Row G12: an adapter from host memory into its slots, a file of weights onto the card, a checkpoint of training and back."""
import os
import tempfile

import torch
from safetensors.torch import load_file as load, save_file

import hone
from base import RANK, TINY, adapter_on_card, drawn_adapter
from llama import LINEARS, S8
from measure import BF16, DEVICE, SMALL, attempt, compare, error


def g12():
    attempt("G12", load_adapter)
    attempt("G12", load_file, 1 << 20 if SMALL else 1 << 30)
    attempt("G12", checkpoint)


def load_adapter():
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
    compare("G12", f"an adapter of {amount >> 20} MiB from host memory", ours, peer, amount, "GB/s moved", "torch, pinned memory",
            lambda: max(error(slot, part) for slot, part in zip(slots[:4], parts)), 0, "<= 10 ms", lambda line: amount / line["ours"] / 1e9 <= 10e-3)


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

        compare("G12", f"a safetensors file of {size >> 20} MiB onto the card", ours, lambda: load(path, device=DEVICE), size, "GB/s moved", "safetensors for torch",
                lambda: max(error(slot, each) for slot, each in zip(slots, load(path).values())), 0)


def checkpoint():
    """The values of an adapter and both its moments, 12 bytes a parameter, in files that the system has in memory."""
    shape = TINY if SMALL else S8
    drawn = drawn_adapter(shape)
    adapter = adapter_on_card(shape, drawn)
    arenas = {"values": adapter.values, "m": adapter.m, "v": adapter.v}
    theirs = {name: [each.clone() for pair in drawn.values() for each in pair] for name in arenas}
    size = 12 * sum(each.numel() for pair in drawn.values() for each in pair)
    with tempfile.TemporaryDirectory() as folder:
        ours_path, their_path = (os.path.join(folder, name) for name in ("adapter.safetensors", "adapter.pt"))

        def save():
            save_file({name: arena.all.read() for name, arena in arenas.items()}, ours_path)

        def resume():
            for name, each in load(ours_path).items():
                hone.write(arenas[name].all, each)

        def resume_theirs():
            for name, parts in torch.load(their_path, map_location="cpu", mmap=True).items():
                for part, kept in zip(theirs[name], parts):
                    part.copy_(kept)

        before = adapter.values.all.read()
        compare("G12", f"checkpoint of {size >> 20} MiB to a file", save, lambda: torch.save(theirs, their_path), size, "GB/s moved", "torch.save", turns=2)
        hone.invoke("tensorFill", x=adapter.values.all, value=0.0)
        compare("G12", f"checkpoint of {size >> 20} MiB from a file", resume, resume_theirs, size, "GB/s moved", "torch.load",
                lambda: error(adapter.values.all, before), 0, turns=2)
