#!/bin/sh
# Builds the MinIO server that the object store's tests run against, from the Go module proxy, into .toolchain/bin/minio.
# The project is archived: this is its last source (12 February 2026), pinned by a version that names the commit and checked by
# Go's checksum database. Without Go the S3 tests say that they were skipped.
set -eu
cd "$(dirname -- "$0")/.."
version=v0.0.0-20260212201848-7aac2a2c5b7c
target=$PWD/.toolchain/bin/minio
if [ -x "$target" ] && [ "$(cat "$target.version" 2>/dev/null || true)" = "$version" ]; then
  echo "minio $version is at $target"
  exit 0
fi
if ! command -v go >/dev/null 2>&1; then
  echo "minio: no Go on this machine, so no MinIO server is built; the S3 tests will be skipped (set HONE_MINIO to a server's path)" >&2
  exit 0
fi
mkdir -p "$(dirname -- "$target")"
draft=$(mktemp -d "$PWD/.toolchain/minio.XXXXXX")
trap 'rm -rf "$draft"' EXIT
trap 'exit 130' INT TERM
echo "minio: building $version (some minutes, once)" >&2
GOBIN="$draft" CGO_ENABLED=0 GOFLAGS="-trimpath" go install -p "${HONE_JOBS:-2}" "github.com/minio/minio@$version"
mv -f "$draft/minio" "$target"
echo "$version" > "$target.version"
"$target" --version | head -n 1
