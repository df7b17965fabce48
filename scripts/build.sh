#!/usr/bin/env bash
# build.sh PRESET TARGET…: configures when needed and builds; quiet when all is well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=$1; shift
# Relative paths in the compiler cache: another checkout of the same source finds what this one compiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
mkdir -p "build/$preset"
log=build/$preset/configure.log
if [ ! -f "build/$preset/build.ninja" ]; then
  cmake --preset "$preset" >"$log" 2>&1 || { tail -n 30 "$log"; exit 1; }
fi
cmake --build --preset "$preset" --target "$@" -- -j "${JOBS:-$(nproc)}"
