"""Makes expected.json: what bitsandbytes makes of one small matrix (LLM.int8, row-wise, without outliers).

python tests/golden/bitsandbytes-int8/make.py > tests/golden/bitsandbytes-int8/expected.json
"""

import hashlib
import json

import bitsandbytes
import bitsandbytes.functional as functional
import torch

torch.manual_seed(20261123)
source = torch.randn(20, 75) * 0.04
source[3, 5] = 0.0
codes, absmax, _ = functional.int8_vectorwise_quant(source)
restored = functional.int8_vectorwise_dequant(codes, absmax)
body = {
    "versions": {"bitsandbytes": bitsandbytes.__version__, "torch": torch.__version__},
    "shape": list(source.shape),
    "source": source.flatten().tolist(),
    "codes": codes.flatten().tolist(),
    "absmax": absmax.flatten().tolist(),
    "restored": restored.float().flatten().tolist(),
}
body["sha256_of_source"] = hashlib.sha256(source.numpy().tobytes()).hexdigest()
print(json.dumps(body))
