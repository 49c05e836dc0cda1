"""Makes the golden folder of one model family: what transformers, torch and peft compute from small random weights.

    python tests/golden/families/make.py --family gemma2
    python tests/golden/families/make.py            (all of them)

A folder holds config.json and model.safetensors as save_pretrained writes them (bf16, so that they are small and exact in
f32), expected.json (log-probabilities, a greedy continuation, ten losses of AdamW, three losses of a LoRA run, versions, digests),
gradients.safetensors (every parameter's, of the first loss) and adapter/ (a LoRA adapter as peft saves it).
"""

import argparse
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import peft
import safetensors
import safetensors.torch
import torch
import transformers

here = Path(__file__).parent
vocab = 128
shape = dict(vocab_size=vocab, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2)
common = dict(shape, intermediate_size=48, max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2)
gemma = dict(common, head_dim=16, query_pre_attn_scalar=24, sliding_window=8, hidden_activation="gelu_pytorch_tanh")
llama3 = dict(rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=32)
experts = dict(moe_intermediate_size=16, num_experts=5, num_experts_per_tok=2, norm_topk_prob=True)

# Sizes are small, but every field that decides the arithmetic has a value under which it shows.
families = {
    "llama2": ("Llama", dict(common, num_key_value_heads=4)),
    "llama3": ("Llama", dict(common, rope_parameters=llama3, attention_bias=True, mlp_bias=True)),
    "mistral": ("Mistral", dict(common, sliding_window=7)),
    "qwen2": ("Qwen2", dict(common, tie_word_embeddings=True, use_sliding_window=True, sliding_window=9,
                            max_window_layers=1)),
    "qwen3": ("Qwen3", dict(common, head_dim=16, tie_word_embeddings=True, rope_parameters=dict(rope_theta=1e6))),
    "smollm2": ("Llama", dict(common, tie_word_embeddings=True, rope_parameters=dict(rope_theta=1e5))),
    "smollm3": ("SmolLM3", dict(common, num_hidden_layers=3, no_rope_layers=[1, 0, 1])),
    "gemma2": ("Gemma2", dict(gemma, attn_logit_softcapping=3.0, final_logit_softcapping=4.0)),
    "gemma3": ("Gemma3", dict(gemma, num_hidden_layers=3, layer_types=["sliding_attention"] * 2 + ["full_attention"],
                              rope_parameters=dict(
                                  sliding_attention=dict(rope_type="default", rope_theta=100.0),
                                  full_attention=dict(rope_type="linear", factor=4.0, rope_theta=1e6)))),
    "phi3": ("Phi3", dict(common, sliding_window=11)),
    "gpt2": ("GPT2", dict(vocab_size=vocab, n_embd=32, n_layer=2, n_head=4, n_positions=64, bos_token_id=1,
                          eos_token_id=2, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)),
    "qwen3-moe": ("Qwen3Moe", dict(common, **experts, head_dim=16, mlp_only_layers=[0])),
    "mixtral": ("Mixtral", dict(common, intermediate_size=24, num_local_experts=4, num_experts_per_tok=2)),
}


def model_class(name):
    return getattr(transformers, f"{name}LMHeadModel" if name == "GPT2" else f"{name}ForCausalLM")


def config_class(name):
    return getattr(transformers, "Gemma3TextConfig" if name == "Gemma3" else f"{name}Config")


def randomise(model, generator):
    """Spreads under which every module matters; norms lie around their neutral value."""
    for name, parameter in sorted(model.named_parameters()):
        values = torch.randn(parameter.shape, generator=generator)
        if "embed" in name or "wte" in name or "wpe" in name:
            values *= 0.3
        elif parameter.dim() == 1:
            is_norm = "norm" in name or "ln_" in name
            is_one = is_norm and name.endswith("weight") and parameter.float().mean() > 0.5
            values = 0.2 * values + (1.0 if is_one else 0.0)
        else:
            values *= 0.25
        with torch.no_grad():
            parameter.copy_(values)


