#!/bin/sh
# Builds Hone's kernels on a machine with an NVIDIA GPU, proves them there and measures them. Needs nvcc, cmake, a C++20 compiler and
# Python with torch, transformers, peft and safetensors; the sections `node` and `replay` also Node and a built checkout. At most 9 minutes a call.
#
#   tools/gpu-suite.sh                                     every section that has not succeeded yet
#   tools/gpu-suite.sh --section parity --section bench    these, even when they have
#   tools/gpu-suite.sh --dry                               all of it on the emulated card, at small shapes: proves the suite itself
#
# What each left is in HONE_SUITE_STATE (native/build/gpu-suite); a call that was cut off goes on in the next with the section it was in,
# and `bench` with the row. The table and the JSON lines go to docs/benchmarks, or to HONE_SUITE_OUT together with what the sections said.
# HONE_SUITE_SECONDS is the time of a call, HONE_PYTHON the interpreter.
set -u
root=$(cd "$(dirname -- "$0")/.." && pwd)
release=$root/native/build/release
emulated=$release/tests/cuda-emulator/libhone_cuda_emulated.so

if [ "${1:-}" != --inside ]; then
  sections=
  while [ $# -gt 0 ]; do
    case $1 in
      --dry) HONE_SUITE_DRY=ON ;;
      --section) ;;
      build | parity | gradients | train | serve | bench | node | replay) sections="$sections $1" ;;
      *) echo "expected --dry, --section, build, parity, gradients, train, serve, bench, node or replay but received $1" >&2; exit 2 ;;
    esac
    shift
  done
fi
if [ -n "${HONE_SUITE_DRY:-}" ]; then
  HONE_CUDA_LIBRARY=$emulated
  HONE_SUITE_STATE=${HONE_SUITE_STATE:-$root/native/build/gpu-suite-dry}
  HONE_SUITE_OUT=${HONE_SUITE_OUT:-$HONE_SUITE_STATE}
  HONE_SUITE_OPS=${HONE_SUITE_OPS:-rmsNormForward linearForward}
  export HONE_SUITE_DRY HONE_SUITE_STATE HONE_SUITE_OUT HONE_SUITE_OPS
fi
state=${HONE_SUITE_STATE:-$root/native/build/gpu-suite}
out=${HONE_SUITE_OUT:-$root/docs/benchmarks}
python=${HONE_PYTHON:-python3}
jobs=${HONE_JOBS:-$(nproc)}
small=${HONE_SUITE_DRY:+--small}
mkdir -p "$state"
export HONE_SUITE_HAS_LIBRARY="${HONE_SUITE_HAS_LIBRARY-${HONE_CUDA_LIBRARY:+yes}}"
export HONE_CUDA_LIBRARY="${HONE_CUDA_LIBRARY:-$root/native/build/cuda/libhone_cuda.so}"

# The cuBLASLt that came with torch, where the loader knows none.
if [ -z "${HONE_CUBLASLT:-}" ] && ! ldconfig -p 2>/dev/null | grep -q 'libcublasLt\.so\.1[23]'; then
  found=$("$python" -c 'import glob, sys; print(next(iter(glob.glob(sys.prefix + "/lib/python*/site-packages/nvidia/*/lib/libcublasLt.so.1[23]")), ""))')
  [ -z "$found" ] || export HONE_CUBLASLT="$found"
fi

build() {
  # The emulated card is as much to compile as all the rest, and where there is a card nobody asks for it.
  [ -f "$release/CMakeCache.txt" ] || cmake -S "$root/native" -B "$release" -DHONE_ADDON=OFF \
    -DHONE_EMULATOR="${HONE_SUITE_DRY:-OFF}" || return 1
  cmake --build "$release" -j "$jobs" --target hone_core op-tests || return 1
  [ -z "$HONE_SUITE_HAS_LIBRARY" ] || return 0
  nvcc=$(command -v nvcc || echo "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc")
  # For this card alone, which is quicker; sm_90 as 90a, which has its own instructions.
  architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d . | sed 's/^90$/90a/')
  cmake -S "$root/native/src/cuda" -B "$root/native/build/cuda" -DHONE_CUDA_ROOT="$(dirname "$(dirname "$(readlink -f "$nvcc")")")" \
    -DHONE_CUDA_ARCHITECTURES="$architecture" && cmake --build "$root/native/build/cuda" -j "$jobs"
}

# Every case of every op, four programs at a time, since most of the time is the reference loops'; then a few under compute-sanitizer.
parity() {
  ops=$("$python" -c "import json; print(*(op['name'] for op in json.load(open('$root/native/ops.json'))['ops']))")
  failed=0
  echo "${HONE_SUITE_OPS:-$ops}" | tr ' ' '\n' | xargs -P 4 -I{} sh -c "'$release/tests/op-tests' {} parity-cuda || { echo 'FAILED {}'; exit 1; }" || failed=1
  "$python" "$root/tools/gpu-suite/compare.py" forward || failed=1
  if command -v compute-sanitizer >/dev/null 2>&1; then
    for op in rmsNormForward rope linearForward attentionForward pagedAttention sample; do
      case " $ops " in *" $op "*) ;; *) continue ;; esac
      timeout 40 compute-sanitizer --tool memcheck --error-exitcode 9 "$release/tests/op-tests" "$op" parity-cuda >"$state/sanitizer-$op.log" 2>&1
      [ $? -ne 9 ] || { echo "FAILED compute-sanitizer $op"; failed=1; }
    done
  else
    echo "compute-sanitizer is not on PATH: skipped"
  fi
  return $failed
}

