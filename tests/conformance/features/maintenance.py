"""Statements that look after tables."""
import pathlib
import shutil

from feature import Feature, Refused

ORDER = 5
HEADING = "Maintenance"

PARTS = ["CREATE TABLE {t} (id BIGINT, name VARCHAR, p VARCHAR) PARTITIONED BY (p)",
         "INSERT INTO {t} SELECT i, 'a' || i, CASE WHEN i % 2 = 0 THEN 'x/y z' END FROM range(20) r(i)",
         "INSERT INTO {t} SELECT i, 'b' || i, CASE WHEN i % 2 = 0 THEN 'x/y z' END FROM range(20, 40) r(i)",
         "DELETE FROM {t} WHERE id % 4 = 1"]
REST = [(i, ("a" if i < 20 else "b") + str(i), "x/y z" if i % 2 == 0 else None) for i in range(40) if i % 4 != 1]

INSERTS = [f"INSERT INTO {{t}} VALUES ({i}, 'n{i}')" for i in range(60)]


def data_files(bench, name):
    return sorted(pathlib.Path(bench.ours.path(name)).glob("**/*.parquet"), key=lambda path: path.stat().st_mtime_ns)


def only_files_in_use_are_left(bench, name):
    kept = [path for path in data_files(bench, name) if "_delta_log" not in path.parts]
    answer = bench.server.sql(f"DESCRIBE DETAIL {name}")
    at = [column["name"] for column in answer["columns"]].index("numFiles")
    assert len(kept) == answer["rows"][0][at], kept


def small_files_were_compacted(bench, name):
    assert "OPTIMIZE" in str(bench.server.sql(f"DESCRIBE HISTORY {name}")["rows"])


def oldest_file_is_lost(bench, name):
    data_files(bench, name)[0].unlink()


def parquet_files(bench, name):
    """A directory of that name, of a layout that other tools write."""
    bench.server.sql(f"CREATE TABLE {name}_source AS SELECT range AS id, 'n' || range AS name, {{'x': range}} AS st "
                     "FROM range(10)")
    parquet, = data_files(bench, f"{name}_source")
    for day in ("day=2024-01-01", "day=2024-01-02", "day=__HIVE_DEFAULT_PARTITION__"):
        folder = pathlib.Path(bench.folder) / name / day
        folder.mkdir(parents=True)
        shutil.copy(parquet, folder / "part.parquet")


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
    Feature("`VACUUM` that finds nothing to delete", write=PARTS + ["VACUUM {t}"], rows=REST),
    Feature("`VACUUM` that deletes files",
            write=PARTS + ["OPTIMIZE {t}", "DELETE FROM {t} WHERE id = 2", "VACUUM {t} RETAIN 0 HOURS", only_files_in_use_are_left,
                           "INSERT INTO {t} VALUES (100, 'new', NULL)"],
            rows=[row for row in REST if row[0] != 2] + [(100, "new", None)], versions=[]),
    Feature("Auto-compaction (`delta.autoOptimize.autoCompact`)",
            write=["CREATE TABLE {t} (id BIGINT, name VARCHAR) TBLPROPERTIES ('delta.autoOptimize.autoCompact' = 'true')",
                   *INSERTS, small_files_were_compacted],
            rows=[(i, f"n{i}") for i in range(60)], versions=[0, 30, 49, 50, 51, 52, 60]),
    Feature("`CONVERT TO DELTA`",
            write=[parquet_files, "CONVERT TO DELTA parquet.`{folder}/{t}` PARTITIONED BY (day DATE)",
                   "DELETE FROM {t} WHERE id = 3", "INSERT INTO {t} VALUES (100, 'new', {'x': 1}, DATE '2024-01-03')"]),
    Feature("`FSCK REPAIR`",
            write=["CREATE TABLE {t} (id BIGINT, name VARCHAR)", *INSERTS[:3], oldest_file_is_lost, "FSCK REPAIR TABLE {t}",
                   *INSERTS[3:4]],
            rows=[(i, f"n{i}") for i in (1, 2, 3)], versions=[4, 5]),
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
