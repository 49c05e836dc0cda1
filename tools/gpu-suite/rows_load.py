"""Row G12: an adapter from host memory to its pages, a file of weights onto the card, a checkpoint of training and back."""
import os
import tempfile

import torch
from safetensors.torch import load_file as load, save_file

import hone
from base import RANK, TINY, adapter_on_card, drawn_adapter
from decoder import PAGE
from llama import LINEARS, S8
from measure import BF16, DEVICE, SMALL, attempt, compare, error
from paged_adapter import PagedAdapter


def g12():
    attempt("G12", load_adapter)
    attempt("G12", load_file, 1 << 20 if SMALL else 1 << 30)
    attempt("G12", checkpoint)


def load_adapter():
    """Onto pages, as the engine takes it there: the first time from the matrices of its file, then from the image that this left in pinned
    memory. The peer has its matrices contiguous, one copy each; pinned where ours is."""
    shape = TINY if SMALL else S8
    parts = {(layer, name): (torch.randn(RANK, k).to(BF16), torch.randn(n, RANK).to(BF16))
             for layer in range(shape.layers) for name in LINEARS for n, k in (shape.linear(name),)}
    ours = PagedAdapter(shape, RANK, parts, shape.groups * PAGE * shape.head)
    close = [each for pair in parts.values() for each in pair]
    pinned = [each.pin_memory() for each in close] if DEVICE == "cuda" else close
    theirs = [torch.empty_like(each, device=DEVICE) for each in close]

    def peer(sources):
        for target, source in zip(theirs, sources):
            target.copy_(source, non_blocking=True)

    amount = sum(2 * each.numel() for each in close)
    compare("G12", f"an adapter of {amount >> 20} MiB from its file's bytes to pages", ours.load, lambda: peer(close), amount, "GB/s moved",
            "torch, a copy for each matrix", ours.wrong, 0)
    # Whatever the row before this did, or left out.
    ours.load()
    ours.clear()
    compare("G12", f"swap of an adapter of {amount >> 20} MiB from pinned memory to pages", ours.swap, lambda: peer(pinned), amount, "GB/s moved",
            "torch, a copy for each matrix, pinned", ours.wrong, 0, "<= 10 ms", lambda line: amount / line["ours"] / 1e9 <= 10e-3)


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
