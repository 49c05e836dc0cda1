"""One table and one file of JSON lines of what the sections left: `python3 report.py STATE OUT_FOLDER`.

The lines have the fields of the other rows of docs/benchmarks, so `node bench/report.mjs` writes their table on the page there as well.
"""
import datetime
import json
import pathlib
import platform
import re
import subprocess
import sys

SECTIONS = ("build", "parity", "gradients", "train", "serve", "bench", "node", "replay")


def run(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def sections(state):
    """(name, outcome, seconds, complaints) of what has run."""
    for name in SECTIONS:
        if (state / f"{name}.result").exists():
            outcome, taken = (state / f"{name}.result").read_text().split()
            log = (state / f"{name}.log").read_text(errors="replace")
            yield name, outcome, int(taken), re.findall(r"^(?:BAD|FAILED).*$", log, re.M)[:20]


def machine_of(notes):
    """The card, its software and its ceilings: the better of before and after; `isDisturbed` where one sank by a fifth."""
    facts = next((each for each in notes if "facts" in each), {})
    measured = [each[key] for each in notes for key in ("ceilings", "ceilings_after") if key in each]
    names = measured[0] if measured else {}
    best = {name: max(each[name] for each in measured) for name in names}
    disturbed = any(each[name] < 0.8 * best[name] for each in measured for name in names)
    card = facts.get("facts", {})
    return {"gpu": card.get("name"), "memory_bytes": card.get("total_bytes"),
            "driver": run("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"), "cuda": card.get("runtime_version"),
            "torch": facts.get("torch"), "python": platform.python_version(), "commit": run("git", "rev-parse", "--short", "HEAD"),
            "ceilings": best, "isDisturbed": disturbed, "isSmall": facts.get("is_small"), "openedSeconds": facts.get("opened_seconds")}


def figure(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cells(row):
    detail = row["detail"]
    peak = lambda name: f"{detail[name] / 2**30:.2f}" if detail.get(name) else ""
    ms = f"{detail['ms']:.4g}" if "ms" in detail else ""
    if "skipped" in row:
        return [row["row"], row["workload"], row["skipped"]] + [""] * 8
    if row["ours"] is None:
        return [row["row"], row["workload"], f"failed: {row.get('failed', '')}"] + [""] * 8
    return [row["row"], row["workload"], f"{figure(row['ours'])} {row['unit']}", ms,
            f"{figure(row['peer'])} ({row['peer_name']})" if row["peer"] is not None else "", "" if row["ratio"] is None else f"{row['ratio']:.2f}",
            "" if row["of_ceiling"] is None else f"{row['of_ceiling']:.0%}", row["bar"] or "", {True: "yes", False: "**no**", None: ""}[row["pass"]],
            f"{detail['error']:.1e}" if "error" in detail else "", f"{peak('peak_bytes')} / {peak('peer_peak_bytes')}"]


def table(heads, lines):
    return ["| " + " | ".join(each) + " |" for each in (heads, ["---"] * len(heads), *lines)]


def page(machine, rows, told):
    text = [f"# {machine['gpu'] or 'No card'}", "", f"Written by `tools/gpu-suite.sh` at commit {machine['commit']}: driver {machine['driver']}, CUDA {machine['cuda']}, "
            f"torch {machine['torch']}. Ceilings: " + ", ".join(f"{value:.4g} {name}" for name, value in machine["ceilings"].items())
            + (" (disturbed: one sank by a fifth during the run)." if machine["isDisturbed"] else ".")]
    if machine["isSmall"]:
        text += ["", "Small shapes, to prove the code: the times mean nothing."]
    text += ["", *table(["section", "outcome", "seconds", "complaints"], [[name, outcome, str(taken), "<br>".join(said).replace("|", "/")] for name, outcome, taken, said in told])]
    heads = ["row", "workload", "ours", "ms", "peer", "ratio", "of ceiling", "bar", "reached", "error", "peak GiB, ours / peer"]
    return "\n".join([*text, "", *table(heads, [cells(row) for row in rows])]) + "\n"


def replayed(state):
    """The rows that need Node, or that they are missing for want of it."""
    lines = lines_of(state / "replay.jsonl")
    if not lines and (state / "replay.result").exists() and (state / "replay.result").read_text().startswith("skipped"):
        return [{"row": "G9", "workload": "serving replay", "skipped": "needs Node"}]
    return lines


def main():
    state, out = map(pathlib.Path, sys.argv[1:3])
    lines = lines_of(state / "bench.jsonl")
    machine = machine_of([each for each in lines if "row" not in each])
    absent = {"unit": "", "ours": None, "peer": None, "peer_name": "", "ratio": None, "of_ceiling": None, "bar": None, "pass": None, "detail": {}}
    rows = [absent | each | {"machine": machine} for each in [*lines, *replayed(state)] if "row" in each]
    name = f"{datetime.date.today()}-{re.sub(r'[^a-z0-9]+', '-', (machine['gpu'] or 'no-card').lower()).strip('-')}"
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.md").write_text(page(machine, rows, list(sections(state))))
    if rows:
        (out / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        whole = out / "README.md"
        if whole.exists() and f"<!-- rows {name}.jsonl -->" not in whole.read_text():
            with whole.open("a") as file:
                file.write(f"\n## {machine['gpu']}, {datetime.date.today()}\n\n<!-- rows {name}.jsonl -->\n<!-- end of rows -->\n")
            print("node bench/report.mjs writes the table into docs/benchmarks/README.md")
    print((out / f"{name}.md").read_text())


if __name__ == "__main__":
    main()
