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
SCALES = {"GB/s": 1e9, "TFLOP/s": 1e12, "token/s": 1.0, "Mrow/s": 1e6, "GB/s moved": 1e9}
ceilings = {}
out = None
known = set()  # The cases that a call before this one measured.
until = float("inf")  # When the row's time is over, after which its peers are skipped.
torch_before = 0


def start(path, seed=1):
    """Opens the card; rows are appended to `path`."""
    global out
    begin = time.perf_counter()
    seen = map(json.loads, path.read_text().splitlines()) if path.exists() else ()
    known.update(line["detail"]["case"] for line in seen if "case" in line.get("detail", {}))
    facts = hone.start()
    hone.zeros((64,))
    hone.synchronise()
    out = open(path, "a")
    torch.manual_seed(seed)
    if DEVICE == "cpu":
        # Shapes this small take longer to share out than to compute.
        torch.set_num_threads(1)
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
    count_peak()


def count_peak():
    global torch_before
    if DEVICE == "cuda":
        torch_before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()


def torch_peak():
    """Bytes of torch's tensors at most since `count_peak`, less those that were there then."""
    return torch.cuda.max_memory_allocated() - torch_before if DEVICE == "cuda" else None


def samples_of(calls, turns, least=5e-3):
    """Seconds of a call of each, sample by sample. The first call of each is not counted: it builds what the others use."""
    once = []
    for call in calls:
        first = seconds(call, 1)
        once.append(max(1e-6, first if first > 1 or SMALL else seconds(call, 1)))
    times = [1 if SMALL else max(1, min(200, int(least / each))) for each in once]
    turns = 1 if SMALL else max(2, min(turns, int(8 / sum(a * b for a, b in zip(once, times)))))
    samples = [[] for _ in calls]
    for turn in range(turns):
        order = range(len(calls))
        for at in order if turn % 2 == 0 else reversed(order):
            samples[at].append(seconds(calls[at], times[at]))
    return samples


class Later:
    """A peer that is made when its turn comes, since it takes time and memory: `build` gives what a call runs."""

    def __init__(self, build):
        self.build = build


class Missing(Exception):
    """A peer that cannot be had here, in words for the table."""


class PeerFailed(Exception):
    """A peer that cannot be had or does not run. Only the words are kept, since the exception itself would keep its tensors."""

    def __init__(self, problem):
        self.is_memory = isinstance(problem, torch.OutOfMemoryError)
        super().__init__("out of memory" if self.is_memory else str(problem) if isinstance(problem, Missing) else said(problem))


def of_peer(call):
    """The call, whose failure is the peer's alone."""

    def run():
        try:
            return call()
        except Exception as problem:
            failure = PeerFailed(problem)
        raise failure

    return run


def prepared(peer):
    """What a call of the peer runs. The memory of one that is made here is counted from here."""
    if not isinstance(peer, Later):
        return of_peer(peer)
    count_peak()
    return of_peer(of_peer(peer.build)())


def sampled(ours, peer, turns, let_go):
    """Samples of ours and of the peer, either None, our peak, and what there is to say of the peer. Where there is no room for both, and
    ours can be freed by `let_go`, the peer runs after ours; one that fails leaves ours as they are."""
    if peer is None or time.monotonic() > until:
        return samples_of([ours], turns)[0], None, hone.peak_bytes(), "" if peer is None else "skipped for want of time"
    why = None
    try:
        return *samples_of([ours, prepared(peer)], turns), hone.peak_bytes(), ""
    except PeerFailed as problem:
        why = None if problem.is_memory and let_go else str(problem)
    except RuntimeError:
        # Ours beside the peer; by themselves they show whether it was for want of memory.
        if not let_go:
            raise
    forget()
    mine, peak = samples_of([ours], turns)[0], hone.peak_bytes()
    if why:
        return mine, None, peak, why
    try:
        let_go()
        forget()
        return mine, samples_of([prepared(peer)], turns)[0], peak, "after ours, for want of memory"
    except PeerFailed as problem:
        return mine, None, peak, str(problem)


def compare(row, workload, ours, peer, work, unit, peer_name=None, gate=None, bound=1e-2, bar=None, passes=None, share=None, turns=7,
            let_go=None, peer_work=None, **detail):
    """Records a row. `work` is what a call does (`peer_work`: one of the peer's, where that is less), `gate` gives the error of ours, or
    None where it cannot tell, `share` the GB or TFLOP of a call where the ceiling has another unit than the row; `passes` takes the row
    and its share of the ceiling. `peer` is what a call runs, or `Later`. A failure of ours is a row too; a peer's stands in its place."""
    case = f"{row} {workload} {peer_name}"
    if case in known:
        return
    line = {"row": row, "workload": workload, "unit": unit, "ours": None, "peer": None, "peer_name": peer_name or "", "ratio": None,
            "of_ceiling": None, "bar": bar, "pass": None}
    detail["case"] = case
    try:
        mine, theirs, peak, why = sampled(ours, peer, turns, let_go)
        line["peer_name"] += f"{', ' if theirs else ': '}{why}" if why else ""
        middle = statistics.median(mine)
        line["ours"] = work / middle / SCALES[unit]
        detail |= {"ms": middle * 1e3, "ms_min": min(mine) * 1e3, "ms_max": max(mine) * 1e3, "peak_bytes": peak}
        if theirs:
            line["peer"] = (peer_work or work) / statistics.median(theirs) / SCALES[unit]
            line["ratio"] = line["ours"] / line["peer"]
            detail |= {"peer_ms": statistics.median(theirs) * 1e3, "peer_peak_bytes": torch_peak()}
        limit, amount = share or (unit, work / SCALES[unit])
        if limit in ceilings:
            line["of_ceiling"] = amount / middle / ceilings[limit]
        off = gate() if gate else None
        if off is not None:
            detail |= {"error": off, "error_bound": bound}
        if off is not None and not off <= bound:
            line |= {"pass": False, "failed": f"error {off:.2e} above {bound:.0e}"}
        elif passes and not SMALL and (theirs or peer is None or "ratio" not in bar):
            line["pass"] = bool(passes(line | {"detail": detail}))
    except Exception as problem:  # Whatever it is, the other rows are still worth having.
        line["failed"] = said(problem)
        end_if_lost()
    say(**line, detail=detail)
    tell(line)


def skip(row, workload, why):
    """A case that is not measured here, in its place in the table."""
    if f"{row} {workload}" in known:
        return
    line = dict(row=row, workload=workload, skipped=why, detail={"case": f"{row} {workload}"})
    say(**line)
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


def allow(seconds):
    """The time of the row that begins."""
    global until
    until = time.monotonic() + seconds


def tell(line):
    if "skipped" in line:
        print(f"     {line['row']} {line['workload']}: {line['skipped']}", flush=True)
        return
    if "failed" in line:
        print(f"BAD  {line['row']} {line['workload']}: {line['failed']}", flush=True)
        return
    against = f" {line['peer']:.4g}, ratio {line['ratio']:.2f}" if line["peer"] else ""
    against = f", {line['peer_name']}{against}" if line["peer_name"] else ""
    share = f", {line['of_ceiling']:.0%} of the ceiling" if line["of_ceiling"] is not None else ""
    print(f"ok   {line['row']} {line['workload']}: {line['ours']:.4g} {line['unit']}{against}{share}", flush=True)


def end_if_lost():
    """A kernel that went astray takes the whole process's card with it; another process goes on."""
    try:
        wait()
    except Exception:
        sys.exit(3)
