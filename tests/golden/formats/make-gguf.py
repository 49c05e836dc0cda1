"""Makes the GGUF goldens: blocks.json (what the gguf package restores from and quantises to), llama-mixed.gguf (a small random
Llama whose tensors have many types) and llama-mixed.json (its log-probabilities under transformers), llama-vocabulary.gguf (a smaller one with a SentencePiece vocabulary).

python tests/golden/formats/make-gguf.py tests/golden/formats
"""

import base64
import hashlib
import json
import sys

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as T

out = sys.argv[1]
versions = {"gguf": "0.19.0", "numpy": np.__version__, "torch": torch.__version__, "transformers": transformers.__version__}
random = np.random.default_rng(20261122)
b64 = lambda array: base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def random_blocks(kind, count, halves):
    size = gguf.GGML_QUANT_SIZES[kind][1]
    blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
    for at in halves:
        scale = (random.standard_normal(count) * 0.02).astype(np.float16)
        blocks[:, at : at + 2] = scale.view(np.uint8).reshape(count, 2)
    return blocks


halves_of = {
    T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0],
    T.Q2_K: [80, 82], T.Q3_K: [108], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208],
}
restored = {}
for kind, halves in halves_of.items():
    blocks = random_blocks(kind, 4, halves)
    restored[kind.name] = {"blocks": b64(blocks), "values": b64(gguf.dequantize(blocks, kind).astype(np.float32))}

values = (random.standard_normal((64, 32)) * 0.05).astype(np.float32)
values[0] = 0
values[1, :] = np.arange(32) - 16
values[2, 3] = -values[2].max() * 4
values[3] *= 1e-9
values[4] = np.where(np.arange(32) % 2, 0.5, -0.5)
quantised = {kind.name: b64(gguf.quantize(values, kind)) for kind in (T.Q8_0, T.Q4_0)}
quantised["F16"] = b64(values.astype(np.float16))
body = {"versions": versions, "restored": restored, "values": b64(values), "quantised": quantised}
json.dump(body, open(f"{out}/blocks.json", "w"), indent=1)

torch.manual_seed(20261122)
config = transformers.LlamaConfig(
    vocab_size=64, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2,
    rope_theta=10000.0, attn_implementation="eager",
)
model = transformers.LlamaForCausalLM(config).float().eval()
for parameter in model.parameters():
    torch.nn.init.normal_(parameter, std=0.1) if parameter.dim() > 1 else torch.nn.init.uniform_(parameter, 0.5, 1.5)

modules = {
    "self_attn.q_proj": ("attn_q", T.Q8_0), "self_attn.k_proj": ("attn_k", T.Q4_1), "self_attn.v_proj": ("attn_v", T.Q5_0),
    "self_attn.o_proj": ("attn_output", T.Q5_1), "mlp.gate_proj": ("ffn_gate", T.Q4_0), "mlp.up_proj": ("ffn_up", T.F16),
    "mlp.down_proj": ("ffn_down", T.BF16), "input_layernorm": ("attn_norm", T.F32), "post_attention_layernorm": ("ffn_norm", T.F32),
}


def permute(weights, heads):
    """llama.cpp, convert_hf_to_gguf.py, LlamaModel.permute."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def home(name):
    for own, theirs, kind in (
        ("model.embed_tokens", "token_embd", T.Q8_0), ("model.norm", "output_norm", T.F32), ("lm_head", "output", T.F16),
    ):
        if name == f"{own}.weight":
            return f"{theirs}.weight", kind
    _, _, layer, module = name.split(".", 3)
    theirs, kind = modules[module.removesuffix(".weight")]
    return f"blk.{layer}.{theirs}.weight", kind


writer = gguf.GGUFWriter(f"{out}/llama-mixed.gguf", "llama")
writer.add_name("mixed")
writer.add_context_length(64)
writer.add_embedding_length(64)
writer.add_block_count(2)
writer.add_feed_forward_length(96)
writer.add_head_count(4)
writer.add_head_count_kv(2)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_rope_dimension_count(16)
writer.add_rope_freq_base(10000.0)
writer.add_vocab_size(64)
writer.add_bos_token_id(1)
writer.add_eos_token_id(2)
state = model.state_dict()
for name in list(state):
    theirs, kind = home(name)
    values = state[name].numpy()
    heads = {"q": 4, "k": 2}.get(name.split(".")[-2][0]) if "self_attn.q" in name or "self_attn.k" in name else None
    stored = permute(values, heads) if heads else values
    data = gguf.quantize(stored, kind)
    back = gguf.dequantize(data, kind).reshape(stored.shape)
    if heads:
        back = back.reshape(heads, stored.shape[0] // heads // 2, 2, stored.shape[1]).swapaxes(1, 2).reshape(stored.shape)
    state[name] = torch.tensor(back)
    writer.add_tensor(theirs, data, raw_dtype=kind)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
model.load_state_dict(state)

ids = [1, *random.integers(3, 64, 23).tolist()]
with torch.no_grad():
    logp = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
expected = [float(logp[i, ids[i + 1]]) for i in range(len(ids) - 1)]
digest = hashlib.sha256(open(f"{out}/llama-mixed.gguf", "rb").read()).hexdigest()
json.dump({"versions": versions, "sha256": digest, "ids": ids, "logp": expected}, open(f"{out}/llama-mixed.json", "w"), indent=1)

writer = gguf.GGUFWriter(f"{out}/llama-vocabulary.gguf", "llama")
writer.add_context_length(32)
writer.add_embedding_length(16)
writer.add_block_count(1)
writer.add_feed_forward_length(32)
writer.add_head_count(2)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_tokenizer_model("llama")
pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + ["\u2581", "a", "b", "\u2581a", "ab", "\u2581ab"]
writer.add_token_list(pieces)
writer.add_token_scores([0.0] * 259 + [-1e4, -1e4, -1e4, -1.0, -2.0, -3.0])
writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * 6)
writer.add_bos_token_id(1)
writer.add_eos_token_id(2)
writer.add_unk_token_id(0)
writer.add_chat_template("{% for message in messages %}{{ message['content'] }}{% endfor %}")
shapes = {
    "token_embd.weight": (265, 16), "output_norm.weight": (16,), "blk.0.attn_norm.weight": (16,), "blk.0.ffn_norm.weight": (16,),
    "blk.0.attn_q.weight": (16, 16), "blk.0.attn_k.weight": (16, 16), "blk.0.attn_v.weight": (16, 16),
    "blk.0.attn_output.weight": (16, 16), "blk.0.ffn_gate.weight": (32, 16), "blk.0.ffn_up.weight": (32, 16),
    "blk.0.ffn_down.weight": (16, 32),
}
for name, shape in shapes.items():
    values = (random.standard_normal(shape) * 0.1).astype(np.float32)
    writer.add_tensor(name, values if len(shape) == 1 else values.astype(np.float16))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
