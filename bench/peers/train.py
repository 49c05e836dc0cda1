"""The peer of the training rows: whole optimiser steps with transformers (and peft for LoRA) on the CPU.

Requests: {"case": "step", "config": {...}, "method": "full" | "lora", "dtype": "bfloat16" | "float32", "batch": 4, "length": 256}.
The loop is the plain one of the libraries' examples: loss, backward, clipping, AdamW, on tokens without padding.
"""

import resource

import peft
import torch
import transformers
from serve import serve


def step(config: dict, method: str, dtype: str, batch: int, length: int):
    torch.manual_seed(0)
    # Weights are made in their own type: a first copy in f32 would count as the peer's peak memory.
    torch.set_default_dtype(getattr(torch, dtype))
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**config))
    model.config.use_cache = False
    if method == "lora":
        targets = peft.LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
        model = peft.get_peft_model(model, targets)
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5)
    detail = {
        "dtype": dtype,
        "threads": torch.get_num_threads(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__},
    }

    def call() -> None:
        ids = torch.randint(0, config["vocab_size"], (batch, length))
        model(input_ids=ids, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        detail["peakBytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    return call, detail


if __name__ == "__main__":
    serve({"step": step})
