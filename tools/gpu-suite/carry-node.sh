#!/bin/sh
# Packs what the section `replay` needs on a machine without Node into one archive of about 35 MB: the node binary and, of a built
# checkout, the addon, the compiled libraries and the packages that they import. tools/gpu-suite/carry-node.sh ARCHIVE.tar.xz
# There, in the root of a checkout of the same commit: tar xJf ARCHIVE.tar.xz && PATH=$PWD:$PATH tools/gpu-suite.sh
set -eu
archive=$(realpath "$1")
cd "$(dirname -- "$0")/../.."
packages="@hone @huggingface/jinja @huggingface/tokenizers ansi-regex cli-table3 emoji-regex is-fullwidth-code-point simple-statistics string-width strip-ansi ulid"
# shellcheck disable=SC2086 # A list of names without spaces.
XZ_OPT="-3 -T0" tar -cJf "$archive" libs/base/dist libs/*/*/dist native/build/release/hone.node $(printf 'node_modules/%s ' $packages) \
  -C "$(dirname "$(readlink -f "$(command -v node)")")" node
ls -l "$archive"
