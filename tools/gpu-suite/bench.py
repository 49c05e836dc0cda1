"""The rows G1 to G12 that need no Node: `python3 bench.py ROWS.jsonl [--small] [--seconds N] [--rows G1,G2]`.

The rows run in a process of their own, since a kernel that goes astray ends it: what is left runs in the next. What is measured already is
in ROWS.jsonl and is not measured again; at the end of the time the rest stays for another call (exit code 124).
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

# Seconds a row takes on a fast card, by estimate; those of which most is asked come first. None begins in a call that has less left, and
# one that takes twice as long skips the peers that are still to come.
ROWS = {"G1": 12, "G2": 20, "G3": 30, "G4": 20, "G8": 80, "G5": 40, "G10": 20, "G5 wide": 60, "G6": 25, "G6 full": 20, "G11": 5,
        "G12": 15, "G7": 70, "G5 long": 60, "G5 compiled": 70, "G8 compiled": 60}
LONGEST = 150  # Seconds without a figure after which a row counts as stuck.
def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def add(path, **line):
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def child(path, rows, left):
    begin = time.monotonic()
    import measure
    import rows_copies
    import rows_decode
    import rows_load
    import rows_ops
    import rows_preference
    import rows_train
    import torch

    functions = {"G1": rows_copies.g1, "G2": rows_ops.g2, "G3": rows_ops.g3, "G4": rows_ops.g4, "G8": rows_decode.g8, "G5": rows_train.g5,
                 "G10": rows_decode.g10, "G5 wide": rows_train.g5_wide, "G6": rows_train.g6, "G6 full": rows_train.g6_full, "G11": rows_ops.g11,
                 "G12": rows_load.g12, "G7": rows_preference.g7, "G5 long": rows_train.g5_long, "G5 compiled": rows_train.g5_compiled, "G8 compiled": rows_decode.g8_compiled}
    facts, opened = measure.start(path)
    measure.ceilings.update(measure.measure_ceilings())
    measure.say(facts=facts, torch=torch.__version__, opened_seconds=opened, is_small=measure.SMALL, ceilings=measure.ceilings)
    print(f"     ceilings: {measure.ceilings}", flush=True)
    for at, name in enumerate(rows):
        rest = left - (time.monotonic() - begin)
        # The first has all of the call before it, so there is none for which no call is long enough.
        if at > 0 and rest < ROWS[name]:
            continue
        measure.say(begun=name)
        measure.allow(2 * ROWS[name])
        measure.forget()
        measure.attempt(name, functions[name])
        measure.say(done=name)
    measure.say(ceilings_after=measure.measure_ceilings())


def left(path, wanted):
    """Rows that are not done. One that was begun twice and never done is given up."""
    seen = lines_of(path)
    done = {line["done"] for line in seen if "done" in line}
    begun = [line["begun"] for line in seen if "begun" in line]
    for name in wanted:
        if name not in done and begun.count(name) > 0:
            add(path, row=name, workload="not finished", failed="its process ended, or it took too long")
            add(path, done=name)
            done.add(name)
    return [name for name in wanted if name not in done]


def resume_last(path):
    """Lets the row that was under way begin again; what it measured stays, and is not measured again."""
    lines = lines_of(path)
    at = max((place for place, line in enumerate(lines) if "begun" in line), default=len(lines))
    if not any("done" in line for line in lines[at:]):
        path.write_text("".join(json.dumps(line) + "\n" for place, line in enumerate(lines) if place != at))


def watch(process, path, until):
    """Waits for the end, for a row that is stuck, or for the time to be over, which is told by True."""
    since, size = time.monotonic(), -1
    while process.poll() is None:
        time.sleep(0.2)
        if path.exists() and path.stat().st_size != size:
            size, since = path.stat().st_size, time.monotonic()
        is_over = time.monotonic() > until
        if is_over or time.monotonic() - since > LONGEST:
            process.kill()
            process.wait()
            return is_over
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--rows")
    parser.add_argument("--child", action="store_true")
    given = parser.parse_args()
    # Where there is no card, compiling takes minutes and shows nothing.
    wanted = given.rows.split(",") if given.rows else [name for name in ROWS if not (given.small and "compiled" in name)]
    if given.child:
        return child(given.out, wanted, given.seconds)
    until = time.monotonic() + given.seconds
    while rows := left(given.out, wanted):
        rest = until - time.monotonic()
        command = [sys.executable, __file__, str(given.out), "--child", "--rows", ",".join(rows), "--seconds", str(rest)] + ["--small"] * given.small
        # Triton looks at this when it is imported, by whomever.
        environment = os.environ | ({"TRITON_INTERPRET": "1"} if given.small else {})
        process = subprocess.Popen(command, env=environment)
        is_over = watch(process, given.out, until)
        if is_over:
            # By the clock and not by its own fault: it begins again next time.
            resume_last(given.out)
        if is_over or process.returncode == 0 and left(given.out, wanted):
            print(f"not reached in {given.seconds:.0f} s: {', '.join(left(given.out, wanted))}; run it again", flush=True)
            return 124
        if process.returncode and not any("begun" in line for line in lines_of(given.out)):
            return 1
    return 1 if any("failed" in line for line in lines_of(given.out)) else 0


if __name__ == "__main__":
    sys.exit(main())
