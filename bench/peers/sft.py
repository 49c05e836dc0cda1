"""The peer of the SFT row: a LoRA fine-tune of the same shape with transformers and peft on the CPU.

Prints one JSON object: tokens per second (real tokens, no padding), peak memory and versions. bf16 and f32 are both tried
when asked for; the caller takes the better one.
"""

import argparse
import json
import resource
import time

import peft
import torch
import transformers

SHAPES = {
    "100m": dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, num_key_value_heads=4,
                 intermediate_size=2048, vocab_size=32000),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", default="100m", choices=sorted(SHAPES))
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float32"])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)

    config = transformers.LlamaConfig(**SHAPES[args.shape], max_position_embeddings=2048)
    model = transformers.LlamaForCausalLM(config).to(getattr(torch, args.dtype))
    lora = peft.LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    model = peft.get_peft_model(model, lora)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)

    def step() -> None:
        ids = torch.randint(0, config.vocab_size, (args.batch, args.length))
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    step()
    times = []
    for _ in range(args.steps):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    seconds = sorted(times)[len(times) // 2]
    print(json.dumps({
        "tokens_per_second": args.batch * args.length / seconds,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "dtype": args.dtype,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__},
    }))


if __name__ == "__main__":
    main()
