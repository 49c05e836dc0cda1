"""Makes expected.json: three steps of AdamW whose moments bitsandbytes holds in 8 bits (dynamic maps, block 256).

python tests/golden/bitsandbytes-adamw-8bit/make.py > tests/golden/bitsandbytes-adamw-8bit/expected.json

bitsandbytes' own 8-bit optimizer runs on accelerators only; here its maps hold the state, each value at the nearest entry, and the
update between them is that of torch.optim.AdamW. The nearest entry is searched here, because quantize_blockwise of its CPU build
misses it for 0.15 % of signed and 3 % of unsigned values, by up to seven entries among the small ones.
"""

import hashlib
import json

import bitsandbytes
import bitsandbytes.functional as functional
import torch

torch.manual_seed(20261122)
LR, BETA1, BETA2, EPS, DECAY = 1e-2, 0.9, 0.999, 1e-8, 0.1
count = 1024 + 130
maps = functional.create_dynamic_map(signed=True), functional.create_dynamic_map(signed=False)
first = torch.randn(count) * 0.02
parameters = first.clone()
gradients = [torch.randn(count) * 0.5 ** (torch.arange(count) % 5) for _ in range(3)]


def encoded(values: torch.Tensor, code: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    blocks = torch.nn.functional.pad(values, (0, -count % 256)).view(-1, 256)
    scales = blocks.abs().amax(1)
    relative = blocks * torch.where(scales > 0, 1 / scales, torch.zeros(()))[:, None]
    return torch.searchsorted((code[:-1] + code[1:]) * 0.5, relative).flatten()[:count], scales


states = [encoded(torch.zeros(count), code) for code in maps]


def decoded(index: int) -> torch.Tensor:
    codes, scales = states[index]
    return maps[index][codes] * scales.repeat_interleave(256)[:count]


for number, gradient in enumerate(gradients, 1):
    m = torch.lerp(decoded(0), gradient, 1 - BETA1)
    v = decoded(1) * BETA2 + (1 - BETA2) * gradient * gradient
    bias = (1 - BETA2**number) ** 0.5
    parameters = parameters * (1 - LR * DECAY) - LR / (1 - BETA1**number) * m / (v.sqrt() / bias + EPS)
    states = [encoded(value, code) for value, code in zip((m, v), maps)]

body = {
    "versions": {"bitsandbytes": bitsandbytes.__version__, "torch": torch.__version__},
    "settings": {"learningRate": LR, "beta1": BETA1, "beta2": BETA2, "eps": EPS, "weightDecay": DECAY},
    "parameters": [float(f"{x:.9g}") for x in first.tolist()],
    "gradients": [[float(f"{x:.9g}") for x in g.tolist()] for g in gradients],
    "expected": [float(f"{x:.9g}") for x in parameters.tolist()],
    "codes_m": states[0][0].tolist(),
    "codes_v": states[1][0].tolist(),
    "scales_m": states[0][1].tolist(),
    "scales_v": states[1][1].tolist(),
    "sha256_of_parameters": hashlib.sha256(first.numpy().tobytes()).hexdigest(),
}
print(json.dumps(body))
