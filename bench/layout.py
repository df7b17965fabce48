"""OPTIMIZE … ZORDER BY and liquid clustering: how fast rows are laid out anew, and how many files a range then spares.

Throughput counts the Parquet bytes of the files that were rewritten, for each core of the machine; the peer is DuckDB
sorting the same rows by one column into Parquet, with the same memory. Two shapes of rows, as bytes cost differently:
`readings` are numbers, `events` are half texts.

Pruning is measured over ranges of 1 % of the rows on one column at a time. With files that are boxes of equal size, and
three columns that know nothing of each other, a file is at best 1/n^(1/3) of the rows wide in each; a range then meets
1/n^(1/3) + 1 % of the files. Below some 1,400 files nobody can skip 90 % on all three."""
import os
import random
import shutil

import duckdb

from measure import Client, MemoryPeak, Server, timed

THREE = "a INTEGER, b TIMESTAMP_NTZ, c DOUBLE"
AXES = ("CAST(hash(i) % 1000000 AS INTEGER) AS a, "
        "TIMESTAMP '2020-01-01' + to_microseconds(CAST(hash(i + 7) % 100000000000000 AS BIGINT)) AS b, "
        "CAST(hash(i + 13) % 10000000 AS DOUBLE) / 100 AS c")
SHAPES = {  # Columns, values, about how many bytes of Parquet a row takes.
    "readings": ("id BIGINT, " + THREE + "".join(f", m{k} DOUBLE" for k in range(10)),
                 f"i AS id, {AXES}" + "".join(f", CAST(hash(i * 16 + {k}) AS DOUBLE) / 18446744073709551616 AS m{k}"
                                              for k in range(10)), 102),
    "events": ("id BIGINT, " + THREE + ", person STRING, kind STRING, reference STRING, amount DOUBLE",
               f"i AS id, {AXES}, 'user-' || hash(i + 3) % 200000 AS person, 'k' || i % 7 AS kind, "
               "md5(CAST(i AS VARCHAR)) AS reference, CAST(i AS DOUBLE) / 4 AS amount", 66),
}
STEP = 5_000_000  # Rows of an INSERT: as many commits as a table that grew has.


def columns_of(shape):
    return [part.strip().split()[0] for part in SHAPES[shape][0].split(",")]


def fingerprint(client, table, shape):
    """Differs if a row is lost, doubled or changed."""
    return client.sql(f"SELECT count(*), sum(id), sum(CAST(hash({', '.join(columns_of(shape))}) AS HUGEINT)) FROM {table}")[0]


def processor_seconds(memory):
    ticks = 0
    for process in memory.family():
        try:
            fields = open(f"/proc/{process}/stat").read().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def table_directory(server, client, table):
    return f"{server.lake}/tables/{dict(client.sql('SELECT table_name, id FROM system.tables'))[table]}"


def settle():
    """Nobody pays for what another one left to be written or given back."""
    os.sync()


def peer_rewrite(folder, source, memory, order):
    """Seconds of DuckDB: read all, bring into another order (or none: nobody can be much faster), write Parquet."""
    out = f"{folder}/peer"
    os.makedirs(out, exist_ok=True)
    connection = duckdb.connect(config={"memory_limit": memory, "temp_directory": f"{folder}/peer-spill",
                                        "preserve_insertion_order": False})
    settle()
    try:
        return timed(lambda: connection.execute(f"COPY (FROM read_parquet('{source}/*.parquet') {order}) TO '{out}' "
                                                "(FORMAT parquet, FILE_SIZE_BYTES '256MB')"))[0]
    finally:
        connection.close()
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(f"{folder}/peer-spill", ignore_errors=True)


def zorder(binary, folder, gigabytes, memory, shape):
    declared, values, row_bytes = SHAPES[shape]
    rows = int(gigabytes * 1e9 / row_bytes)
    cores = os.cpu_count()
    with Server(binary, lake=f"{folder}/zorder", settings={"memory.per_statement": memory, "memory.total": memory}) as server:
        client = Client(server)
        # A small run has as many files as a large one, or there would be nothing to lay out.
        target = int(min(256 << 20, gigabytes * 1e9 / 16))
        client.sql(f"CREATE TABLE t ({declared}) TBLPROPERTIES ('delta.targetFileSize' = '{target}')")
        for first in range(0, rows, STEP):
            client.sql(f"INSERT INTO t SELECT {values} FROM range({first}, {min(rows, first + STEP)}) r(i)")
        before = fingerprint(client, "t", shape)
        directory = table_directory(server, client, "t")
        peer = peer_rewrite(folder, directory, memory.replace("i", ""), "ORDER BY a")
        copied = peer_rewrite(folder, directory, memory.replace("i", ""), "")
        client = Client(server)  # The server has closed the connection meanwhile, as nothing came.
        with MemoryPeak(server.process.pid) as peak:
            settle()
            begin = processor_seconds(peak)
            seconds, answer = timed(lambda: client.sql("OPTIMIZE t ZORDER BY (a, b, c)"))
            processor = processor_seconds(peak) - begin
        megabytes, added = int(answer[0][4]) / 1e6, int(answer[0][1])
        wrong = "" if fingerprint(client, "t", shape) == before else "ROWS DIFFER; "
    shutil.rmtree(f"{folder}/zorder", ignore_errors=True)
    return {"name": f"OPTIMIZE ZORDER BY of {megabytes / 1e3:.2f} GB of {shape}; peer: DuckDB sorts and writes them",
            "ours": megabytes / seconds / cores, "peer": megabytes / peer / cores, "unit": "MB/s per core (more is better)",
            "goal": "≥ 80", "note": f"{wrong}{rows:,} rows, {seconds:.1f} s, {processor:.1f} s of processor time "
                                    f"({megabytes / processor:.0f} MB each), {added} files; DuckDB copies the "
                                    f"files in no order at {megabytes / copied / cores:.0f} MB/s per core; {peak}; "
                                    f"a statement's: {memory}"}


