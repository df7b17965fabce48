"""Logs, checkpoints, protocol features and maintenance."""
import os
import pathlib
import time

import deltalake
import pyarrow as pa

from feature import Feature, MAPPED_PARTITIONS, Refused
from judges import DuckDb

ORDER = 4
HEADING = "Logs and table features"

CREATE = "CREATE TABLE {t} (id BIGINT, p STRING)"
INSERTS = [f"INSERT INTO {{t}} VALUES ({i}, 'p{i % 2}')" for i in range(7)]


#: Spark's hidden columns are the judge of ours.
ROW_IDS = [("SELECT id, _row_id AS r, _row_commit_version AS v FROM table_rows('{t}')",
            "SELECT id, _metadata.row_id AS r, _metadata.row_commit_version AS v FROM {t}")]


def compacted_by_delta_rs(path):
    for i in range(6):
        deltalake.write_deltalake(path, pa.table({"id": [i]}), mode="append")
    deltalake.DeltaTable(path).compact_logs(1, 4)


def optimized_by_delta_rs(path):
    for i in range(4):
        deltalake.write_deltalake(path, pa.table({"id": [i, 10 - i]}), mode="append")
    deltalake.DeltaTable(path).optimize.compact()
    deltalake.DeltaTable(path).restore(2)
    deltalake.DeltaTable(path).optimize.z_order(["id"])


def change_feed_by_delta_rs(path):
    deltalake.write_deltalake(path, pa.table({"id": [1, 2, 3], "p": ["a", "b", "c"]}),
                              configuration={"delta.enableChangeDataFeed": "true"})
    deltalake.DeltaTable(path).delete("id = 2")


def log_of(bench, name):
    return pathlib.Path(bench.ours.path(name)) / "_delta_log"


def age_the_log(bench, name):
    """Beyond delta.logRetentionDuration; not beyond what Spark lets versions be read at."""
    for path in log_of(bench, name).rglob("*"):
        os.utime(path, (time.time() - 5 * 24 * 3600,) * 2)


def log_was_cut(bench, name):
    versions = {int(path.name[:20]) for path in log_of(bench, name).glob("*.json") if path.stem.isdigit()}
    assert versions and min(versions) > 0 and min(versions) == max(versions) - len(versions) + 1, versions


def has_a_v2_checkpoint(bench, name):
    assert list(log_of(bench, name).glob("*.checkpoint.*.json")), "no checkpoint with sidecars"


def has_deletion_vectors(bench, name):
    assert list(pathlib.Path(bench.ours.path(name)).glob("**/deletion_vector_*")), "nothing was deleted by a vector"


def appended_by_duckdb(bench, name):
    DuckDb().append(bench.ours.path(name), "SELECT 70, 'duck' UNION ALL SELECT 71, NULL")


def made_for_duckdb(path):
    """DuckDB's extension makes no tables, and writes rows of one partition at a time."""
    deltalake.write_deltalake(path, pa.table({"id": [1, 2], "p": ["a", "b"]}), partition_by=["p"])
    DuckDb().append(path, "SELECT 3, 'b' UNION ALL SELECT 4, 'b'")
    DuckDb().append(path, "SELECT 5, 'c'")


PLAIN = f"{CREATE} TBLPROPERTIES ('delta.enableDeletionVectors' = 'false', 'delta.enableInCommitTimestamps' = 'false')"


def switched_on(*properties):
    return "ALTER TABLE {t} SET TBLPROPERTIES (" + ", ".join(f"'{name}' = '{value}'" for name, value in properties) + ")"


def old_by_delta_rs(path):
    """Protocol (1, 2)."""
    for i in range(3):
        deltalake.write_deltalake(path, pa.table({"id": [i, i + 10], "p": ["a", None]}), mode="append")


