#!/bin/sh
# Installs MPICH from PyPI into .toolchain/mpi: the MPI that the test of data-parallel training runs two processes under. Without
# Python or the package index that test says that it was skipped.
set -eu
cd "$(dirname -- "$0")/.."
version=5.0.2
target=$PWD/.toolchain/mpi
if [ -x "$target/bin/mpiexec" ] && [ "$(cat "$target/version" 2>/dev/null || true)" = "$version" ]; then
  echo "mpich $version is at $target"
  exit 0
fi
rm -rf "$target"
mkdir -p "$PWD/.toolchain"
if python3 -m venv "$target" && "$target/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: "mpich==$version"; then
  echo "$version" >"$target/version"
  echo "mpich $version is at $target"
else
  rm -rf "$target"
  echo "mpi: Python could not install mpich $version, so the test of data-parallel training will be skipped (install an MPI of the standard ABI and set HONE_MPIEXEC and HONE_MPI_LIBRARY)" >&2
fi
