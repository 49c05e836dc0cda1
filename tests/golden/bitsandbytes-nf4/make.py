"""Makes expected.json: what bitsandbytes makes of one small matrix (NF4, block 64, double quantization).

python tests/golden/bitsandbytes-nf4/make.py > tests/golden/bitsandbytes-nf4/expected.json
"""

import hashlib
import json

import bitsandbytes
import bitsandbytes.functional as functional
import torch

torch.manual_seed(20261122)
source = torch.randn(48, 128) * 0.04
source[3, 5] = 0.0
source[7] = 0.0
codes, state = functional.quantize_4bit(source, blocksize=64, compress_statistics=True, quant_type="nf4")
restored = functional.dequantize_4bit(codes, state)
body = {
    "versions": {"bitsandbytes": bitsandbytes.__version__, "torch": torch.__version__},
    "shape": list(source.shape),
    "source": source.flatten().tolist(),
    "codes": codes.flatten().tolist(),
    "absmax_codes": state.absmax.flatten().tolist(),
    "nested_absmax": state.state2.absmax.flatten().tolist(),
    "offset": float(state.offset),
    "restored": restored.float().flatten().tolist(),
}
body["sha256_of_source"] = hashlib.sha256(source.numpy().tobytes()).hexdigest()
print(json.dumps(body))
