"""The rows G1 to G12 that need no Node: `python3 bench.py ROWS.jsonl [--small] [--seconds N] [--rows G1,G2]`.

The rows run in a process of their own, since a kernel that goes astray ends it: what is left runs in the next. What is measured already is
in ROWS.jsonl and is not measured again; at the end of the time the rest stays for another call (exit code 124).
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

# Those of which most is asked come first.
ROWS = ("G1", "G2", "G3", "G4", "G5", "G8", "G6", "G10", "G11", "G12", "G5 long", "G5 compiled")
LONGEST = 120  # Seconds a row may take before it counts as stuck.


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def add(path, **line):
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def child(path, rows):
    import measure
    import rows_load
    import rows_model
    import rows_ops
    import torch

    functions = {"G1": rows_ops.g1, "G2": rows_ops.g2, "G3": rows_ops.g3, "G4": rows_ops.g4, "G11": rows_ops.g11, "G5": rows_model.g5,
                 "G6": rows_model.g6, "G8": rows_model.g8, "G10": rows_model.g10, "G12": rows_load.g12, "G5 long": rows_model.g5_long, "G5 compiled": rows_model.g5_compiled}
    facts, opened = measure.start(path)
    measure.ceilings.update(measure.measure_ceilings())
    measure.say(facts=facts, torch=torch.__version__, opened_seconds=opened, is_small=measure.SMALL, ceilings=measure.ceilings)
    print(f"     ceilings: {measure.ceilings}", flush=True)
    for name in rows:
        measure.say(begun=name)
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


def forget_last(path):
    """Takes back the row that was under way."""
    lines = lines_of(path)
    at = max((place for place, line in enumerate(lines) if "begun" in line), default=len(lines))
    if not any("done" in line for line in lines[at:]):
        path.write_text("".join(json.dumps(line) + "\n" for line in lines[:at]))


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
        return child(given.out, wanted)
    until = time.monotonic() + given.seconds
    while rows := left(given.out, wanted):
        command = [sys.executable, __file__, str(given.out), "--child", "--rows", ",".join(rows)] + ["--small"] * given.small
        process = subprocess.Popen(command)
        is_over = watch(process, given.out, until)
        if is_over:
            # By the clock and not by its own fault: it begins anew next time.
            forget_last(given.out)
            print(f"not reached in {given.seconds:.0f} s: {', '.join(left(given.out, wanted))}; run it again", flush=True)
            return 124
        if process.returncode and not any("begun" in line for line in lines_of(given.out)):
            return 1
    return 1 if any("failed" in line for line in lines_of(given.out)) else 0


if __name__ == "__main__":
    sys.exit(main())
