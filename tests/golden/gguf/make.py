"""Makes the GGUF goldens: a small random model of each family as llama.cpp's converter writes it, and its log-probabilities under
transformers.

    python tests/golden/gguf/make.py tests/golden/gguf
    python tests/golden/gguf/make.py /tmp/judge --f32      (all in F32 and with a vocabulary, for llama.cpp itself to read)

Tensor names come from the map of the gguf package; what the converter changes is written here: llama's rotary pairs, the
norms of Gemma, GPT-2's transposed matrices, the stacked experts. Matrices are BF16, vectors and routers F32.
"""

import hashlib
import json
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers

out, is_f32 = Path(sys.argv[1]), "--f32" in sys.argv
vocab = 300 if is_f32 else 64
common = dict(vocab_size=vocab, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
              num_key_value_heads=2, max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2)
gemma = dict(common, head_dim=16, query_pre_attn_scalar=16, hidden_activation="gelu_pytorch_tanh")
rope3 = dict(sliding_attention=dict(rope_type="default", rope_theta=10000.0),
             full_attention=dict(rope_type="linear", factor=4.0, rope_theta=1e6))

# name: (class, config class, GGUF's architecture, config)
families = {
    "mixtral": ("MixtralForCausalLM", "MixtralConfig", "llama",
                dict(common, num_local_experts=4, num_experts_per_tok=2, rope_parameters=dict(rope_theta=1e6))),
    "qwen3-moe": ("Qwen3MoeForCausalLM", "Qwen3MoeConfig", "qwen3moe",
                  dict(common, head_dim=16, moe_intermediate_size=24, num_experts=5, num_experts_per_tok=2, norm_topk_prob=True)),
    "gemma2": ("Gemma2ForCausalLM", "Gemma2Config", "gemma2",
               dict(gemma, sliding_window=8, attn_logit_softcapping=3.0, final_logit_softcapping=4.0)),
    "gemma3": ("Gemma3ForCausalLM", "Gemma3TextConfig", "gemma3",
               dict(gemma, num_hidden_layers=6, hidden_size=16, intermediate_size=32, sliding_window=8, rope_parameters=rope3)),
    "phi3": ("Phi3ForCausalLM", "Phi3Config", "phi3", dict(common, sliding_window=40)),
    "gpt2": ("GPT2LMHeadModel", "GPT2Config", "gpt2",
             dict(vocab_size=vocab, n_embd=32, n_layer=2, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=2)),
}


def randomise(model):
    """Spreads under which every module matters, exact in BF16; Gemma's norms lie around 0, the others around 1."""
    for name, parameter in sorted(model.named_parameters()):
        values = torch.randn(parameter.shape)
        if parameter.dim() > 1:
            values *= 0.3 if any(part in name for part in ("embed", "wte", "wpe")) else 0.25
        else:
            is_one = name.endswith("weight") and parameter.float().mean() > 0.5
            values = 0.2 * values + (1.0 if is_one else 0.0)
        with torch.no_grad():
            parameter.copy_(values.bfloat16().float())


def permute(weights, heads):
    """Rotary pairs side by side, as llama.cpp has them in the architecture llama."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def tensors_of(family, arch, config, model):
    """Name in the file -> values."""
    layers = config.num_hidden_layers
    names = gguf.get_tensor_name_map(next(a for a, word in gguf.MODEL_ARCH_NAMES.items() if word == arch), layers)
    for name, values in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        values = values.float().numpy()
        stem, parameter = name.rsplit(".", 1)
        if parameter not in ("weight", "bias"):
            # The experts lie stacked in memory as in the file, gate and up in one.
            layer = stem.split(".")[2]
            parts = {"gate_exps": values[:, : values.shape[1] // 2], "up_exps": values[:, values.shape[1] // 2 :]}
            if parameter == "down_proj":
                parts = {"down_exps": values}
            for part, matrix in parts.items():
                yield f"blk.{layer}.ffn_{part}.weight", matrix
            continue
        mapped = names.get_name(stem if family != "mixtral" else stem.replace(".mlp.gate", ".block_sparse_moe.gate"))
        assert mapped, f"the gguf package has no name for {name}"
        if arch == "llama" and stem.endswith(("q_proj", "k_proj")):
            values = permute(values, config.num_attention_heads if "q_proj" in stem else config.num_key_value_heads)
        if arch.startswith("gemma") and stem.endswith("norm"):
            values = values + np.float32(1)
        if arch == "gpt2" and parameter == "weight" and values.ndim == 2 and ".h." in name:
            values = values.T
        yield f"{mapped}.{parameter}", values


def write_fields(writer, family, arch, config):
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    if arch == "gpt2":
        writer.add_feed_forward_length(4 * config.n_embd)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
        return
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if arch in ("qwen3moe", "gemma2", "gemma3"):
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    else:
        writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    if arch == "gemma3":
        writer.add_rope_freq_base(config.rope_parameters["full_attention"]["rope_theta"])
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(config.rope_parameters["full_attention"]["factor"])
    elif arch != "gemma2":
        writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if arch in ("gemma2", "gemma3", "phi3"):
        writer.add_sliding_window(config.sliding_window)
    if arch == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if "num_experts_per_tok" in families[family][3]:
        writer.add_expert_count(families[family][3].get("num_experts") or config.num_local_experts)
        writer.add_expert_used_count(config.num_experts_per_tok)
    if arch == "qwen3moe":
        writer.add_expert_feed_forward_length(config.moe_intermediate_size)


def write_vocabulary(writer):
    """Bytes and some padding: enough for llama.cpp to open the file."""
    writer.add_tokenizer_model("llama")
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    pieces += [f"<pad{id}>" for id in range(len(pieces), vocab)]
    writer.add_token_list(pieces)
    writer.add_token_scores([0.0] * vocab)
    writer.add_token_types([2, 3, 3] + [6] * 256 + [5] * (vocab - 259))


out.mkdir(parents=True, exist_ok=True)
expected = {}
for number, (family, (name, config_name, arch, fields)) in enumerate(families.items()):
    torch.manual_seed(20261122 + number)
    config = getattr(transformers, config_name)(**fields, attn_implementation="eager")
    model = getattr(transformers, name)(config).float().eval()
    randomise(model)
    path = out / f"{family}.gguf"
    writer = gguf.GGUFWriter(str(path), arch)
    write_fields(writer, family, arch, config)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    if is_f32:
        write_vocabulary(writer)
    for tensor, values in tensors_of(family, arch, config, model):
        is_plain = is_f32 or values.ndim == 1 or "ffn_gate_inp" in tensor or "position_embd" in tensor
        kind = gguf.GGMLQuantizationType.F32 if is_plain else gguf.GGMLQuantizationType.BF16
        writer.add_tensor(tensor, gguf.quantize(np.ascontiguousarray(values), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    ids = [1, *torch.randint(3, vocab, (23,)).tolist()]
    with torch.no_grad():
        logp = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
    expected[family] = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "ids": ids,
        "logp": [round(float(logp[i, ids[i + 1]]), 7) for i in range(len(ids) - 1)],
    }
versions = {"gguf": "0.19.0", "numpy": np.__version__, "torch": torch.__version__, "transformers": transformers.__version__}
(out / "expected.json").write_text(json.dumps({"versions": versions, "families": expected}, indent=1) + "\n")