def log_probs(model, ids):
    """log p(ids[i]) at place i; the first is 0."""
    logits = model(input_ids=torch.tensor([ids])).logits[0, :-1].float()
    chosen = torch.log_softmax(logits, -1).gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
    return torch.cat([torch.zeros(1), chosen])


def greedy(model, prompt, count):
    """The most likely continuation, through the cache of keys and values of transformers; no id ends it."""
    model.generation_config.eos_token_id = None
    options = dict(do_sample=False, max_new_tokens=count, pad_token_id=0)
    return model.generate(torch.tensor([prompt]), **options)[0].tolist()


def loss_of(model, sequences):
    """Mean over all targets of all sequences."""
    return -sum(log_probs(model, ids).sum() for ids in sequences) / sum(len(ids) - 1 for ids in sequences)


def losses_of(model, sequences, steps, parameters):
    """Losses before each step of AdamW."""
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model, sequences)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def by_checkpoint_name(name, gradient):
    """Experts lie stacked in memory and one by one in the file: [E, 2f, d] is E gates and E ups."""
    if ".experts." not in name:
        yield name, gradient
        return
    stem, leaf = name.rsplit(".", 1)
    is_mixtral = "block_sparse_moe" in name
    gate, up, down = ("w1", "w3", "w2") if is_mixtral else ("gate_proj", "up_proj", "down_proj")
    for expert, matrix in enumerate(gradient):
        parts = zip((gate, up), matrix.chunk(2)) if leaf == "gate_up_proj" else [(down, matrix)]
        for part, values in parts:
            yield f"{stem}.{expert}.{part}.weight", values


def checkpoint_names(name):
    """Mixtral's block is called mlp in memory and block_sparse_moe in the file."""
    return name.replace(".mlp.", ".block_sparse_moe.")


def lora(model, folder, is_conv, generator):
    """Saves an adapter with random matrices as peft does, and opens it with peft on the model."""
    config = peft.LoraConfig(r=2, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM",
                             fan_in_fan_out=is_conv)
    adapted = peft.get_peft_model(model, config)
    for name, parameter in sorted(adapted.named_parameters()):
        if "lora_" in name:
            with torch.no_grad():
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    adapted.save_pretrained(folder)
    neutral(folder)
    return adapted


def expert_lora(folder, generator):
    """
    The published form of an adapter on experts: one pair of matrices for each expert's own linear modules. peft turns it
    into updates of the stacked parameters when it opens the folder.
    """
    weights = safetensors.torch.load_file(folder.parent / "model.safetensors")
    # peft takes a layer without experts out of the targets, so it carries no update in its mlp.
    dense = r".*layers\.0\.mlp\..*" if any("layers.0.mlp.gate_proj" in name for name in weights) else None
    is_target = lambda name: any(part in name for part in ("_proj.weight", ".gate.weight", ".experts."))
    names = sorted(name for name in weights if is_target(name) and not (dense and "layers.0.mlp" in name))
    tensors = {}
    for name in names:
        outs, ins = weights[name].shape
        path = "base_model.model." + name.removesuffix(".weight")
        tensors[f"{path}.lora_A.weight"] = 0.1 * torch.randn(2, ins, generator=generator)
        tensors[f"{path}.lora_B.weight"] = 0.1 * torch.randn(outs, 2, generator=generator)
    config = peft.LoraConfig(r=2, lora_alpha=8, task_type="CAUSAL_LM", inference_mode=True, exclude_modules=dense,
                             target_modules=sorted({name.split(".")[-2] for name in names}))
    config.save_pretrained(folder)
    safetensors.torch.save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    neutral(folder)
    return {name: tensor.requires_grad_() for name, tensor in tensors.items()}


