"""How the rows are measured. Ours and the peer take turns, A B B A; a sample is as many calls as take some milliseconds, then one wait;
the median counts. A row says first whether both computed the same: a figure of a wrong result is none."""
import gc
import json
import statistics
import sys
import time

import torch

import hone

SMALL = "--small" in sys.argv
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
BF16, F32, I32 = torch.bfloat16, torch.float32, torch.int32
SCALES = {"GB/s": 1e9, "TFLOP/s": 1e12, "token/s": 1.0, "Mrow/s": 1e6, "GB/s loaded": 1e9}
ceilings = {}
out = None


def start(path, seed=1):
    """Opens the card; rows are appended to `path`."""
    global out
    begin = time.perf_counter()
    facts = hone.start()
    hone.zeros((64,))
    hone.synchronise()
    out = open(path, "a")
    torch.manual_seed(seed)
    return facts, time.perf_counter() - begin


def say(**line):
    out.write(json.dumps(line) + "\n")
    out.flush()


def normal(*shape, dtype=BF16, spread=1.0):
    return (torch.randn(*shape, device=DEVICE, dtype=F32) * spread).to(dtype)


def wait():
    hone.synchronise()
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def seconds(call, times):
    wait()
    begin = time.perf_counter()
    for _ in range(times):
        call()
    wait()
    return (time.perf_counter() - begin) / times


def planned(calls):
    """Ops as one graph, for kernels that take less than their call."""
    plan = hone.Plan(calls)
    plan.run()
    return plan.run


def graphed(function):
    """The same for torch."""
    if DEVICE == "cpu":
        return function
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side), torch.no_grad():
        for _ in range(2):
            function()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph), torch.no_grad():
        function()
    return graph.replay


def error(actual, expected):
    """|a - b| / |b| over a whole tensor; not a number never passes."""
    actual, expected = (each.read() if isinstance(each, hone.Tensor) else each for each in (actual, expected))
    actual, expected = (each.detach().to(DEVICE, F32).flatten() for each in (actual, expected))
    return ((actual - expected).norm() / expected.norm()).item()


def measure_ceilings():
    count, side = (1 << 12, 32) if SMALL else (1 << 29, 8192)
    source, target, a, b = normal(count), torch.empty(count, device=DEVICE, dtype=BF16), normal(side, side), normal(side, side)
    for call in (lambda: target.copy_(source), lambda: a @ b):
        call()
    return {"GB/s": 4 * count / min(seconds(lambda: target.copy_(source), 5) for _ in range(3)) / 1e9,
            "TFLOP/s": 2 * side**3 / min(seconds(lambda: a @ b, 5) for _ in range(3)) / 1e12}


def forget():
    """Frees what nothing needs any more, on both sides, and counts peaks anew."""
    gc.collect()
    hone.synchronise()
    hone.forget_peak()
    if DEVICE == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def samples_of(ours, peer, least, turns):
    """Seconds of a call of each, sample by sample. The first call of each is not counted: it builds what the others use."""
    begin = seconds(ours, 1)
    once = begin if begin > 1 else seconds(ours, 1)
    samples = {ours: []}
    if peer is not None:
        peer()
        samples[peer] = []
    times = 1 if SMALL else max(1, min(200, int(least / max(once, 1e-6))))
    turns = 2 if SMALL else max(2, min(turns, int(8 / (len(samples) * times * max(once, 1e-6)))))
    for turn in range(turns):
        for call in samples if turn % 2 == 0 else reversed(samples):
            samples[call].append(seconds(call, times))
    return samples


def samples_within_memory(ours, peer, turns):
    """The samples, and whether the peer found no room beside us: then ours are alone."""
    try:
        return samples_of(ours, peer, 5e-3, turns), False
    except torch.OutOfMemoryError:
        gc.collect()
        torch.cuda.empty_cache()
        return samples_of(ours, None, 5e-3, turns), True


def compare(row, workload, ours, peer, work, unit, peer_name=None, gate=None, bound=1e-2, bar=None, passes=None, share=None, turns=7, **detail):
    """Records a row. `work` is what a call does, `gate` gives the error of ours, `share` the GB or TFLOP of a call where the ceiling has
    another unit than the row; `passes` takes the row and its share of the ceiling. A failure is a row too."""
    line = {"row": row, "workload": workload, "unit": unit, "ours": None, "peer": None, "peer_name": peer_name or "", "ratio": None,
            "of_ceiling": None, "bar": bar, "pass": None}
    try:
        samples, is_alone = samples_within_memory(ours, peer, turns)
        if is_alone:
            peer, gate, line["peer_name"] = None, None, f"{peer_name}: out of memory"
        mine = statistics.median(samples[ours])
        line["ours"] = work / mine / SCALES[unit]
        detail |= {"ms": mine * 1e3, "ms_min": min(samples[ours]) * 1e3, "ms_max": max(samples[ours]) * 1e3, "peak_bytes": hone.peak_bytes()}
        if peer is not None:
            theirs = statistics.median(samples[peer])
            line |= {"peer": work / theirs / SCALES[unit], "ratio": theirs / mine}
            detail |= {"peer_ms": theirs * 1e3, "peer_peak_bytes": torch.cuda.max_memory_allocated() if DEVICE == "cuda" else None}
        limit, amount = share or (unit, work / SCALES[unit])
        if limit in ceilings:
            line["of_ceiling"] = amount / mine / ceilings[limit]
        off = gate() if gate else None
        is_right = off is None or off <= bound
        if off is not None:
            detail |= {"error": off, "error_bound": bound}
        if not is_right:
            line |= {"pass": False, "failed": f"error {off:.2e} above {bound:.0e}"}
        elif passes and not SMALL and (peer is not None or not is_alone):
            line["pass"] = bool(passes(line))
    except Exception as problem:  # Whatever it is, the other rows are still worth having.
        line["failed"] = said(problem)
        end_if_lost()
    say(**line, detail=detail)
    tell(line)


def attempt(row, function, *arguments, **named):
    """A case whose preparation may fail, which is a row as well; afterwards its memory is free again."""
    try:
        function(*arguments, **named)
    except Exception as problem:
        line = dict(row=row, workload=f"not set up: {', '.join(str(each) for each in arguments if isinstance(each, (int, str)))}", failed=said(problem))
        say(**line)
        tell(line)
        end_if_lost()
    forget()


def said(problem):
    return f"{type(problem).__name__}: {(str(problem).splitlines() or [''])[0][:200]}"


def tell(line):
    if "failed" in line:
        print(f"BAD  {line['row']} {line['workload']}: {line['failed']}", flush=True)
        return
    against = f", {line['peer_name']} {line['peer']:.4g}, ratio {line['ratio']:.2f}" if line["peer"] else ""
    share = f", {line['of_ceiling']:.0%} of the ceiling" if line["of_ceiling"] is not None else ""
    print(f"ok   {line['row']} {line['workload']}: {line['ours']:.4g} {line['unit']}{against}{share}", flush=True)


def end_if_lost():
    """A kernel that went astray takes the whole process's card with it; another process goes on."""
    try:
        wait()
    except Exception:
        sys.exit(3)
