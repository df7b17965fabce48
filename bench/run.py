#!/usr/bin/env python3
"""Benchmarks as ratios in one run. Each compares NeuroLake through its HTTP door with DuckDB 1.5.5 in process on the same
files, the same threads and the same machine, taking turns, so that a noisy neighbour meets both."""
import argparse
import datetime
import http.client
import importlib.util
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import duckdb

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from server import Server  # noqa: E402

TABLES = ["lineitem", "orders", "customer", "part", "partsupp", "supplier", "nation", "region"]


def extension(name):
    root = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{name}").submodule_search_locations[0])
    return str(next(root.rglob(f"{name}.duckdb_extension")))


def timed(call):
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


class Client:
    """One kept-alive connection, so that a small statement is not measured with a handshake."""

    def __init__(self, server):
        self.server = server
        host = server.url.split("://")[1]
        self.connection = http.client.HTTPConnection(host, timeout=600)
        self.headers = {"Authorization": f"Bearer {server.admin_token}", "Content-Type": "application/json"}

    def sql(self, statement):
        self.connection.request("POST", "/v1/sql", json.dumps({"statement": statement}), self.headers)
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200 or answer.get("error"):
            raise RuntimeError(f"{statement[:80]}: {answer}")
        return answer["rows"]


def normal(rows):
    def cell(value):
        if value is None:
            return None
        if isinstance(value, bool):
            return value
        try:
            return round(float(value), 2)
        except (TypeError, ValueError):
            return str(value)
    return [tuple(cell(v) for v in row) for row in rows]


def make_tpch(folder, scale):
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension('tpch')}'")
    connection.execute(f"CALL dbgen(sf={scale})")
    for table in TABLES:
        connection.execute(f"COPY {table} TO '{folder}/{table}.parquet' (FORMAT parquet)")
    queries = connection.execute("SELECT query_nr, query FROM tpch_queries() ORDER BY 1").fetchall()
    connection.close()
    return queries


def tpch(server, folder, scale, rounds):
    queries = make_tpch(folder, scale)
    client = Client(server)
    for table in TABLES:
        client.sql(f"COPY INTO {table} FROM '{folder}/{table}.parquet' FILEFORMAT = PARQUET")
    raw = duckdb.connect(config={"threads": os.cpu_count()})
    ids = dict(client.sql("SELECT table_name, id FROM system.tables"))
    for table in TABLES:
        raw.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{server.lake}/tables/{ids[table]}/**/*.parquet')")
    ours, theirs, wrong = [], [], []
    for number, query in queries:
        mine, peer = [], []
        for _ in range(rounds):
            seconds, expected = timed(lambda: raw.execute(query).fetchall())
            peer.append(seconds)
            seconds, rows = timed(lambda: client.sql(query))
            mine.append(seconds)
        if normal(rows) != normal(expected):
            wrong.append(number)
        ours.append(min(mine))
        theirs.append(min(peer))
        print(f"tpch q{number:02d}: {min(mine) * 1e3:8.1f} ms, DuckDB {min(peer) * 1e3:8.1f} ms", flush=True)
    return {"name": f"TPC-H SF {scale}, 22 queries over HTTP", "ours": sum(ours), "peer": sum(theirs),
            "unit": "s, sum of the best of " + str(rounds), "goal": "≤ 1.10",
            "note": "all answers equal" if not wrong else f"ANSWERS DIFFER: {wrong}"}


def small_statement(server, count):
    client = Client(server)
    client.sql("CREATE TABLE small AS SELECT 1 AS id")
    client.sql("SELECT id FROM small")
    raw = duckdb.connect()
    raw.execute("CREATE TABLE small AS SELECT 1 AS id")
    mine, peer = [], []
    for _ in range(count):
        peer.append(timed(lambda: raw.execute("SELECT id FROM small").fetchall())[0])
        mine.append(timed(lambda: client.sql("SELECT id FROM small"))[0])
    return {"name": "simple statement over HTTP, p50", "ours": statistics.median(mine) * 1e3,
            "peer": statistics.median(peer) * 1e3, "unit": "ms", "goal": "≤ 3 ms more",
            "note": f"p99 {sorted(mine)[int(len(mine) * 0.99)] * 1e3:.2f} ms"}


