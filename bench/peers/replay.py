"""The peer of the replay: transformers' continuous batching, token ids in, token ids out, on the card where there is one.

Standard input: {"shape", "sequencesMax", "runs": [{"name", "requests": [{"ids", "tokens", "at"}]}]}; a line for each run: the seconds
of every token of every request.
"""

import inspect
import json
import sys
import threading
import time

import torch
import transformers

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def model_of(shape: dict):
    """Random weights; what the answers are does not matter, their lengths are given."""
    config = transformers.LlamaConfig(**shape, bos_token_id=None, eos_token_id=None, pad_token_id=0, attn_implementation="sdpa")
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(DEVICE):
        return transformers.LlamaForCausalLM(config).eval()


def known(function, arguments: dict) -> dict:
    """The arguments that this version of the library has."""
    return {name: value for name, value in arguments.items() if name in inspect.signature(function).parameters}


def replay(model, requests: list, sequences_max: int) -> list:
    """Requests go in at their times from a thread of their own; the times of tokens are those that the library records."""
    settings = transformers.GenerationConfig(do_sample=False, eos_token_id=-1, pad_token_id=0, max_new_tokens=max(each["tokens"] for each in requests))
    limits = {"max_requests_per_batch": sequences_max}
    if DEVICE == "cpu":
        limits |= {"num_blocks": 512, "max_batch_tokens": 256, "page_size": 16}
    config = transformers.ContinuousBatchingConfig(**known(transformers.ContinuousBatchingConfig, limits))
    manager = model.init_continuous_batching(generation_config=settings, **known(model.init_continuous_batching, {"continuous_batching_config": config}))
    if hasattr(manager, "warmup"):
        manager.warmup()
    manager.start()
    began = time.perf_counter()

    def feed():
        for index in sorted(range(len(requests)), key=lambda at: requests[at]["at"]):
            each = requests[index]
            time.sleep(max(0.0, began + each["at"] - time.perf_counter()))
            manager.add_request(each["ids"], request_id=str(index), max_new_tokens=each["tokens"], record_timestamps=True)

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    times: list = [None] * len(requests)
    try:
        while any(each is None for each in times):
            result = manager.get_result(timeout=1)
            if result is None:
                if not manager.is_running():
                    raise RuntimeError("continuous batching ended before its requests")
                continue
            if result.error:
                raise RuntimeError(result.error)
            if result.is_finished():
                times[int(result.request_id)] = [time_of - began for time_of in result.timestamps]
    finally:
        feeder.join()
        manager.stop(block=True)
    return times


def main() -> None:
    given = json.load(sys.stdin)
    torch.manual_seed(0)
    model = model_of(given["shape"])
    for run in given["runs"]:
        times = replay(model, run["requests"], given["sequencesMax"])
        peak = torch.cuda.max_memory_allocated() if DEVICE == "cuda" else None
        print(json.dumps({"name": run["name"], "times": times, "peakBytes": peak, "version": transformers.__version__}), flush=True)


if __name__ == "__main__":
    with torch.no_grad():
        main()