gradients() { "$python" "$root/tools/gpu-suite/compare.py" backward; }
train() { "$python" "$root/tools/gpu-suite/train.py" $small; }
serve() { "$python" "$root/tools/gpu-suite/serve.py" $small; }
bench() { "$python" "$root/tools/gpu-suite/bench.py" "$state/bench.jsonl" --seconds "$HONE_SUITE_BENCH_SECONDS" $small; }

has_node() {
  command -v node >/dev/null 2>&1 && [ -f "$root/libs/ml/engine/dist/index.js" ] || { echo "no Node or no build: skipped"; return 77; }
}

node_path() {
  has_node || return
  [ -d "$root/node_modules/jest" ] || { echo "no Jest: skipped"; return 77; }
  (cd "$root" && node tools/jest.mjs --silent tests/conformance/card-training.test.ts tests/conformance/families-card.test.ts)
}

# G9 and what of G10 and G12 the engine itself does; the floor of time comes from the ceilings that `bench` measured.
replay() {
  has_node || return
  ceilings=$("$python" -c 'import json, pathlib, sys
lines = [json.loads(line) for line in pathlib.Path(sys.argv[1]).read_text().splitlines()] if pathlib.Path(sys.argv[1]).exists() else []
print(json.dumps(next((line["ceilings"] for line in lines if "ceilings" in line), None)))' "$state/bench.jsonl")
  (cd "$root" && HONE_DEVICE=cuda HONE_PYTHON="$python" HONE_BENCH_CEILINGS="$ceilings" \
    node bench/run.mjs --row G9,G10,G12 --json >"$state/replay.partial") && mv "$state/replay.partial" "$state/replay.jsonl"
}

# section NAME SECONDS FUNCTION: its output goes to a log, its outcome and time to a result.
section() {
  name=$1
  begin=$(date +%s)
  echo "== $name"
  # A shell of its own, so that `timeout` can end it with its children.
  timeout "$2" sh "$0" --inside "$3" >"$state/$name.log" 2>&1
  code=$?
  case $code in 0) outcome=ok ;; 77) outcome=skipped ;; 124) outcome=timeout ;; *) outcome=failed ;; esac
  taken=$(($(date +%s) - begin))
  echo "$outcome $taken" >"$state/$name.result"
  [ "$outcome" = ok ] || { tail -n 12 "$state/$name.log"; failures=$((failures + (code != 77))); }
  echo "== $name: $outcome (${taken} s)"
}

# left: the seconds of this call that are not spent; a dry run is not held to them.
left() {
  [ -n "${HONE_SUITE_DRY:-}" ] && echo 900 || echo $((until_second - $(date +%s)))
}

# at_most SECONDS: these, or what is left.
at_most() {
  rest=$(left)
  [ -z "${HONE_SUITE_DRY:-}" ] && [ "$rest" -gt "$1" ] && echo "$1" || echo "$rest"
}

if [ "${1:-}" = --inside ]; then
  "$2"
  exit $?
fi
failures=0
until_second=$(($(date +%s) + ${HONE_SUITE_SECONDS:-530}))
for name in ${sections:-build parity gradients train serve bench node replay}; do
  if grep -qs '^ok' "$state/$name.result"; then
    [ -n "$sections" ] || { echo "== $name: done before"; continue; }
    # Asked for by name, it begins anew.
    [ "$name" != bench ] || rm -f "$state/bench.jsonl"
  fi
  [ "$(left)" -gt 10 ] || { echo "== $name: no time left; run it again"; failures=$((failures + 1)); continue; }
  case $name in
    build)
      section build "$(at_most 300)" build
      # Nothing can be said of what was not built; the next call goes on compiling.
      grep -qs '^ok' "$state/build.result" || break
      ;;
    parity) section parity "$(at_most 110)" parity ;;
    gradients) section gradients "$(at_most 30)" gradients ;;
    train | serve) section "$name" "$(at_most 50)" "$name" ;;
    bench)
      export HONE_SUITE_BENCH_SECONDS=$(($(left) - 8))
      section bench "$(left)" bench
      ;;
    node) section node "$(at_most 80)" node_path ;;
    replay) section replay "$(at_most 300)" replay ;;
  esac
done
"$python" "$root/tools/gpu-suite/report.py" "$state" "$out"
# Where the figures go elsewhere, what the sections said goes along, in one file.
[ -z "${HONE_SUITE_OUT:-}" ] || tail -n 400 "$state"/*.log >"$out/sections.txt"
exit "$((failures > 0))"