# Three columns in three ways, as SQL over row number i, and their declared types.
SPREADS = {
    "independent": "CAST(hash(i) % 1000000 AS INTEGER) AS a, CAST(hash(i + 7) % 1000000 AS BIGINT) AS b, "
                   "CAST(hash(i + 13) % 1000000 AS DOUBLE) AS c",
    "skewed": "CAST(-1000000 * ln((hash(i) % 1000000 + 1) / 1000001.0) AS INTEGER) AS a, "
              "CAST(1000 * exp((hash(i + 7) % 1000000) / 50000.0) AS BIGINT) AS b, pow((hash(i + 13) % 1000000) / 1e6, 9) AS c",
    "correlated": "CAST(hash(i) % 1000000 AS INTEGER) AS a, CAST(hash(i) % 1000000 + hash(i + 7) % 100000 AS BIGINT) AS b, "
                  "CAST(hash(i + 13) % 1000000 AS DOUBLE) AS c",
}


def files_read(client, predicate):
    line = next(row[0] for row in client.sql(f"EXPLAIN ANALYZE SELECT count(*), sum(p) FROM t WHERE {predicate}")
                if "files read" in row[0])
    words = line.split()
    at = words.index("read") if "read" in words else words.index("of") - 1
    return int(words[at + 1].rstrip(",")), int(words[words.index("of", at) + 1].rstrip(","))


def clustering(binary, rows, files, ranges=20):
    """One result for each way of ordering and each spread of values."""
    results = []
    for spread, values in SPREADS.items():
        for name, clause, statement in (("ZORDER BY", "", "OPTIMIZE t ZORDER BY (a, b, c)"),
                                        ("CLUSTER BY", "CLUSTER BY (a, b, c) ", "OPTIMIZE t FULL")):
            with Server(binary) as server:
                client = Client(server)
                client.sql(f"CREATE TABLE t (a INTEGER, b BIGINT, c DOUBLE, p BIGINT) {clause}")
                client.sql(f"INSERT INTO t SELECT {values}, i AS p FROM range({rows}) r(i)")
                size = int(client.sql("DESCRIBE DETAIL t")[0][10])
                client.sql(f"ALTER TABLE t SET TBLPROPERTIES ('delta.targetFileSize' = '{size // files}')")
                with MemoryPeak(server.process.pid) as peak:
                    seconds, _ = timed(lambda: client.sql(statement))
                pruned, total = measure_pruning(client, rows, ranges)
                wrong = "" if client.sql("SELECT count(*), sum(p) FROM t")[0] == [rows, str(rows * (rows - 1) // 2)] \
                    else "ROWS DIFFER; "
            best = 100 * (1 - total ** (-1 / 3) - 0.01)
            results.append({"name": f"files skipped by ranges of 1 % of the rows, {name} 3 columns, {spread}; peer: boxes",
                            "ours": min(pruned.values()), "peer": best, "unit": "% (more is better)", "goal": "≥ 90 on any",
                            "note": f"{wrong}" + ", ".join(f"{column} {share:.1f} %" for column, share in pruned.items()) +
                                    f"; {total:,} files of {rows:,} rows; laid out in {seconds:.1f} s, {peak}"})
    return results


def measure_pruning(client, rows, ranges):
    """Mean share of files that a range of 1 % of the rows on each column does not open, and the number of files."""
    dice, pruned, total = random.Random(7), {}, 0
    for column in "abc":
        shares = []
        starts = [dice.uniform(0, 0.99) for _ in range(ranges)]
        ends = [start + 0.01 for start in starts]
        bounds = client.sql(f"SELECT unnest(quantile_disc({column}, {starts})), unnest(quantile_disc({column}, {ends})) FROM t")
        for low, high in bounds:
            read, total = files_read(client, f"{column} BETWEEN {low} AND {high}")
            shares.append(100 * (1 - read / total))
        pruned[column] = sum(shares) / len(shares)
    return pruned, total
