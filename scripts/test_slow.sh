#!/usr/bin/env bash
# What needs Spark or long runs, kept out of `make test`; ends with the sum: "N passed, N failed". SLOW_SECONDS sets how
# long each long run goes on. SLOW_ONLY=NAME runs the one suite.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
passed=0 failed=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

scripts/build.sh release neurolake neurolake-llm system_call_faults || { echo "0 passed, 1 failed"; exit 1; }

run() {  # name command…
  local name=$1; shift
  [ -n "${SLOW_ONLY:-}" ] && [ "$SLOW_ONLY" != "$name" ] && return
  local log=$logs/$name start=$SECONDS line p f
  "$@" --binary build/release/bin/neurolake >"$log" 2>&1
  local status=$?
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
  read -r p _ f _ <<<"${line:-0 passed, 1 failed}"
  [ "$status" -ne 0 ] && [ "$f" -eq 0 ] && f=1
  passed=$((passed + p)); failed=$((failed + f))
  printf '%-14s %s (%ds)\n' "$name" "$p passed, $f failed" $((SECONDS - start))
  if [ "$f" -ne 0 ]; then tail -n 200 "$log"; fi
}

run spark python3 tests/slow/spark.py
run history python3 tests/slow/history.py --seconds "${SLOW_SECONDS:-600}"
run concurrency python3 tests/slow/concurrency.py --seconds "${SLOW_SECONDS:-600}"
ORACLE_QUERIES=${SLOW_QUERIES:-100000} run oracle python3 tests/attack/run.py --only test_policies.py
TWO_LAKES_QUERIES=${SLOW_QUERIES:-10000} run two_lakes python3 tests/attack/run.py --only test_two_lakes.py
WALKS=${SLOW_WALKS:-1000} run restrictions python3 tests/attack/run.py --only test_restrictions.py
run mutants python3 tests/slow/mutants.py --sample "${SLOW_MUTANTS:-25}"
run local_model python3 tests/slow/local_model.py
run file_faults python3 tests/slow/file_faults.py
run kills python3 tests/slow/kills.py --kills "${SLOW_KILLS:-500}"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
