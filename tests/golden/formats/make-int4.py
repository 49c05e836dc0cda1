"""Makes the GPTQ and AWQ goldens: one linear weight packed as AutoGPTQ (QuantLinear.pack) and AutoAWQ (WQLinear_GEMM.from_linear) pack
it, written from their published code, and the values that scale * (code - zero) gives.

python tests/golden/formats/make-int4.py tests/golden/formats
"""

import json
import os
import sys

import numpy as np
from safetensors.numpy import save_file

out = sys.argv[1]
random = np.random.default_rng(20261122)
IN, OUT, GROUP = 64, 16, 32
GROUPS = IN // GROUP


def pack_rows(codes, bits):
    """[in, out] -> [in * bits / 32, out], the first code in the lowest bits."""
    per = 32 // bits
    words = np.zeros((codes.shape[0] // per, codes.shape[1]), dtype=np.uint32)
    for i in range(codes.shape[0]):
        words[i // per] |= codes[i].astype(np.uint32) << np.uint32(bits * (i % per))
    return words.view(np.int32)


def pack_columns(codes, bits, order=None):
    """[rows, out] -> [rows, out * bits / 32]; nibble i of a word holds column order[i]."""
    per = 32 // bits
    order = order or list(range(per))
    words = np.zeros((codes.shape[0], codes.shape[1] // per), dtype=np.uint32)
    for column in range(words.shape[1]):
        for i in range(per):
            words[:, column] |= codes[:, column * per + order[i]].astype(np.uint32) << np.uint32(bits * i)
    return words.view(np.int32)


def write(name, config, tensors, weight):
    folder = f"{out}/{name}"
    os.makedirs(folder, exist_ok=True)
    save_file({f"model.layer.{key}": value for key, value in tensors.items()}, f"{folder}/model.safetensors")
    json.dump({"quantization_config": config}, open(f"{folder}/config.json", "w"), indent=1)
    json.dump({"numpy": np.__version__, "weight": weight.astype(np.float32).flatten().tolist()}, open(f"{folder}/expected.json", "w"))


def values(codes, zeros, scales, groups):
    return (scales.astype(np.float32)[groups] * (codes.astype(np.float32) - zeros.astype(np.float32)[groups])).T


scales = (np.abs(random.standard_normal((GROUPS, OUT))) * 0.01 + 1e-3).astype(np.float16)
in_order = np.arange(IN) // GROUP
shuffled = random.permutation(in_order)
for name, bits, groups, desc_act, version in (
    ("gptq-4bit", 4, in_order, False, "gptq"),
    ("gptq-4bit-act-order", 4, shuffled, True, "gptq"),
    ("gptq-8bit-v2", 8, in_order, False, "gptq_v2"),
):
    codes = random.integers(0, 2**bits, (IN, OUT))
    zeros = random.integers(1, 2**bits, (GROUPS, OUT))
    stored = zeros - 1 if version == "gptq" else zeros
    config = {
        "quant_method": "gptq", "bits": bits, "group_size": GROUP, "desc_act": desc_act, "sym": False, "checkpoint_format": version,
    }
    tensors = {
        "qweight": pack_rows(codes, bits), "qzeros": pack_columns(stored, bits), "scales": scales,
        "g_idx": groups.astype(np.int32), "bias": np.zeros(OUT, dtype=np.float16),
    }
    write(name, config, tensors, values(codes, zeros, scales, groups))

codes = random.integers(0, 16, (IN, OUT))
zeros = random.integers(0, 16, (GROUPS, OUT))
order = [0, 2, 4, 6, 1, 3, 5, 7]
config = {"quant_method": "awq", "bits": 4, "group_size": GROUP, "zero_point": True, "version": "gemm"}
tensors = {"qweight": pack_columns(codes, 4, order), "qzeros": pack_columns(zeros, 4, order), "scales": scales}
write("awq", config, tensors, values(codes, zeros, scales, in_order))
