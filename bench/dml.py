#!/usr/bin/env python3
"""MERGE and DELETE on many narrow rows against delta-rs, in one run on the same data: time and peak memory of each, answers
checked. `--rows 100000000` is the size the goals are about; `--layout` says how the rows a MERGE changes lie:
`spread` (every file has some) or `together` (1 % of the keys, next to each other)."""
import argparse
import json
import subprocess
import sys
import time

from measure import Client, MemoryPeak, Server, record, timed

# A process of its own, so that its peak is its own and that running out of memory ends nothing else.
PEER = """
import json, resource, sys, time
import deltalake, pyarrow as pa
path, what, rows, step, first, count = json.loads(sys.argv[1])
table = deltalake.DeltaTable(path)
begin = time.perf_counter()
if what == "merge":
    ids = pa.array(range(first, first + count * step, step), pa.int64())
    ids = pa.chunked_array([ids, pa.array(range(rows, rows + count // 10), pa.int64())])
    source = pa.table({"id": ids, "k": pa.array([7] * len(ids), pa.int32()), "v": pa.array([0.5] * len(ids), pa.float64())})
    table.merge(source, "t.id = s.id", source_alias="s", target_alias="t").when_matched_update_all() \
        .when_not_matched_insert_all().execute()
else:
    table.delete("id % 1000 = 3")
seconds = time.perf_counter() - begin
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def peer(path, what, args, first, step, count, timeout):
    try:
        run = subprocess.run([sys.executable, "-c", PEER, json.dumps([path, what, args.rows, step, first, count])],
                             capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return timeout, 0.0, f"delta-rs was not done after {timeout} s"
    if run.returncode != 0:
        last = (run.stderr.strip().splitlines() or [f"exit {run.returncode}"])[-1]
        return float("nan"), 0.0, f"delta-rs failed: {last[:80]}"
    seconds, mib = json.loads(run.stdout)
    return seconds, mib, ""


def location(client, table):
    ids = dict(client.sql("SELECT table_name, id FROM system.tables"))
    return ids[table]


def sums(client, table):
    return client.sql(f"SELECT count(*), sum(id), sum(k), sum(id * k), sum(CAST(round(v * 14) AS BIGINT)) FROM {table}")[0]


def run(binary, rows, layout, timeout, memory="3GiB"):
    args = argparse.Namespace(rows=rows, layout=layout, timeout=timeout)
    with Server(binary, settings={"memory.per_statement": memory, "memory.total": "8GiB"}) as server:
        return measure(server, Client(server), args)


def measure(server, client, args):
    rows, count = args.rows, args.rows // 100
    step, first = (100, 0) if args.layout == "spread" else (1, rows // 2)
    results = []
    client.sql(f"CREATE TABLE ours AS SELECT i AS id, CAST(i % 1000 AS INTEGER) AS k, i / 7.0::DOUBLE AS v FROM range({rows}) r(i)")
    # delta-rs writes no tables with deletion vectors: its copy of the same rows has none.
    client.sql("CREATE TABLE theirs (id BIGINT, k INTEGER, v DOUBLE) "
               "TBLPROPERTIES ('delta.enableDeletionVectors' = 'false', 'compatibility' = 'widest')")
    client.sql("INSERT INTO theirs SELECT * FROM ours")
    theirs = f"{server.lake}/tables/{location(client, 'theirs')}"
    client.sql(f"CREATE TABLE changes AS SELECT {first} + i * {step} AS id, CAST(7 AS INTEGER) AS k, 0.5::DOUBLE AS v "
               f"FROM range({count}) r(i) UNION ALL SELECT {rows} + i, 7, 0.5 FROM range({count // 10}) r(i)")

    scan, _ = timed(lambda: client.sql("SELECT count(*) FROM ours WHERE id % 1000 = 3"))
    with MemoryPeak(server.process.pid) as peak:
        seconds, _ = timed(lambda: client.sql(
            "MERGE INTO ours t USING changes s ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"))
    theirs_seconds, theirs_mib, trouble = peer(theirs, "merge", args, first, step, count, args.timeout)
    answers = "answers equal" if not trouble and sums(client, "ours") == sums(client, "theirs") else "answers not compared"
    if not trouble and answers != "answers equal":
        answers = "ANSWERS DIFFER"
    results.append({"name": f"MERGE of 1 % into {rows:,} rows, {args.layout}; peer: delta-rs", "ours": seconds, "peer": theirs_seconds,
                    "unit": "s", "goal": "≤ 0.2 of delta-rs, ≤ 3 GiB",
                    "note": f"peak {peak.sum_bytes / 2**30:.2f} GiB, delta-rs {theirs_mib / 1024:.2f} GiB; {trouble or answers}"})

    with MemoryPeak(server.process.pid) as peak:
        seconds, _ = timed(lambda: client.sql("DELETE FROM ours WHERE id % 1000 = 3"))
    theirs_seconds, theirs_mib, trouble = peer(theirs, "delete", args, first, step, count, args.timeout)
    answers = "answers equal" if not trouble and sums(client, "ours") == sums(client, "theirs") else "answers not compared"
    results.append({"name": f"DELETE of 0.1 % of {rows:,} rows; peer: delta-rs", "ours": seconds, "peer": theirs_seconds, "unit": "s",
                    "goal": "≤ 2 × the scan",
                    "note": f"{seconds / scan:.2f} × the scan ({scan:.2f} s); peak {peak.sum_bytes / 2**30:.2f} GiB, delta-rs "
                            f"{theirs_mib / 1024:.2f} GiB; {trouble or answers}"})
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--layout", choices=["spread", "together"], default="spread")
    parser.add_argument("--memory", default="3GiB", help="of a statement")
    parser.add_argument("--timeout", type=int, default=1800, help="seconds that delta-rs gets for a statement")
    parser.add_argument("--dry", action="store_true", help="print, and do not add to RESULTS.md")
    args = parser.parse_args()
    results = run(args.binary, args.rows, args.layout, args.timeout, args.memory)
    if args.dry:
        print("\n".join(json.dumps(result, ensure_ascii=False) for result in results))
    else:
        record(results)


if __name__ == "__main__":
    begin = time.perf_counter()
    main()
    print(f"{time.perf_counter() - begin:.0f} s in all")
