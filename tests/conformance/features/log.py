"""Logs, checkpoints, protocol features and maintenance."""
import deltalake
import pyarrow as pa

from feature import Feature, MAPPED_PARTITIONS, Refused

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