def way_to_worker(server, count):
    """What a small statement pays for running in another process: the server's time from arrival to end, less storing the
    attempt and less the stages that would run in one process too."""
    client = Client(server)
    text = "SELECT 1 AS way_to_worker"
    for _ in range(count):
        client.sql(text)
    rows = client.sql("SELECT epoch_us(ended_at) - epoch_us(started_at), stages FROM system.queries "
                      f"WHERE text = '{text}' AND state = 'succeeded' ORDER BY started_at DESC LIMIT {count}")
    stages = [json.loads(row[1]) for row in rows]
    own = ("record", "front_parse", "parse", "bind", "govern", "predict", "execute")
    way = [int(row[0]) - sum(times.get(name + "_us", 0) for name in own) for row, times in zip(rows, stages)]
    record = statistics.median(times["record_us"] for times in stages)
    return {"name": "way to a worker and back, p50", "ours": statistics.median(way) / 1e3,
            "peer": statistics.median(int(row[0]) for row in rows) / 1e3, "unit": "ms, of the whole statement's",
            "goal": "≤ 1 ms", "note": f"p99 {sorted(way)[int(len(way) * 0.99)] / 1e3:.2f} ms; "
                                      f"storing the attempt {record / 1e3:.2f} ms"}


class MemoryPeak:
    """Memory of a process and its descendants while the block runs: the largest sum of their resident sets, by samples,
    and the largest of one, by the kernel's own high-water mark, which misses nothing."""

    def __init__(self, process_id):
        self.process_id = process_id
        self.sum_bytes = self.one_bytes = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.sample)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.ended.set()
        self.thread.join()

    def family(self):
        children = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
            except OSError:  # It ended meanwhile.
                continue
        family = [self.process_id]
        for parent in family:
            family += children.get(parent, [])
        return family

    def sample(self):
        while not self.ended.wait(0.05):
            total = 0
            for process in self.family():
                try:
                    status = dict(line.split(":", 1) for line in open(f"/proc/{process}/status"))
                except OSError:
                    continue
                total += int(status.get("VmRSS", "0 kB").split()[0]) * 1024
                self.one_bytes = max(self.one_bytes, int(status.get("VmHWM", "0 kB").split()[0]) * 1024)
            self.sum_bytes = max(self.sum_bytes, total)

    def __str__(self):
        return (f"peak memory {self.sum_bytes / 1e9:.2f} GB in all processes (goal ≤ 4), "
                f"{self.one_bytes / 1e9:.2f} GB in the largest")


CSV_BYTES_PER_ROW = 77.0  # Of 65 million rows it is 77.5; of fewer a little less, as their numbers are shorter.


def make_csv(path, gigabytes):
    """Writes rows until the file has at least `gigabytes` (10^9 bytes)."""
    connection = duckdb.connect()
    rows = int(gigabytes * 1e9 / CSV_BYTES_PER_ROW)
    while True:
        connection.execute(f"""COPY (SELECT i AS id, TIMESTAMP '2013-01-01' + (i % 31536000) * INTERVAL 1 SECOND AS at,
            'customer-' || (i % 100003) AS customer, (i % 100000) / 100.0 AS amount, i % 7 AS kind,
            md5(i::VARCHAR)[:24] AS reference FROM range({rows}) r(i)) TO '{path}' (FORMAT csv, HEADER)""")
        size = os.path.getsize(path)
        if size >= gigabytes * 1e9:
            return rows
        rows = int(rows * gigabytes * 1e9 / size * 1.002) + 1


def ingest(binary, folder, gigabytes):
    """On a server of its own, whose worker gets 3 GiB, so that it and the server stay below 4 GB together."""
    path = f"{folder}/big.csv"
    rows = make_csv(path, gigabytes)
    peer, _ = timed(lambda: duckdb.connect(config={"memory_limit": "4GB"}).execute(
        f"COPY (SELECT * FROM read_csv('{path}')) TO '{folder}/big.parquet' (FORMAT parquet)"))
    with Server(binary, settings={"memory.per_statement": "3GiB", "memory.total": "3GiB"}) as server:
        server.sql(f"CREATE EXTERNAL LOCATION bench URL '{folder}'")
        client = Client(server)
        with MemoryPeak(server.process.pid) as memory:
            ours, _ = timed(lambda: client.sql(f"COPY INTO big FROM '{path}' FILEFORMAT = CSV"))
        loaded = client.sql("SELECT count(*) FROM big")[0][0]
    size = os.path.getsize(path) / 1e9
    note = f"{loaded:,} rows, {loaded / ours:,.0f} rows/s, {memory}"
    if loaded != rows:
        note = f"ROWS DIFFER, {rows:,} expected: {note}"
    return {"name": f"ingest of a {size:.2f} GB CSV", "ours": ours, "peer": peer, "unit": "s", "goal": "≤ 1.25", "note": note}


