"""Copy-bound kernels in Triton, the peers of ours in row G1. A dry run has them in Triton's interpreter (TRITON_INTERPRET), which proves them."""
import os

import triton
import triton.language as tl

NAME = f"triton {triton.__version__}" + (", interpreted" if "TRITON_INTERPRET" in os.environ else "")


@triton.jit
def rms_norm_kernel(x, weight, y, width, eps, BLOCK: tl.constexpr):
    row, at = tl.program_id(0).to(tl.int64), tl.arange(0, BLOCK)
    inside = at < width
    values = tl.load(x + row * width + at, mask=inside, other=0.0).to(tl.float32)
    rstd = 1 / tl.sqrt(tl.sum(values * values, 0) / width + eps)
    scales = tl.load(weight + at, mask=inside, other=0.0)
    tl.store(y + row * width + at, (values * rstd * scales).to(tl.bfloat16), mask=inside)


@triton.jit
def swiglu_kernel(gate, up, y, count, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    values = tl.load(gate + at, mask=inside, other=0.0).to(tl.float32)
    result = values * tl.sigmoid(values) * tl.load(up + at, mask=inside, other=0.0).to(tl.float32)
    tl.store(y + at, result.to(tl.bfloat16), mask=inside)


@triton.jit
def nf4_kernel(packed, inner, nested, table, dynamic, mean, y, count, BLOCK: tl.constexpr):
    """A byte holds two codes, the first in its high half; 32 bytes share a scale, 256 scales a nested one."""
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    pair = tl.load(packed + at, mask=inside, other=0).to(tl.int32)
    scale = tl.load(dynamic + tl.load(inner + at // 32, mask=inside, other=0).to(tl.int32)) * tl.load(nested + at // 8192, mask=inside, other=0.0) + tl.load(mean)
    values = tl.interleave(tl.load(table + (pair >> 4)) * scale, tl.load(table + (pair & 15)) * scale)
    both = tl.program_id(0).to(tl.int64) * (2 * BLOCK) + tl.arange(0, 2 * BLOCK)
    tl.store(y + both, values, mask=both < 2 * count)


def rms_norm(x, weight, eps, y):
    block = triton.next_power_of_2(x.shape[1])
    rms_norm_kernel[(x.shape[0],)](x, weight, y, x.shape[1], eps, BLOCK=block, num_warps=8)


def swiglu(gate, up, y):
    swiglu_kernel[(triton.cdiv(y.numel(), 2048),)](gate, up, y, y.numel(), BLOCK=2048, num_warps=8)


def nf4_values(packed, inner, nested, mean, table, dynamic, y):
    nf4_kernel[(triton.cdiv(packed.numel(), 2048),)](packed, inner, nested, table, dynamic, mean, y, packed.numel(), BLOCK=2048, num_warps=8)
