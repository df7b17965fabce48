#!/usr/bin/env bash
# Runs every test of a preset's build and ends with the sum: "N passed, N failed".
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=$1
passed=0 failed=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

scripts/build.sh "$preset" all || { echo "0 passed, 1 failed"; exit 1; }

# A runner's own closing line "N passed, N failed" is added up; a runner without one counts as a failure.
run() {  # name command…
  local name=$1; shift
  local log=$logs/$name.log start=$SECONDS
  "$@" >"$log" 2>&1
  local status=$? line
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
  if [ -z "$line" ]; then line="0 passed, 1 failed"; fi
  read -r p _ f _ <<<"$line"
  [ "$status" -ne 0 ] && [ "$f" -eq 0 ] && f=1
  echo "$p $f" >"$logs/$name.sum"
  printf '%-14s %s (%ds)\n' "$name" "$p passed, $f failed" $((SECONDS - start))
  if [ "$f" -ne 0 ]; then tail -n 60 "$log"; fi
}

cpp_tests() {
  local p=0 f=0 program output
  for program in build/"$preset"/src/*_tests; do
    output=$("$program" --gtest_brief=1 2>&1); local status=$?
    local ok; ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}\..*/\1/p' <<<"$output" | tail -n 1)
    local bad; bad=$(sed -n 's/^ *\([0-9]*\) FAILED TESTS\{0,1\}$/\1/p' <<<"$output" | tail -n 1)
    [ "$status" -ne 0 ] && bad=${bad:-1}
    p=$((p + ${ok:-0})); f=$((f + ${bad:-0}))
    [ "$status" -ne 0 ] && { echo "== $program (status $status)"; tail -n 40 <<<"$output"; }
  done
  echo "$p passed, $f failed"
  [ "$f" -eq 0 ]
}

suite() { run "$1" python3 "tests/$1/run.py" --binary "build/$preset/bin/neurolake"; }
e2e() { run "e2e-$1" python3 tests/e2e/run.py --binary "build/$preset/bin/neurolake" --part "$1/5"; }

# Three lanes of about the same length, as suites that start servers and kill them wait more than they compute.
{ e2e 1; e2e 2; e2e 3; } &
{ suite sql; suite attack; e2e 4; } &
run tidy python3 scripts/tidy.py
run cpp cpp_tests
for folder in tests/*/run.py; do
  name=$(basename "$(dirname "$folder")")
  case $name in e2e | sql | attack) ;; *) suite "$name" ;; esac
done
e2e 5
wait

while read -r p f; do passed=$((passed + p)); failed=$((failed + f)); done < <(cat "$logs"/*.sum)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
