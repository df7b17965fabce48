"""Statements that look after tables."""
from feature import Feature, Refused

ORDER = 5
HEADING = "Maintenance"

PARTS = ["CREATE TABLE {t} (id BIGINT, name VARCHAR, p VARCHAR) PARTITIONED BY (p)",
         "INSERT INTO {t} SELECT i, 'a' || i, CASE WHEN i % 2 = 0 THEN 'x/y z' END FROM range(20) r(i)",
         "INSERT INTO {t} SELECT i, 'b' || i, CASE WHEN i % 2 = 0 THEN 'x/y z' END FROM range(20, 40) r(i)",
         "DELETE FROM {t} WHERE id % 4 = 1"]
REST = [(i, ("a" if i < 20 else "b") + str(i), "x/y z" if i % 2 == 0 else None) for i in range(40) if i % 4 != 1]

FEATURES = [
    Feature("`OPTIMIZE`", write=PARTS + ["OPTIMIZE {t}", "DELETE FROM {t} WHERE id = 2"],
            rows=[row for row in REST if row[0] != 2]),
    Feature("`OPTIMIZE … ZORDER BY`", write=PARTS + ["OPTIMIZE {t} ZORDER BY (id, name)"], rows=REST),
    Feature("`OPTIMIZE` of a clustered table", write=[
        "CREATE TABLE {t} (id BIGINT, name VARCHAR) CLUSTER BY (name, id)",
        "INSERT INTO {t} SELECT i, 'n' || i % 3 FROM range(30) r(i)", "OPTIMIZE {t}", "DELETE FROM {t} WHERE id > 25",
        "INSERT INTO {t} VALUES (77, NULL)", "OPTIMIZE {t}", "OPTIMIZE {t} FULL"],
        rows=[(i, f"n{i % 3}") for i in range(26)] + [(77, None)]),
    Feature("`RESTORE`", write=PARTS + ["CREATE OR REPLACE TABLE {t} (other INT)", "RESTORE TABLE {t} TO VERSION AS OF 3"],
            rows=REST),
    Feature("`VACUUM`", write=PARTS + ["VACUUM {t}"], rows=REST),
    Feature("Deep `CLONE`", write=PARTS[:1] + ["CREATE OR REPLACE TABLE {t}_source (id BIGINT, name VARCHAR)",
                                               "INSERT INTO {t}_source VALUES (1, 'a'), (2, 'b')",
                                               "DELETE FROM {t}_source WHERE id = 2",
                                               "CREATE OR REPLACE TABLE {t} CLONE {t}_source"],
            rows=[(1, "a")]),
    Feature("Shallow `CLONE`",
            write=["CREATE OR REPLACE TABLE {t}_source (id BIGINT, name VARCHAR) PARTITIONED BY (name)",
                   "INSERT INTO {t}_source VALUES (1, 'a b'), (2, 'a b'), (3, 'c'), (4, 'c')",
                   "DELETE FROM {t}_source WHERE id = 2", "CREATE TABLE {t} SHALLOW CLONE {t}_source",
                   "INSERT INTO {t} VALUES (5, 'e')", "DELETE FROM {t} WHERE id = 3",
                   "DELETE FROM {t}_source WHERE id = 4", "UPDATE {t} SET id = 10 WHERE id = 1"],
            rows=[(10, "a b"), (4, "c"), (5, "e")], duckdb=Refused("cannot open file"),
            note="DuckDB's extension looks for absolute paths below the table"),
]
