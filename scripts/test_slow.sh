#!/usr/bin/env bash
# Long runs, kept out of `make test`. SLOW_SECONDS sets how long each goes on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build.sh release neurolake
python3 tests/slow/concurrency.py --binary build/release/bin/neurolake --seconds "${SLOW_SECONDS:-600}"
