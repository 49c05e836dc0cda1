"""Small Llamas of transformers, in f32 with values that bf16 holds exactly, and the same on the card."""
import json

import peft
import torch
import transformers

import hone
from llama import BF16, F32, LINEARS, Shape, Weights

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
MODULES = {"q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "o": "self_attn.o_proj",
           "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj"}
RANK, ALPHA = 8, 16


def rounded(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.to(BF16))
    return model.to(DEVICE).eval()


def random_model():
    """Every width a multiple of 64, so that it has an NF4 form; a spread under which each module matters."""
    torch.manual_seed(5)
    config = transformers.LlamaConfig(vocab_size=96, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
                                      num_key_value_heads=2, max_position_embeddings=128, initializer_range=0.15)
    return rounded(transformers.LlamaForCausalLM(config))


def folder_model(folder):
    return rounded(transformers.LlamaForCausalLM.from_pretrained(folder, dtype=F32))


def golden():
    """A family with biases and scaled rotary frequencies, and the sequences it was recorded on."""
    folder = hone.ROOT / "tests/golden/families/llama3"
    return folder_model(folder), json.loads((folder / "expected.json").read_text())["sequences"]


def linear_of(model, layer, name):
    return model.get_submodule(f"model.layers.{layer}.{MODULES[name]}")


def shape_of(config):
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return Shape(config.hidden_size, config.num_hidden_layers, config.num_attention_heads, config.num_key_value_heads, head,
                 config.intermediate_size, config.vocab_size, config.rms_norm_eps)


def to_card(model, weight_format):
    """The weights on the card. With nf4 the model of torch gets the values that the codes stand for."""
    shape, layers = shape_of(model.config), []
    for number in range(shape.layers):
        layer = model.model.layers[number]
        held = {"norm1": hone.put(layer.input_layernorm.weight), "norm2": hone.put(layer.post_attention_layernorm.weight)}
        for name in LINEARS:
            module = linear_of(model, number, name)
            if weight_format == "nf4":
                held[name] = hone.pack(module.weight, "nf4")
                with torch.no_grad():
                    module.weight.copy_(hone.unpack(held[name]).read())
            else:
                held[name] = hone.put(module.weight.to(BF16))
            if module.bias is not None:
                held[f"{name}_bias"] = hone.put(module.bias)
        layers.append(held)
    rotary = model.model.rotary_emb
    return shape, Weights(layers, hone.put(model.model.embed_tokens.weight.to(BF16)), hone.put(model.lm_head.weight.to(BF16)),
                          hone.put(model.model.norm.weight), hone.put(rotary.inv_freq.to(F32)), float(rotary.attention_scaling))


def adapter_values(seed):
    """Neither A nor B is zero, so every gradient of the first step shows."""
    generator = torch.Generator().manual_seed(seed)
    drawn = {}

    def values(key, shape):
        if key not in drawn:
            drawn[key] = torch.randn(*shape, generator=generator) * (shape[1] ** -0.5 if key[2] == "a" else 0.05)
        return drawn[key]

    return values


def with_peft(model, shape, values, rank=RANK, alpha=ALPHA):
    """The model with an adapter of peft on all linears, which has these values; its parameters by (layer, name, part)."""
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=[path.split(".")[1] for path in MODULES.values()])
    wrapped, parameters = peft.get_peft_model(model, config), {}
    for layer in range(shape.layers):
        for name in LINEARS:
            module = linear_of(wrapped.base_model.model, layer, name)
            for part, holder in (("a", module.lora_A), ("b", module.lora_B)):
                parameter = parameters[layer, name, part] = holder["default"].weight
                with torch.no_grad():
                    parameter.copy_(values((layer, name, part), parameter.shape))
    return wrapped, parameters


def log_probs(model, sequences):
    """log p of each next token of each sequence, one after another."""
    parts = []
    for ids in sequences:
        ids = torch.tensor([ids], device=DEVICE)
        chosen = torch.log_softmax(model(input_ids=ids).logits[0, :-1].float(), -1)
        parts.append(chosen.gather(1, ids[0, 1:, None])[:, 0])
    return torch.cat(parts)
