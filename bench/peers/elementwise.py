"""The passes of a decoder layer between its products in torch: eager, or compiled to one kernel each.

Requests: {"case": "addRmsNorm" | "rmsNormBackward" | "swigluForward" | "swigluBackward" | "rope", "precision": "f32" | "bf16",
"isCompiled": false, ...the shape}. A backward runs the graph of one forward again and again.
"""

import os

import torch
import torch._functorch.config
from serve import serve
from torch.nn.functional import rms_norm, silu

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
torch.manual_seed(1)
# A compiled backward may otherwise overwrite what the forward saved, and could run only once.
torch._functorch.config.donated_buffer = False

KINDS = {"f32": torch.float32, "bf16": torch.bfloat16}


def maker(precision):
    return lambda *shape: torch.rand(*shape).mul_(2).sub_(1).to(KINDS[precision])


def forward_of(function, isCompiled):
    return torch.compile(function, dynamic=False) if isCompiled else function


def backward_of(function, isCompiled, inputs, dy):
    for one in inputs:
        one.requires_grad_(True)
    y = forward_of(function, isCompiled)(*inputs)
    return lambda: torch.autograd.grad(y, inputs, dy, retain_graph=True)


def add_rms_norm(tokens, width, precision, isCompiled):
    make = maker(precision)
    x, total, weight = make(tokens, width), make(tokens, width), make(width)

    def step(x, total, weight):
        total.add_(x)
        return rms_norm(total, (width,), weight, 1e-6)

    run = forward_of(step, isCompiled)

    def call():
        with torch.no_grad():
            run(x, total, weight)

    return call


def rms_norm_backward(tokens, width, precision, isCompiled):
    make = maker(precision)
    inputs = [make(tokens, width), make(width)]
    gradients = backward_of(lambda x, weight: rms_norm(x, (width,), weight, 1e-6), isCompiled, inputs, make(tokens, width))
    sums = [torch.zeros_like(one) for one in inputs]

    def call():
        with torch.no_grad():
            for total, gradient in zip(sums, gradients()):
                total.add_(gradient)

    return call


def swiglu(gate, up):
    return silu(gate) * up


def swiglu_forward(tokens, width, precision, isCompiled):
    make = maker(precision)
    gate, up = make(tokens, width), make(tokens, width)
    run = forward_of(swiglu, isCompiled)

    def call():
        with torch.no_grad():
            run(gate, up)

    return call


def swiglu_backward(tokens, width, precision, isCompiled):
    make = maker(precision)
    return backward_of(swiglu, isCompiled, [make(tokens, width), make(tokens, width)], make(tokens, width))


def rope(tokens, heads, headDim, precision, isCompiled):
    """As transformers does it: tables made once a step, then x cos + rotate_half(x) sin."""
    x = maker(precision)(tokens, heads, headDim)
    half = headDim // 2
    frequencies = 10000.0 ** (-torch.arange(half) / half)
    angles = torch.arange(tokens)[:, None] * torch.cat([frequencies, frequencies])
    cosines, sines = (table(angles)[:, None].to(x.dtype) for table in (torch.cos, torch.sin))

    def rotate(x, cosines, sines):
        turned = torch.cat([-x[..., half:], x[..., :half]], -1)
        return x * cosines + turned * sines

    run = forward_of(rotate, isCompiled)

    def call():
        with torch.no_grad():
            run(x, cosines, sines)

    return call


serve(
    {
        "addRmsNorm": add_rms_norm,
        "rmsNormBackward": rms_norm_backward,
        "swigluForward": swiglu_forward,
        "swigluBackward": swiglu_backward,
        "rope": rope,
    }
)
