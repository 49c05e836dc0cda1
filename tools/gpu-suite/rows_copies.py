"""Row G1: copies, and the kernels that are bound by them. Peers are Triton's, or what torch.compile makes where Triton cannot be had."""
import torch
import torch.nn.functional as F

import hone
import nf4
from measure import BF16, DEVICE, F32, SMALL, Later, Missing, attempt, compare, error, normal, planned
from peer import packed, unpack

NF4_BYTES = 4.127 / 8  # Of a weight: its code, its share of the scale and of the scale's scale.
COPY_BAR = dict(bar=">= 85 % of the measured copy", passes=lambda line: line["of_ceiling"] >= 0.85)
EPS = 1e-5


def g1():
    for case in (copies, norms, gates, codes):
        attempt("G1", case)


def triton_peers():
    try:
        import triton_peers
    except ImportError:
        return None
    return triton_peers


def quickest(function, compiled, wanted):
    """(name, peer) of `function`, which fills the tensor that it returns; where there is no Triton, of `compiled`."""

    def build():
        if triton_peers() is None and DEVICE == "cpu":
            raise Missing("no Triton, and no card to compile for")
        run = function if triton_peers() else torch.compile(compiled)
        off = error(run(), wanted)
        if not off < 2e-2:
            raise Missing(f"computes something else, off by {off:.1e}")
        return run

    return dict(peer_name=triton_peers().NAME if triton_peers() else "torch.compile", peer=Later(build))


def copies():
    count = 1 << 12 if SMALL else 1 << 28
    values, target = normal(count), torch.empty(count, device=DEVICE, dtype=BF16)
    source, copied = hone.put(values), hone.empty((count,))
    compare("G1", f"copy of {2 * count >> 20} MiB", lambda: hone.invoke("tensorCopy", src=source, dst=copied), lambda: target.copy_(values),
            4 * count, "GB/s", "torch copy_", lambda: error(copied, values), 0, **COPY_BAR)


def norms():
    """As one graph, since the kernel of 64 MiB takes little more than its call."""
    rows, width = (8, 192) if SMALL else (16384, 4096)
    x, weight, y = normal(rows, width), normal(width, dtype=F32), torch.empty(rows, width, device=DEVICE, dtype=BF16)
    card = dict(x=hone.put(x), weight=hone.put(weight), y=hone.empty(x.shape), rstd=hone.empty((rows,), F32), eps=EPS)

    def in_triton():
        triton_peers().rms_norm(x, weight, EPS, y)
        return y

    peer = quickest(in_triton, lambda: F.rms_norm(x.float(), (width,), weight, EPS).to(BF16), F.rms_norm(x.float(), (width,), weight, EPS))
    compare("G1", f"RMSNorm, {rows} x {width}", planned([("rmsNormForward", card)]), work=4 * rows * width, unit="GB/s",
            gate=lambda: error(card["y"], F.rms_norm(x.float(), (width,), weight, EPS)), **peer, **COPY_BAR)


def gates():
    rows, width = (8, 192) if SMALL else (8192, 14336)
    gate, up = normal(rows, width), normal(rows, width)
    y = torch.empty_like(gate)
    card = dict(gate=hone.put(gate), up=hone.put(up), y=hone.empty(gate.shape))

    def in_triton():
        triton_peers().swiglu(gate, up, y)
        return y

    plain = lambda: F.silu(gate) * up
    compare("G1", f"SwiGLU, {rows} x {width}", planned([("swigluForward", card)]), work=6 * rows * width, unit="GB/s",
            gate=lambda: error(card["y"], plain()), **quickest(in_triton, plain, plain()), **COPY_BAR)


def codes():
    """Both sides of ours allocate what they return, of memory that is there already."""
    width, depth = (64, 128) if SMALL else (4096, 14336)
    plain = normal(width, depth)
    on_card = hone.put(plain)
    held = hone.pack(on_card, "nf4")
    parts, tables = packed(plain), (nf4.TABLE.to(DEVICE), nf4.dynamic_map().to(DEVICE))
    wanted = nf4.dequantize(*nf4.quantize(plain), plain.shape)
    y = torch.empty(width, depth, device=DEVICE)

    def in_triton():
        triton_peers().nf4_values(*parts, *tables, y)
        return y

    compare("G1", f"NF4 to f32, {width} x {depth}", lambda: hone.unpack(held), work=int((NF4_BYTES + 4) * width * depth), unit="GB/s",
            gate=lambda: error(hone.unpack(held), wanted), bound=1e-3, **quickest(in_triton, lambda: unpack(*parts, *tables).view(plain.shape), wanted), **COPY_BAR)
    compare("G1", f"bf16 to NF4, {width} x {depth}", lambda: hone.pack(on_card, "nf4"), None, int((NF4_BYTES + 2) * width * depth), "GB/s",
            **COPY_BAR)
