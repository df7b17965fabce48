#!/usr/bin/env bash
# The main job on real data: starts a server, loads the flights of New York in 2013 raw into bronze, cleans them to
# silver, aggregates to gold, queries, changes and looks back, merges past a quality gate, restores, draws where a table
# comes from, shows a denial, what two people see of personal data and for which purposes, asks in plain language, and
# verifies the audit log. Leaves the server running for a look unless DEMO_EXIT=1 or nobody watches.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=${NEUROLAKE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/neurolake}
data=$cache/nycflights13
binary=build/bin/neurolake
lake=$(mktemp -d)/lake
server_log=$(dirname "$lake")/server.log
stop() { [ -n "${server:-}" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; rm -rf "$(dirname "$lake")"; }
trap stop EXIT

"$binary" --lake "$lake" --http.port "${DEMO_PORT:-0}" --log_level warn --audit.checkpoint_every 200ms --ask.models scripts/demo_models serve >"$server_log" 2>&1 &
server=$!
for _ in $(seq 100); do grep -q 'http://' "$server_log" && break; kill -0 "$server" || { cat "$server_log"; exit 1; }; sleep 0.1; done
address=$(grep -oE 'http://[0-9.:]+' "$server_log" | head -n 1)
token=$(grep -oE 'nl_[A-Za-z0-9_-]{43}' "$server_log" | head -n 1)

NEUROLAKE_TOKEN=$token "$binary" --server "$address" demo --data "$data"
scripts/demo_policies.sh "$binary" "$address" "$token"
scripts/demo_questions.sh "$binary" "$address" "$token"

echo
echo "── All of it is in the audit log, and nobody changed that ──"
key=$("$binary" --lake "$lake" audit key)
"$binary" --lake "$lake" audit verify --key "$key"
echo "In a copy, one decision is made to say otherwise:"
cp -r "$lake/audit" "$lake-audit-copy"
sed -i '0,/"decision":"allowed"/s//"decision":"denied"/' "$lake"-audit-copy/segments/*.jsonl
if "$binary-audit-verify" --key "$key" "$lake-audit-copy"; then
  echo "error: a changed record was not found" >&2
  exit 1
fi

echo
echo "NeuroLake listens on $address"
if [ "${DEMO_EXIT:-}" = 1 ] || [ ! -t 1 ]; then exit 0; fi
echo "Token of this lake's administrator: $token"
echo "Try:  NEUROLAKE_TOKEN=$token $binary --server $address sql"
echo "Ctrl-C stops the server and removes the lake."
wait "$server"
