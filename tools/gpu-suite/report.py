"""One table and one JSON file of what the sections left: `python3 report.py STATE OUT_FOLDER`."""
import json
import pathlib
import platform
import re
import subprocess
import sys


def run(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


state, out = map(pathlib.Path, sys.argv[1:3])
sections = {}
ORDER = ("build", "parity", "gradients", "train", "serve", "bench", "node")
for file in sorted(state.glob("*.result"), key=lambda file: ORDER.index(file.stem)):
    outcome, taken = file.read_text().split()
    log = (state / f"{file.stem}.log").read_text(errors="replace")
    lines = re.findall(r"^(?:BAD|FAILED).*$", log, re.M)
    sections[file.stem] = {"outcome": outcome, "seconds": int(taken), "complaints": lines[:20]}
bench = json.loads((state / "bench.json").read_text()) if (state / "bench.json").exists() else {}
card = bench.get("card", {})
whole = {
    "machine": platform.platform(),
    "commit": run("git", "rev-parse", "HEAD"),
    "driver": run("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"),
    "python": platform.python_version(),
    "sections": sections,
    "bench": bench,
}
name = re.sub(r"[^a-z0-9]+", "-", card.get("name", "no-card").lower()).strip("-")
lines = [f"# {card.get('name', 'No card')}", "", f"Written by `tools/gpu-suite.sh` at commit {whole['commit']}; driver {whole['driver']}, torch {bench.get('torch')}.", ""]
if bench.get("is_small"):
    lines += ["Small shapes, to prove the code: the times mean nothing.", ""]
for when in ("before", "after"):
    if (ceiling := bench.get(f"ceilings_{when}")) is not None:
        lines.append(f"Ceilings {when}: copy {ceiling['copy_gb_s']:.0f} GB/s (read and write), bf16 matmul {ceiling['bf16_matmul_tflop_s']:.1f} TFLOP/s.")
lines += ["", "| section | outcome | seconds |", "|---|---|---|"]
lines += [f"| {key} | {each['outcome']} | {each['seconds']} |" for key, each in sections.items()]
lines += ["", "| row | what | ours ms | rate | peer | peer ms | ratio | peak MiB |", "|---|---|---|---|---|---|---|---|"]
for row in bench.get("rows", []):
    if "error" in row:
        lines.append(f"| {row['row']} | failed: {row['error']} | | | | | | |")
        continue
    theirs = f"{row['peer_ms']:.3f} | {row['ratio']:.2f}" if "ratio" in row else " | "
    lines.append(f"| {row['row']} | {row['name']} | {row['ms']:.3f} | {row['rate']:.4g} {row['unit']} | {row['peer']} | {theirs} | {row['peak_bytes'] >> 20} |")
out.mkdir(parents=True, exist_ok=True)
(out / f"gpu-{name}.md").write_text("\n".join(lines) + "\n")
(out / f"gpu-{name}.json").write_text(json.dumps(whole, indent=1) + "\n")
print(out / f"gpu-{name}.md")
