"""What row filters and masks cost: TPC-H by a user to whom policies of every table apply, beside an administrator who asks
views with the same conditions and masks, written by hand, over the same files. And how much pruning they leave: the bytes
that workers read for ranges of a table with a policy, and without."""
import os
import random

from decision_support import make_data, take_turns
from measure import Client, MemoryPeak, timed

# For each table what may be seen, and a column with what is shown of it.
POLICIES = {
    "customer": ("c_nationkey <> 3", "c_address", "REDACT"),
    "lineitem": ("l_shipmode <> 'FOB'", "l_comment", "REDACT"),
    "nation": ("n_name <> 'PERU'", "n_comment", "REDACT"),
    "orders": ("o_orderpriority <> '4-NOT SPECIFIED'", "o_clerk", "LAST 4"),
    "part": ("p_size <> 50", "p_comment", "REDACT"),
    "partsupp": ("ps_availqty <> 1", "ps_comment", "REDACT"),
    "region": ("r_name <> 'MIDDLE EAST'", "r_comment", "REDACT"),
    "supplier": ("s_nationkey <> 3", "s_address", "REDACT"),
}
BY_HAND = {"REDACT": "CASE WHEN {0} IS NULL THEN NULL ELSE '[redacted]' END",
           "LAST 4": "CASE WHEN {0} IS NULL THEN NULL WHEN length({0}) <= 4 THEN repeat('*', 4) "
                     "ELSE repeat('*', 4) || right({0}, 4) END"}


def client_of(server, role):
    client = Client(server)
    client.headers["Authorization"] = f"Bearer {server.token_of(role)}"
    return client


def protect(client, folder, scale):
    """Loads TPC-H into schema tpch under policies for readers; schema by_hand has the same for who sees everything."""
    tables, queries = make_data("tpch", folder, scale)
    client.sql("CREATE SCHEMA tpch")
    client.sql("CREATE SCHEMA by_hand")
    for table in tables:
        condition, column, mask = POLICIES[table]
        client.sql(f"COPY INTO tpch.{table} FROM '{folder}/{table}.parquet' FILEFORMAT = PARQUET")
        os.remove(f"{folder}/{table}.parquet")
        client.sql(f"CREATE ROW POLICY filtered ON tpch.{table} TO ROLE reader USING ({condition})")
        client.sql(f"CREATE ROW POLICY everything ON tpch.{table} TO ROLE admin USING (true)")
        client.sql(f"CREATE MASK POLICY hidden ON tpch.{table} ({column}) EXCEPT ROLE admin USING {mask}")
        client.sql(f"CREATE VIEW by_hand.{table} AS SELECT * REPLACE ({BY_HAND[mask].format(column)} AS {column}) "
                   f"FROM tpch.{table} WHERE {condition}")
    return queries


def tpch(server, folder, scale, rounds):
    folder = f"{folder}/policies"
    os.mkdir(folder)
    admin = Client(server)
    queries = protect(admin, folder, scale)
    reader = client_of(server, "reader")
    admin.options["schema"], reader.options["schema"] = "by_hand", "tpch"
    return {"name": f"TPC-H SF {scale:g} under a row filter and a mask on each table; peer: views written by hand, by NeuroLake",
            "goal": "≤ 1.05", **take_turns(server, queries, rounds, reader.sql, admin.sql, ("policies", "by hand"))}


def bytes_read(memory):
    total = 0
    for process in memory.family():
        try:
            counters = dict(line.split(": ") for line in open(f"/proc/{process}/io"))
        except OSError:
            continue
        total += int(counters["rchar"])
    return total


def pruning(server, rows=4_000_000, files=256, ranges=40):
    """Ranges of a thousandth of the rows; a comparison of a column that the policy does not mention, and of one it does."""
    admin, dice = Client(server), random.Random(11)
    for table in ("open", "guarded"):
        admin.sql(f"CREATE TABLE {table} (a BIGINT, region STRING, c DOUBLE, note STRING)")
        admin.sql(f"INSERT INTO {table} SELECT i AS a, CASE WHEN i % 2 = 0 THEN 'EU' ELSE 'US' END AS region, "
                  f"CAST(hash(i) AS DOUBLE) AS c, md5(CAST(i AS VARCHAR)) AS note FROM range({rows}) r(i)")
        size = int(admin.sql(f"DESCRIBE DETAIL {table}")[0][10])
        admin.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.targetFileSize' = '{size // files}')")
        admin.sql(f"OPTIMIZE {table} ZORDER BY (a)")
    admin.sql("CREATE ROW POLICY eu ON guarded TO ROLE reader USING (region = 'EU')")
    admin.sql("CREATE MASK POLICY note ON guarded (note) EXCEPT ROLE admin USING LAST 2")
    reader, memory = client_of(server, "reader"), MemoryPeak(server.process.pid)
    starts = [dice.randrange(rows) for _ in range(ranges)]
    read, seconds = {}, {}
    for table, condition in (("open", "region = 'EU' AND "), ("guarded", "")):
        ask = lambda first, last: reader.sql(f"SELECT count(*), sum(c), max(note) FROM {table} WHERE {condition}"  # noqa: E731
                                             f"a BETWEEN {first} AND {last}")
        ask(0, 1)
        at_first = bytes_read(memory)
        ask(0, rows)
        before = bytes_read(memory)
        whole = before - at_first
        seconds[table] = timed(lambda: [ask(start, start + rows // 1000) for start in starts])[0]
        read[table] = 1 - (bytes_read(memory) - before) / ranges / whole
    return {"name": "bytes spared by ranges of 0.1 % of the rows, table with policies; peer: without", "unit": "% of the whole",
            "ours": 100 * read["guarded"], "peer": 100 * read["open"], "goal": "≥ 0.95 of the peer's",
            "note": f"{ranges} ranges over {rows:,} rows in about {files} files: {seconds['guarded']:.2f} s and "
                    f"{seconds['open']:.2f} s"}
