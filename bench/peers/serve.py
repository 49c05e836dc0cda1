"""The peers' side of a contender: answers requests {"case", ...parameters} read as JSON lines from standard input.

A case is a function of the parameters that prepares itself once and returns what is to be timed, or a pair of that and a
dictionary of details. The answer is {"seconds": mean seconds of a call, "detail": ...} over `calls` calls (default: about
0.2 s of them). bench/protocol/serve.mjs is the same in JavaScript.
"""

import json
import sys
import time
from collections.abc import Callable


def seconds(call: Callable[[], object], calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - began) / calls


def serve(cases: dict[str, Callable]) -> None:
    key, call, detail, usual = None, None, {}, 1
    for line in sys.stdin:
        try:
            request = json.loads(line)
            name, calls = request.pop("case"), request.pop("calls", None)
            asked = json.dumps([name, request], sort_keys=True)
            if asked != key:
                key, call = None, None
                prepared = cases[name](**request)
                call, detail = prepared if isinstance(prepared, tuple) else (prepared, {})
                first = seconds(call, 1)
                once = first if first > 0.5 else seconds(call, 1)
                usual = max(1, min(1000, round(0.2 / once)))
                key = asked
            print(json.dumps({"seconds": seconds(call, calls or usual), "detail": detail}), flush=True)
        except Exception as error:  # Whatever a peer cannot do is said, not hidden.
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
