"""Makes the bitsandbytes goldens: checkpoints that transformers saved (bnb-nf4-nested, bnb-nf4, bnb-fp4, bnb-int8) of one small random
Llama and of a GPT-2 (bnb-nf4-gpt2, whose plain files hold their weights transposed), each with the digests of the weights that bitsandbytes restores and the log-probabilities of transformers over those weights in f32.
(bitsandbytes' own CPU kernels round activations to bf16 or int8, which is no property of the checkpoint.)

python tests/golden/formats/make-bitsandbytes.py tests/golden/formats
"""

import base64
import hashlib
import json
import os
import shutil
import sys
import tempfile

import bitsandbytes
import bitsandbytes.functional as functional
import torch
import transformers

out = sys.argv[1]
versions = {"bitsandbytes": bitsandbytes.__version__, "torch": torch.__version__, "transformers": transformers.__version__}
torch.manual_seed(20261122)


def randomized(model):
    plain = model.float().eval()
    for parameter in plain.parameters():
        torch.nn.init.normal_(parameter, std=0.08) if parameter.dim() > 1 else torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return plain


def saved(plain):
    folder = tempfile.mkdtemp()
    plain.save_pretrained(folder)
    return folder


llama = randomized(transformers.LlamaForCausalLM(transformers.LlamaConfig(
    vocab_size=48, hidden_size=64, intermediate_size=128, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=True, bos_token_id=1, eos_token_id=2,
)))
four = dict(load_in_4bit=True, bnb_4bit_compute_dtype=torch.float32)
nested = dict(**four, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)
variants = {
    "bnb-nf4-nested": nested,
    "bnb-nf4": dict(**four, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=False),
    "bnb-fp4": dict(**four, bnb_4bit_quant_type="fp4", bnb_4bit_use_double_quant=False),
    "bnb-int8": dict(load_in_8bit=True),
}
ids = [1, *torch.randint(3, 48, (23,)).tolist()]


def restored(module):
    """The weight as the plain files of its family hold it, or None."""
    if isinstance(module, bitsandbytes.nn.Linear4bit):
        return functional.dequantize_4bit(module.weight.data, module.weight.quant_state)
    if isinstance(module, bitsandbytes.nn.Linear8bitLt):
        scales = module.weight.SCB if module.weight.SCB is not None else module.state.SCB
        return functional.int8_vectorwise_dequant(module.weight.data, scales)
    return None


def make(name, plain, folder, settings):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, quantization_config=transformers.BitsAndBytesConfig(**settings), dtype=torch.float32, device_map={"": "cpu"}
    )
    target = f"{out}/{name}"
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target)
    weights = {}
    for path, module in model.named_modules():
        values = restored(module)
        if values is None:
            continue
        if isinstance(plain.get_submodule(path), transformers.pytorch_utils.Conv1D):
            values = values.T
        values = values.float().contiguous()
        plain.get_parameter(f"{path}.weight").data = values
        digest = hashlib.sha256(values.numpy().tobytes()).hexdigest()
        weights[f"{path}.weight"] = {"sha256": digest, "first": values.flatten()[:8].tolist()}
    with torch.no_grad():
        logp = torch.log_softmax(plain(torch.tensor([ids])).logits[0].double(), -1)
    expected = [float(logp[i, ids[i + 1]]) for i in range(len(ids) - 1)]
    body = {"versions": versions, "weights": weights, "ids": ids, "logp": expected}
    json.dump(body, open(f"{target}/expected.json", "w"), indent=1)


folder = saved(llama)
for name, settings in variants.items():
    make(name, llama, folder, settings)

gpt2 = randomized(transformers.GPT2LMHeadModel(transformers.GPT2Config(
    vocab_size=48, n_embd=64, n_layer=1, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=2,
)))
make("bnb-nf4-gpt2", gpt2, saved(gpt2), nested)