class Merged:
    """The model whose weights are W + (alpha / r) B A, as a function of A and B: what the adapter means, without peft."""

    def __init__(self, model, tensors, is_mixtral):
        self.model, self.tensors, self.is_mixtral = model, tensors, is_mixtral

    def update(self, path):
        stem = "base_model.model." + (checkpoint_names(path) if self.is_mixtral else path)
        a, b = (self.tensors.get(f"{stem}.lora_{side}.weight") for side in "AB")
        return None if a is None else 4.0 * b @ a

    def expert(self, stem, expert, part):
        names = {"gate_proj": "w1", "up_proj": "w3", "down_proj": "w2"} if self.is_mixtral else {}
        return self.update(f"{stem}.{expert}.{names.get(part, part)}")

    def __call__(self, **inputs):
        merged = {}
        for name, parameter in self.model.named_parameters():
            stem, leaf = name.rsplit(".", 1)
            count = range(len(parameter))
            if leaf == "gate_up_proj":
                pairs = [torch.cat([self.expert(stem, e, "gate_proj"), self.expert(stem, e, "up_proj")]) for e in count]
                merged[name] = parameter + torch.stack(pairs)
            elif leaf == "down_proj":
                merged[name] = parameter + torch.stack([self.expert(stem, e, "down_proj") for e in count])
            elif (update := self.update(stem)) is not None:
                merged[name] = parameter + update
        return torch.func.functional_call(self.model, merged, kwargs=inputs)


def neutral(folder):
    """No path of the machine that made it, and lists in one order."""
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = None
    config["target_modules"] = sorted(config["target_modules"])
    path.write_text(json.dumps(config, indent=2) + "\n")


def make(family):
    name, fields = families[family]
    folder = here / family
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    generator = torch.Generator().manual_seed(int(hashlib.sha256(family.encode()).hexdigest()[:8], 16))
    config = config_class(name)(**fields)
    config._attn_implementation = "eager"
    model = model_class(name)(config)
    randomise(model, generator)
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)

    def fresh():
        return model_class(name).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()

    lengths = (29, 14)
    sequences = [torch.randint(3, vocab, (n,), generator=generator).tolist() for n in lengths]
    model = fresh()
    expected = {"log_probs": [log_probs(model, ids).tolist() for ids in sequences]}
    expected["greedy"] = greedy(model, sequences[0][:9], 24)
    loss_of(model, sequences).backward()
    gradients = {}
    for key, parameter in model.named_parameters():
        stored = checkpoint_names(key) if name == "Mixtral" else key
        gradients.update((n, g.contiguous().clone()) for n, g in by_checkpoint_name(stored, parameter.grad))
    safetensors.torch.save_file(gradients, folder / "gradients.safetensors")
    model = fresh()
    expected["losses"] = losses_of(model, sequences, 10, model.parameters())
    if name in ("Qwen3Moe", "Mixtral"):
        tensors = expert_lora(folder / "adapter", generator)
        opened = peft.PeftModel.from_pretrained(fresh(), folder / "adapter")
        expected["adapter_log_probs"] = [log_probs(opened, ids).tolist() for ids in sequences]
        adapted = Merged(fresh().requires_grad_(False), tensors, name == "Mixtral")
        distance = max((log_probs(adapted, ids) - log_probs(opened, ids)).abs().max().item() for ids in sequences)
        assert distance < 1e-5, f"peft opens the adapter as another one: {distance}"
        trained = list(tensors.values())
    else:
        adapted = lora(fresh(), folder / "adapter", name == "GPT2", generator)
        expected["adapter_log_probs"] = [log_probs(adapted, ids).tolist() for ids in sequences]
        trained = [parameter for key, parameter in adapted.named_parameters() if "lora_" in key]
    expected["adapter_losses"] = losses_of(adapted, sequences, 3, trained)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    body = {
        "versions": {"transformers": transformers.__version__, "torch": torch.__version__, "peft": peft.__version__,
                     "safetensors": safetensors.__version__},
        "optimizer": "AdamW, lr 1e-3, betas 0.9 0.999, eps 1e-8, weight_decay 0.01 on every parameter",
        "sequences": sequences,
        **expected,
        "sha256": {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files},
    }
    (folder / "expected.json").write_text(json.dumps(body) + "\n")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{family}: {size / 1024:.0f} KiB, loss {expected['losses'][0]:.4f} -> {expected['losses'][-1]:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--family", choices=sorted(families))
    chosen = parser.parse_args().family
    torch.set_num_threads(1)
    for each in [chosen] if chosen else families:
        make(each)