def many_files(server, folder, count=100_000):
    """A new process opens a table whose log adds `count` files in one commit, and answers count(*) from it."""
    root = pathlib.Path(folder) / "many"
    (root / "_delta_log").mkdir(parents=True)
    schema = {"type": "struct", "fields": [{"name": "id", "type": "long", "nullable": True, "metadata": {}}]}
    with open(root / "_delta_log" / f"{0:020d}.json", "w") as log:
        log.write(json.dumps({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}) + "\n")
        log.write(json.dumps({"metaData": {"id": "m", "format": {"provider": "parquet", "options": {}},
                                           "schemaString": json.dumps(schema), "partitionColumns": [],
                                           "configuration": {}}}) + "\n")
        for i in range(count):
            stats = json.dumps({"numRecords": 10, "minValues": {"id": i * 10}, "maxValues": {"id": i * 10 + 9},
                                "nullCount": {"id": 0}})
            log.write(json.dumps({"add": {"path": f"part-{i:08d}.parquet", "partitionValues": {}, "size": 1000,
                                          "modificationTime": 0, "dataChange": True, "stats": stats}}) + "\n")
    lake = folder + "/many-lake"
    command = [server.binary, "--lake", lake, "sql", "-c"]
    subprocess.run(command + [f"CREATE EXTERNAL LOCATION m URL '{folder}/many' WITH (REGISTER = TRUE)"], check=True,
                   capture_output=True)
    subprocess.run(command + [f"CREATE TABLE many LOCATION '{root}'"], check=True, capture_output=True)
    empty = min(timed(lambda: subprocess.run(command + ["SELECT 1"], check=True, capture_output=True))[0]
                for _ in range(3))
    ours = min(timed(lambda: subprocess.run(command + ["SELECT count(*) FROM many"], check=True,
                                            capture_output=True))[0] for _ in range(3))
    script = (f"import duckdb; c = duckdb.connect(); c.execute(\"LOAD '{extension('delta')}'\"); "
              f"c.execute(\"SELECT count(*) FROM delta_scan('{root}') WHERE id < 0\").fetchall()")
    peer = min(timed(lambda: subprocess.run([sys.executable, "-c", script], check=True, capture_output=True))[0]
               for _ in range(2))
    return {"name": f"{count} files from one JSON commit, new process", "ours": ours - empty, "peer": peer, "unit": "s",
            "goal": "≤ 0.5 s", "note": f"beyond an empty statement's {empty:.2f} s; peer: its Delta extension, whole process"}


def record(results):
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True,
                            text=True).stdout.strip()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    lines = [f"\n## {datetime.date.today()}, commit {commit}", "",
             f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {cpu}; DuckDB {duckdb.__version__} as peer.",
             "", "| what | NeuroLake | DuckDB | unit | ratio | goal | note |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for r in results:
        lines.append(f"| {r['name']} | {r['ours']:.2f} | {r['peer']:.2f} | {r['unit']} | {r['ours'] / r['peer']:.2f} | "
                     f"{r['goal']} | {r['note']} |")
    path = ROOT / "bench" / "RESULTS.md"
    if not path.exists():
        path.write_text("# Benchmark results\n\n`make bench` appends here. Ratios are of one run; below 1 is faster than the "
                        "peer.\n")
    with path.open("a") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--only", nargs="*", default=["tpch", "small", "files", "ingest"])
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="neurolake-bench-")
    results = []
    try:
        with Server(args.binary, settings={"memory.per_statement": "4GiB", "memory.total": "8GiB"}) as server:
            server.sql(f"CREATE EXTERNAL LOCATION bench URL '{folder}'")
            if "small" in args.only:
                results.append(small_statement(server, 500))
                results.append(way_to_worker(server, 500))
            if "tpch" in args.only:
                results.append(tpch(server, folder, args.scale, args.rounds))
            if "files" in args.only:
                results.append(many_files(server, folder))
        if "ingest" in args.only:
            results.append(ingest(args.binary, folder, args.gigabytes))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    record(results)


if __name__ == "__main__":
    main()
