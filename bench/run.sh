#!/usr/bin/env bash
# Runs every benchmark against its peer in the same run and appends the results to bench/RESULTS.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/bootstrap.sh --tests
scripts/build.sh release audit_bench
python=${NEUROLAKE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/neurolake}/judges/bin/python
exec "$python" bench/run.py --binary build/bin/neurolake "$@"