FEATURES = [
    Feature(
        "In-commit timestamps",
        write=[f"{CREATE} TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')", *INSERTS[:3]],
        theirs=[f"{CREATE} USING delta TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')", *INSERTS[:2],
                "DELETE FROM {t} WHERE id = 0"],
        change=INSERTS[3:5]),
    Feature(
        "In-commit timestamps switched on later",
        write=[f"{CREATE} TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'false')", *INSERTS[:2],
               "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')", *INSERTS[2:4]],
        theirs=[f"{CREATE} USING delta", *INSERTS[:2],
                "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')", *INSERTS[2:4]],
        change=INSERTS[4:6]),
    Feature(
        "Checkpoints, classic",
        write=[f"{CREATE} PARTITIONED BY (p) TBLPROPERTIES ('delta.checkpointInterval' = '3')", *INSERTS,
               "DELETE FROM {t} WHERE id = 3", "UPDATE {t} SET id = 100 WHERE id = 4"],
        theirs=[f"{CREATE} USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.checkpointInterval' = '3')", *INSERTS,
                "DELETE FROM {t} WHERE id = 3"],
        change=["INSERT INTO {t} VALUES (50, 'p5')", "DELETE FROM {t} WHERE id = 5"]),
    Feature(
        "Checkpoints with statistics as a struct",
        theirs=[f"{CREATE} USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.checkpointInterval' = '3', "
                "'delta.checkpoint.writeStatsAsStruct' = 'true', 'delta.checkpoint.writeStatsAsJson' = 'false')", *INSERTS],
        change=["DELETE FROM {t} WHERE id = 5"]),
    Feature(
        "Checkpoints v2 with sidecars",
        write=[f"{CREATE} TBLPROPERTIES ('delta.checkpointInterval' = '3', 'delta.checkpointPolicy' = 'v2')", *INSERTS,
               "DELETE FROM {t} WHERE id = 3", "UPDATE {t} SET id = 100 WHERE id = 4"],
        theirs=[f"{CREATE} USING delta TBLPROPERTIES ('delta.checkpointInterval' = '3', 'delta.checkpointPolicy' = 'v2')",
                *INSERTS, "DELETE FROM {t} WHERE id = 3"],
        change=["INSERT INTO {t} VALUES (50, 'p5')", "DELETE FROM {t} WHERE id = 5"]),
    Feature(
        "Checkpoints v2 switched on later",
        write=[f"{PLAIN}", *INSERTS[:2], switched_on(("delta.checkpointPolicy", "v2"), ("delta.checkpointInterval", "3")),
               *INSERTS[2:], has_a_v2_checkpoint, "DELETE FROM {t} WHERE id = 3"],
        theirs=[f"{CREATE} USING delta", *INSERTS[:2]], theirs_by_delta_rs=old_by_delta_rs,
        change=[switched_on(("delta.checkpointPolicy", "v2"), ("delta.checkpointInterval", "2")), *INSERTS[2:5],
                has_a_v2_checkpoint]),
    Feature(
        "A log of which old versions were cleaned up",
        write=[f"{CREATE} TBLPROPERTIES ('delta.checkpointInterval' = '3', 'delta.logRetentionDuration' = 'interval 2 days', "
               "'delta.enableInCommitTimestamps' = 'false')", *INSERTS[:5], age_the_log, *INSERTS[5:], log_was_cut,
               "DELETE FROM {t} WHERE id = 3"],
        rows=[(i, f"p{i % 2}") for i in range(7) if i != 3]),
    Feature(
        "A log with v2 checkpoints of which old versions were cleaned up",
        write=[f"{CREATE} TBLPROPERTIES ('delta.checkpointInterval' = '3', 'delta.logRetentionDuration' = 'interval 2 days', "
               "'delta.checkpointPolicy' = 'v2', 'delta.enableInCommitTimestamps' = 'false')", *INSERTS[:5], age_the_log,
               *INSERTS[5:], log_was_cut, has_a_v2_checkpoint, "DELETE FROM {t} WHERE id = 3"],
        rows=[(i, f"p{i % 2}") for i in range(7) if i != 3]),
    Feature("Compacted log files",
            write=[f"{CREATE} TBLPROPERTIES ('neurolake.log_compaction_interval' = '3')", *INSERTS,
                   "DELETE FROM {t} WHERE id = 3"],
            theirs_by_delta_rs=compacted_by_delta_rs, change=["DELETE FROM {t} WHERE id = 1"]),
    Feature(
        "Append-only tables",
        write=[f"{CREATE} TBLPROPERTIES ('delta.appendOnly' = 'true')", *INSERTS[:2]],
        theirs=[f"{CREATE} USING delta TBLPROPERTIES ('delta.appendOnly' = 'true')", *INSERTS[:2]],
        change=["INSERT INTO {t} VALUES (50, 'p5')"]),
    Feature(
        "Change data feed",
        write=[f"{CREATE} TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')", *INSERTS[:3],
               "UPDATE {t} SET p = 'x' WHERE id = 1", "DELETE FROM {t} WHERE id = 2"],
        theirs=[f"{CREATE} USING delta TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')", *INSERTS[:3],
                "UPDATE {t} SET p = 'x' WHERE id = 1", "DELETE FROM {t} WHERE id = 2"],
        theirs_by_delta_rs=change_feed_by_delta_rs,
        probes=[("SELECT * FROM table_changes('{t}', 1)", "SELECT * FROM table_changes_by_path('{path}', 1)")],
        change=["UPDATE {t} SET p = 'y' WHERE id = 3", "INSERT INTO {t} SELECT * FROM {t}"]),
    Feature(
        "Change data feed switched on later",
        write=[PLAIN, *INSERTS[:3], switched_on(("delta.enableChangeDataFeed", "true")),
               "UPDATE {t} SET p = 'x' WHERE id = 1", "DELETE FROM {t} WHERE id = 2"],
        theirs=[f"{CREATE} USING delta", *INSERTS[:3]], theirs_by_delta_rs=old_by_delta_rs,
        probes=[("SELECT * FROM table_changes('{t}', 5)", "SELECT * FROM table_changes_by_path('{path}', 5)")],
        change=[switched_on(("delta.enableChangeDataFeed", "true")), "UPDATE {t} SET p = 'y' WHERE id = 1",
                "INSERT INTO {t} SELECT * FROM {t}"]),
    Feature(
        "Deletion vectors switched on later",
        write=[PLAIN, "INSERT INTO {t} SELECT i, 'p' || (i % 2) FROM range(1000) r(i)", "DELETE FROM {t} WHERE id = 5",
               switched_on(("delta.enableDeletionVectors", "true")), "DELETE FROM {t} WHERE id = 6", has_deletion_vectors,
               "UPDATE {t} SET p = 'x' WHERE id = 7"],
        theirs=[f"{CREATE} USING delta", "INSERT INTO {t} SELECT id, 'p' FROM range(1000)"],
        theirs_by_delta_rs=old_by_delta_rs,
        change=[switched_on(("delta.enableDeletionVectors", "true")), "INSERT INTO {t} SELECT i, 'n' FROM range(1000, 2000) r(i)",
                "DELETE FROM {t} WHERE id = 1500", has_deletion_vectors]),
    Feature(
        "Column mapping switched on later",
        write=[PLAIN, *INSERTS[:2], switched_on(("delta.columnMapping.mode", "name")), *INSERTS[2:3],
               "ALTER TABLE {t} RENAME COLUMN p TO q", "INSERT INTO {t} VALUES (9, 'nine')", "DELETE FROM {t} WHERE id = 1"],
        rows=[(0, "p0"), (2, "p0"), (9, "nine")],
        theirs=[f"{CREATE} USING delta", *INSERTS[:2]], theirs_by_delta_rs=old_by_delta_rs,
        change=[switched_on(("delta.columnMapping.mode", "name")), "ALTER TABLE {t} RENAME COLUMN p TO q",
                "INSERT INTO {t} VALUES (9, 'nine')"]),
    Feature(
        "Table features added by name (`delta.feature.… = 'supported'`)",
        write=[PLAIN, *INSERTS[:2],
               switched_on(*[(f"delta.feature.{name}", "supported") for name in (
                   "appendOnly", "invariants", "checkConstraints", "changeDataFeed", "generatedColumns", "columnMapping",
                   "allowColumnDefaults", "deletionVectors", "inCommitTimestamp", "timestampNtz", "v2Checkpoint",
                   "domainMetadata", "rowTracking")]),
               *INSERTS[2:4], "UPDATE {t} SET p = 'x' WHERE id = 1", "DELETE FROM {t} WHERE id = 2"],
        rows=[(0, "p0"), (1, "x"), (3, "p1")],
        theirs=[f"{CREATE} USING delta", *INSERTS[:2]], theirs_by_delta_rs=old_by_delta_rs,
        change=[switched_on(("delta.feature.v2Checkpoint", "supported"), ("delta.feature.changeDataFeed", "supported")),
                "INSERT INTO {t} VALUES (9, 'nine')"]),
    Feature(
        "`VACUUM` that asks for the protocol (vacuumProtocolCheck)",
        write=[PLAIN, *INSERTS[:2], switched_on(("delta.feature.vacuumProtocolCheck", "supported")), *INSERTS[2:3],
               "VACUUM {t}"],
        theirs=[f"{CREATE} USING delta TBLPROPERTIES ('delta.feature.vacuumProtocolCheck' = 'supported')", *INSERTS[:2]],
        change=["INSERT INTO {t} VALUES (9, 'nine')", "VACUUM {t}"],
        delta_rs=Refused("VacuumProtocolCheck"), changed_delta_rs=Refused("VacuumProtocolCheck")),
    Feature(
        "Rows that DuckDB's extension appends",
        write=[CREATE, *INSERTS[:2], appended_by_duckdb, "DELETE FROM {t} WHERE id = 70", appended_by_duckdb,
               "UPDATE {t} SET p = 'ours' WHERE id = 71"],
        rows=[(0, "p0"), (1, "p1"), (70, "duck"), (71, "ours"), (71, "ours")],
        theirs_by_delta_rs=made_for_duckdb,
        change=["UPDATE {t} SET id = id + 10 WHERE p = 'b'", "INSERT INTO {t} VALUES (9, NULL)"],
        note="The extension appends to tables that are there, and does nothing else"),
    Feature(
        "Row tracking",
        write=[f"{CREATE} TBLPROPERTIES ('delta.enableRowTracking' = 'true')", *INSERTS[:3],
               "DELETE FROM {t} WHERE id = 1", "INSERT INTO {t} SELECT id + 10, p FROM {t}",
               "UPDATE {t} SET p = 'y' WHERE id = 2",
               "MERGE INTO {t} USING (VALUES (2, 'z'), (7, 'n')) s(id, p) ON {t}.id = s.id WHEN MATCHED THEN UPDATE SET p = s.p "
               "WHEN NOT MATCHED THEN INSERT (id, p) VALUES (s.id, s.p)",
               "OPTIMIZE {t}", "UPDATE {t} SET p = 'last' WHERE id = 7"],
        theirs=[f"{CREATE} USING delta TBLPROPERTIES ('delta.enableRowTracking' = 'true')", *INSERTS[:3],
                "UPDATE {t} SET p = 'x' WHERE id = 1",
                "MERGE INTO {t} USING (SELECT id, p FROM VALUES (1, 'm'), (8, 'n') AS v(id, p)) s ON {t}.id = s.id "
                "WHEN MATCHED THEN UPDATE SET p = s.p WHEN NOT MATCHED THEN INSERT (id, p) VALUES (s.id, s.p)",
                "OPTIMIZE {t}"],
        spark_changes=["UPDATE {t} SET p = 'spark' WHERE id = 0", "OPTIMIZE {t}"],
        probes=ROW_IDS,
        change=["INSERT INTO {t} VALUES (9, 'x')", "INSERT INTO {t} SELECT id + 10, p FROM {t}",
                "UPDATE {t} SET p = 'u' WHERE id < 3", "OPTIMIZE {t}", "DELETE FROM {t} WHERE id = 1"]),
    Feature(
        "Row tracking with column mapping and partitions, without deletion vectors",
        write=[f"{CREATE} PARTITIONED BY (p) TBLPROPERTIES ('delta.enableRowTracking' = 'true', "
               "'delta.columnMapping.mode' = 'name', 'delta.enableDeletionVectors' = 'false')", *INSERTS[:4],
               "INSERT INTO {t} SELECT id + 10, p FROM {t}", "OPTIMIZE {t}", "DELETE FROM {t} WHERE id = 11",
               "UPDATE {t} SET p = 'moved' WHERE id = 12"],
        duckdb=MAPPED_PARTITIONS, changed_duckdb=MAPPED_PARTITIONS, probes=ROW_IDS),
    Feature(
        "Row tracking switched on later",
        write=[CREATE, *INSERTS[:3], "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableRowTracking' = 'true')",
               *INSERTS[3:5], "UPDATE {t} SET p = 'x' WHERE id = 1", "OPTIMIZE {t}"],
        probes=ROW_IDS),
    Feature(
        "Liquid clustering",
        write=[f"{CREATE} CLUSTER BY (id)", *INSERTS[:4], "OPTIMIZE {t}", "ALTER TABLE {t} CLUSTER BY (p)", *INSERTS[4:],
               "OPTIMIZE {t} FULL", "ALTER TABLE {t} CLUSTER BY NONE", "DELETE FROM {t} WHERE id = 2"],
        theirs=[f"{CREATE} USING delta CLUSTER BY (id)", *INSERTS[:4], "OPTIMIZE {t}", *INSERTS[4:5]],
        change=["INSERT INTO {t} SELECT * FROM {t}", "DELETE FROM {t} WHERE id = 2", "OPTIMIZE {t}"]),
    Feature(
        "`OPTIMIZE` and `ZORDER`, made by others",
        theirs=[f"{CREATE} USING delta TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')", *INSERTS[:4],
                "DELETE FROM {t} WHERE id = 1", "OPTIMIZE {t}", *INSERTS[4:6], "OPTIMIZE {t} ZORDER BY (id)",
                "REORG TABLE {t} APPLY (PURGE)"],
        theirs_by_delta_rs=optimized_by_delta_rs,
        change=["DELETE FROM {t} WHERE id = 2"]),
    Feature(
        "`RESTORE`, made by others",
        theirs=[f"{CREATE} USING delta TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')", *INSERTS[:4],
                "DELETE FROM {t} WHERE id = 1", "RESTORE TABLE {t} TO VERSION AS OF 3", *INSERTS[4:5]],
        change=["DELETE FROM {t} WHERE id = 2"]),
    Feature(
        "`VACUUM`, made by others",
        theirs=[f"{CREATE} USING delta", *INSERTS[:3], "DELETE FROM {t} WHERE id = 1", "OPTIMIZE {t}",
                "VACUUM {t} RETAIN 0 HOURS"],
        versions=[5], change=["DELETE FROM {t} WHERE id = 2"]),
    Feature(
        "Protocol (1, 2), upgraded to table features",
        theirs=[f"{CREATE} USING delta TBLPROPERTIES ('delta.minReaderVersion' = '1', 'delta.minWriterVersion' = '2')",
                *INSERTS[:2], "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
                "DELETE FROM {t} WHERE id = 1"],
        change=["DELETE FROM {t} WHERE id = 0", "INSERT INTO {t} VALUES (9, 'x')"]),
    Feature(
        "Shallow clones, made by others",
        theirs=[f"{CREATE.replace('{t}', '{source}')} USING delta",
                *[statement.replace("{t}", "{source}") for statement in INSERTS[:2]],
                "CREATE TABLE {t} SHALLOW CLONE {source}", *INSERTS[2:3]],
        read=Refused("outside")),
    Feature(
        "`CONVERT TO DELTA`, made by others",
        theirs=["INSERT OVERWRITE DIRECTORY '{path}' USING parquet SELECT id, 'p' || id % 2 AS p FROM range(10)",
                "CONVERT TO DELTA parquet.`{path}`", "INSERT INTO {t} VALUES (100, 'x')", "DELETE FROM {t} WHERE id = 3"],
        change=["DELETE FROM {t} WHERE id = 5", "INSERT INTO {t} SELECT * FROM {t}"]),
    Feature(
        "All at once: partitions, column mapping, deletion vectors, in-commit timestamps, v2 checkpoints",
        write=[f"{CREATE} PARTITIONED BY (p) TBLPROPERTIES ('delta.columnMapping.mode' = 'name', "
               "'delta.checkpointInterval' = '3', 'delta.checkpointPolicy' = 'v2')", *INSERTS,
               "UPDATE {t} SET id = id + 10 WHERE p = 'p0'", "DELETE FROM {t} WHERE id = 1"],
        duckdb=MAPPED_PARTITIONS, changed_duckdb=MAPPED_PARTITIONS,
        theirs=[f"{CREATE} USING delta PARTITIONED BY (p) TBLPROPERTIES ('delta.columnMapping.mode' = 'name', "
                "'delta.checkpointInterval' = '3', 'delta.checkpointPolicy' = 'v2', 'delta.enableDeletionVectors' = 'true', "
                "'delta.enableInCommitTimestamps' = 'true')", *INSERTS, "ALTER TABLE {t} RENAME COLUMN p TO part",
                "UPDATE {t} SET id = id + 10 WHERE part = 'p0'", "DELETE FROM {t} WHERE id = 1",
                "INSERT INTO {t} SELECT id, 'many' FROM range(1000)", "DELETE FROM {t} WHERE id % 9 = 0 AND part = 'many'"],
        change=["DELETE FROM {t} WHERE id % 7 = 0", "UPDATE {t} SET part = 'x' WHERE part = 'p1'"]),
]
