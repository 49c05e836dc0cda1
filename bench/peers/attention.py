"""torch's scaled_dot_product_attention, causal, forward and backward; packed sequences go one by one, as it has no packing on a CPU."""

import os

import torch
from serve import serve
from torch.nn.functional import scaled_dot_product_attention

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def attention(lengths, heads, kvHeads, headDim, precision):
    torch.manual_seed(1)
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]

    def sequence(length):
        q, k, v = (torch.randn(1, h, length, headDim, dtype=dtype, requires_grad=True) for h in (heads, kvHeads, kvHeads))
        return q, k, v, torch.randn(1, heads, length, headDim, dtype=dtype)

    sequences = [sequence(length) for length in lengths]

    def call():
        for q, k, v, upstream in sequences:
            q.grad = k.grad = v.grad = None
            scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True).backward(upstream)

    return call


serve({"attention": attention})
