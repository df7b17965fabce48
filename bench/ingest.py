"""COPY INTO of large CSV files: one of a few gigabytes against DuckDB's COPY, and many after each other, which are made as
they are asked for and deleted when they are loaded, so that only the table has to fit on the disk."""
import os

import duckdb

from measure import Client, MemoryPeak, Server, timed

BYTES_PER_ROW = 77.0  # Of 65 million rows it is 77.5; of fewer a little less, as their numbers are shorter.
PIECE_GIGABYTES = 5
# The worker gets 3 GiB, so that it and the server stay below 4 GB together.
MEMORY = {"memory.per_statement": "3GiB", "memory.total": "3GiB"}


def write_csv(path, first, rows):
    duckdb.connect().execute(f"""COPY (SELECT i AS id, TIMESTAMP '2013-01-01' + (i % 31536000) * INTERVAL 1 SECOND AS at,
        'customer-' || (i % 100003) AS customer, (i % 100000) / 100.0 AS amount, i % 7 AS kind,
        md5(i::VARCHAR)[:24] AS reference FROM range({first}, {first + rows}) r(i)) TO '{path}' (FORMAT csv, HEADER)""")


def make_csv(path, gigabytes):
    """Writes rows until the file has at least `gigabytes` (10^9 bytes)."""
    rows = int(gigabytes * 1e9 / BYTES_PER_ROW)
    while True:
        write_csv(path, 0, rows)
        size = os.path.getsize(path)
        if size >= gigabytes * 1e9:
            return rows
        rows = int(rows * gigabytes * 1e9 / size * 1.002) + 1


def duckdb_seconds(path, folder):
    target = f"{folder}/peer.parquet"
    seconds, _ = timed(lambda: duckdb.connect(config={"memory_limit": "4GB"}).execute(
        f"COPY (SELECT * FROM read_csv('{path}')) TO '{target}' (FORMAT parquet)"))
    os.remove(target)
    return seconds


def one_file(binary, folder, gigabytes):
    path = f"{folder}/big.csv"
    rows = make_csv(path, gigabytes)
    peer = duckdb_seconds(path, folder)
    with Server(binary, settings=MEMORY) as server:
        server.sql(f"CREATE EXTERNAL LOCATION bench URL '{folder}'")
        client = Client(server)
        with MemoryPeak(server.process.pid) as memory:
            ours, _ = timed(lambda: client.sql(f"COPY INTO big FROM '{path}' FILEFORMAT = CSV"))
        loaded = client.sql("SELECT count(*) FROM big")[0][0]
    size = os.path.getsize(path) / 1e9
    os.remove(path)
    note = f"{loaded:,} rows, {loaded / ours:,.0f} rows/s, {memory} (goal ≤ 4 GB)"
    if loaded != rows:
        note = f"ROWS DIFFER, {rows:,} expected: {note}"
    return {"name": f"ingest of a {size:.2f} GB CSV", "ours": ours, "peer": peer, "unit": "s", "goal": "≤ 1.25", "note": note}


def stream(binary, folder, gigabytes):
    """The peer loads the first piece, which stands for all of them."""
    piece_rows = int(min(gigabytes, PIECE_GIGABYTES) * 1e9 / BYTES_PER_ROW)
    loaded, bytes_in, ours, peer = 0, 0, 0.0, None
    with Server(binary, settings=MEMORY) as server:
        server.sql(f"CREATE EXTERNAL LOCATION bench URL '{folder}'")
        client = Client(server)
        with MemoryPeak(server.process.pid) as memory:
            while bytes_in < gigabytes * 1e9:
                path = f"{folder}/piece-{loaded}.csv"
                write_csv(path, loaded, piece_rows)
                size = os.path.getsize(path)
                if peer is None:
                    peer = duckdb_seconds(path, folder) / size * 1e9
                ours += timed(lambda: client.sql(f"COPY INTO big FROM '{path}' FILEFORMAT = CSV"))[0]
                os.remove(path)
                loaded, bytes_in = loaded + piece_rows, bytes_in + size
        count, total = client.sql("SELECT count(*), sum(id::HUGEINT)::VARCHAR FROM big")[0]
        stored = client.sql("DESCRIBE DETAIL big")[0]
        stored_bytes = max(int(value) for value in stored if isinstance(value, int))
    wrong = "" if count == loaded and int(total) == loaded * (loaded - 1) // 2 else "ROWS DIFFER; "
    return {"name": f"ingest of {bytes_in / 1e9:.0f} GB of CSV, piece by piece, per GB", "ours": ours / bytes_in * 1e9,
            "peer": peer, "unit": "s", "goal": "bounded memory",
            "note": f"{wrong}{count:,} rows, {count / ours:,.0f} rows/s, {bytes_in / ours / 1e6:.0f} MB/s; "
                    f"{stored_bytes / 1e9:.1f} GB of Parquet; {memory}"}
