"""Makes expected.json: causal attention with grouped heads, a soft cap and a window, in float64, with its gradients by autograd.

python tests/golden/attention-softcap/make.py > tests/golden/attention-softcap/expected.json
"""

import hashlib
import json

import torch

torch.manual_seed(20261122)
T, H, KV, D = 7, 4, 2, 8
scale, softcap = 0.6, 1.5
q, k, v, d_o = (torch.randn(T, heads, D).double() for heads in (H, KV, KV, H))
leaves = [tensor.requires_grad_() for tensor in (q, k, v)]


def attention(window):
    keys, values = (tensor.repeat_interleave(H // KV, dim=1) for tensor in (k, v))
    scores = scale * torch.einsum("ihd,jhd->hij", q, keys)
    scores = softcap * torch.tanh(scores / softcap)
    distance = torch.arange(T)[:, None] - torch.arange(T)[None, :]
    hidden = (distance < 0) | ((distance >= window) if window > 0 else torch.zeros_like(distance, dtype=torch.bool))
    return torch.einsum("hij,jhd->ihd", scores.masked_fill(hidden, -torch.inf).softmax(-1), values)


def flat(tensor):
    return [round(value, 9) for value in tensor.detach().flatten().tolist()]


cases = []
for window in (0, 3):
    o = attention(window)
    gradients = torch.autograd.grad(o, leaves, d_o)
    cases.append({"window": window, "o": flat(o), "gradients": [flat(gradient) for gradient in gradients]})
inputs = {name: flat(tensor) for name, tensor in {"q": q, "k": k, "v": v, "dO": d_o}.items()}
body = {
    "versions": {"torch": torch.__version__},
    **{"tokens": T, "heads": H, "kvHeads": KV, "headDim": D, "scale": scale, "softcap": softcap},
    **inputs,
    "cases": cases,
    "sha256_of_inputs": hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest(),
}
print(json.dumps(body))
