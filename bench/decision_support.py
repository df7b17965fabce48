"""TPC-H and TPC-DS through the HTTP door against DuckDB in process on the same Parquet files: per query the best of some
rounds that take turns, answers compared."""
import importlib.util
import os
import pathlib

import duckdb

from measure import Client, MemoryPeak, timed

# Where a query's time is noise, a ratio says nothing.
NOISE_SECONDS = 0.05
GOALS = {"tpch": "≤ 1.10, SF 10: ≤ 1.05 and none above 1.3", "tpcds": "all answers equal"}


def extension(name):
    root = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{name}").submodule_search_locations[0])
    return str(next(root.rglob(f"{name}.duckdb_extension")))


def make_data(name, folder, scale):
    """Writes each table as `folder`/<table>.parquet; gives the tables and the numbered queries."""
    connection = duckdb.connect(f"{folder}/generated.duckdb")  # On disk: SF 10 does not have to fit into memory.
    connection.execute(f"LOAD '{extension(name)}'")
    connection.execute(f"CALL {'dbgen' if name == 'tpch' else 'dsdgen'}(sf={scale})")
    tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
    for table in tables:
        connection.execute(f"COPY {table} TO '{folder}/{table}.parquet' (FORMAT parquet)")
    queries = connection.execute(f"SELECT query_nr, query FROM {name}_queries() ORDER BY 1").fetchall()
    connection.close()
    os.remove(f"{folder}/generated.duckdb")
    return tables, queries


def normal(rows):
    """In one order and spelling: rows that ORDER BY leaves tied may come in any, and JSON has decimals as text."""
    def cell(value):
        if value is None or isinstance(value, bool):
            return value
        try:
            return round(float(value), 2)
        except (TypeError, ValueError):
            return str(value)
    return sorted((tuple(cell(v) for v in row) for row in rows), key=repr)


def close(mine, expected):
    """Sums of floating-point numbers depend on the order in which threads add them up."""
    def same(a, b):
        if isinstance(a, float) and isinstance(b, float):
            return abs(a - b) <= 0.011 + 1e-9 * abs(b)
        return a == b
    return len(mine) == len(expected) and all(
        len(a) == len(b) and all(same(x, y) for x, y in zip(a, b)) for a, b in zip(mine, expected))


def take_turns(server, queries, rounds, ours, theirs, labels):
    """Runs each query by both in turn; gives the sums of the best times, and a note on answers, ratios and memory."""
    mine_best, peer_best, wrong, worst = [], [], [], (0.0, 0)
    with MemoryPeak(server.process.pid) as memory:
        for number, query in queries:
            mine, peer = [], []
            for _ in range(rounds):
                seconds, expected = timed(lambda: theirs(query))
                peer.append(seconds)
                seconds, rows = timed(lambda: ours(query))
                mine.append(seconds)
            if not close(normal(rows), normal(expected)):
                wrong.append(number)
            mine_best.append(min(mine))
            peer_best.append(min(peer))
            if min(peer) > NOISE_SECONDS:
                worst = max(worst, (min(mine) / min(peer), number))
            print(f"{labels[0]} q{number:02d}: {min(mine) * 1e3:8.1f} ms, {labels[1]} {min(peer) * 1e3:8.1f} ms", flush=True)
    note = "all answers equal" if not wrong else f"ANSWERS DIFFER: {wrong}"
    return {"ours": sum(mine_best), "peer": sum(peer_best), "unit": "s, sum of the best of " + str(rounds),
            "note": f"{note}; largest ratio above 50 ms {worst[0]:.2f} (query {worst[1]}); {memory}"}


def run(name, server, folder, scale, rounds):
    folder = f"{folder}/{name}"
    os.mkdir(folder)
    tables, queries = make_data(name, folder, scale)
    client = Client(server)
    client.sql(f"CREATE SCHEMA {name}")
    for table in tables:
        client.sql(f"COPY INTO {name}.{table} FROM '{folder}/{table}.parquet' FILEFORMAT = PARQUET")
        os.remove(f"{folder}/{table}.parquet")
    client.options["schema"] = name
    raw = duckdb.connect(config={"threads": os.cpu_count()})
    ids = dict(client.sql(f"SELECT table_name, id FROM system.tables WHERE schema_name = '{name}'"))
    for table in tables:
        raw.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{server.lake}/tables/{ids[table]}/**/*.parquet')")
    return {"name": f"TPC-{name[3:].upper()} SF {scale:g}, {len(queries)} queries over HTTP", "goal": GOALS[name],
            **take_turns(server, queries, rounds, client.sql, lambda query: raw.execute(query).fetchall(), (name, "DuckDB"))}
