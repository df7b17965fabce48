"""Statements that change rows."""
import deltalake
import pyarrow as pa

from feature import Feature

ORDER = 2
HEADING = "Changing rows"

CREATE = "CREATE TABLE {t} (id BIGINT, g VARCHAR, v DOUBLE)"
FILL = "INSERT INTO {t} SELECT i, 'g' || (i % 3), i / 4.0 FROM range(100) r(i)"
SPARK_CREATE = "CREATE TABLE {t} (id BIGINT, g STRING, v DOUBLE) USING delta"
SPARK_FILL = "INSERT INTO {t} SELECT id, 'g' || (id % 3), id / 4.0 FROM range(100)"


def appended_by_delta_rs(path):
    for i in range(3):
        deltalake.write_deltalake(path, pa.table({"id": [i, i + 10], "v": ["a", None]}), mode="append")


def changed_by_delta_rs(path):
    appended_by_delta_rs(path)
    table = deltalake.DeltaTable(path)
    table.update(predicate="id > 10", updates={"v": "'moved'"})
    table.delete("id = 1")


def overwritten_by_delta_rs(path):
    appended_by_delta_rs(path)
    deltalake.write_deltalake(path, pa.table({"id": [1, 2], "v": ["x", "y"]}), mode="overwrite", predicate="id < 3")


FEATURES = [
    Feature(
        "`INSERT`", write=[CREATE, FILL, "INSERT INTO {t} (g, id) VALUES ('x', 1000), (NULL, NULL)"],
        theirs=[SPARK_CREATE, SPARK_FILL], theirs_by_delta_rs=appended_by_delta_rs,
        change=["INSERT INTO {t} SELECT * FROM {t}"]),
    Feature(
        "`DELETE` by deletion vectors",
        write=[CREATE, FILL, "DELETE FROM {t} WHERE id % 7 = 0", "DELETE FROM {t} WHERE id % 5 = 0",
               "DELETE FROM {t} WHERE id > 90"],
        theirs=[SPARK_CREATE + " TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')", SPARK_FILL,
                "DELETE FROM {t} WHERE id % 7 = 0", "DELETE FROM {t} WHERE id % 5 = 0"],
        change=["DELETE FROM {t} WHERE id % 3 = 0", "UPDATE {t} SET v = -1 WHERE id < 20"]),
    Feature(
        "`DELETE` of whole files and of everything",
        write=[CREATE, FILL, "INSERT INTO {t} VALUES (1000, 'z', 1)", "DELETE FROM {t} WHERE id >= 1000", FILL,
               "DELETE FROM {t}"],
        rows=[],
        theirs=[SPARK_CREATE, SPARK_FILL, "DELETE FROM {t}"], change=["INSERT INTO {t} VALUES (1, 'a', 1)"]),
    Feature(
        "`DELETE` and `UPDATE` by rewriting files",
        write=[CREATE + " TBLPROPERTIES ('delta.enableDeletionVectors' = 'false')", FILL,
               "DELETE FROM {t} WHERE id % 7 = 0", "UPDATE {t} SET v = -1, g = 'moved' WHERE id < 20"],
        theirs=[SPARK_CREATE + " TBLPROPERTIES ('delta.enableDeletionVectors' = 'false')", SPARK_FILL,
                "DELETE FROM {t} WHERE id % 7 = 0", "UPDATE {t} SET v = -1 WHERE id < 20"],
        theirs_by_delta_rs=changed_by_delta_rs,
        change=["DELETE FROM {t} WHERE id % 3 = 0"]),
    Feature(
        "`UPDATE`",
        write=[CREATE, FILL, "UPDATE {t} SET v = -1, g = 'moved' WHERE id < 20", "UPDATE {t} SET g = NULL WHERE id = 50"],
        theirs=[SPARK_CREATE + " TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')", SPARK_FILL,
                "UPDATE {t} SET v = -1, g = 'moved' WHERE id < 20"],
        change=["UPDATE {t} SET g = 'again' WHERE id < 30"]),
    Feature(
        "Several statements as one version (`BEGIN … COMMIT`)",
        write=[CREATE, FILL, "BEGIN; INSERT INTO {t} VALUES (500, 'a', 1); UPDATE {t} SET v = 9 WHERE id = 3; "
               "DELETE FROM {t} WHERE g = 'g1'; COMMIT"]),
    Feature(
        "`CREATE OR REPLACE TABLE`",
        write=["CREATE TABLE {t} AS SELECT 1 AS a", "CREATE OR REPLACE TABLE {t} AS SELECT 'x' AS b, 2 AS c",
               "INSERT INTO {t} VALUES ('y', 3)", "CREATE OR REPLACE TABLE {t} (z DATE)"],
        rows=[],
        theirs=["CREATE TABLE {t} USING delta AS SELECT 1 AS a",
                "CREATE OR REPLACE TABLE {t} USING delta AS SELECT 'x' AS b, 2 AS c"],
        change=["INSERT INTO {t} VALUES ('y', 3)"]),
    Feature(
        "`MERGE INTO`",
        write=[CREATE, FILL,
               "MERGE INTO {t} t USING (SELECT i * 2 AS id, 'merged' AS g FROM range(100) r(i)) s ON t.id = s.id "
               "WHEN MATCHED AND t.id < 10 THEN DELETE WHEN MATCHED THEN UPDATE SET g = s.g "
               "WHEN NOT MATCHED THEN INSERT (id, g) VALUES (s.id, s.g) "
               "WHEN NOT MATCHED BY SOURCE AND t.id = 1 THEN UPDATE SET v = -1 "
               "WHEN NOT MATCHED BY SOURCE AND t.id = 3 THEN DELETE",
               "MERGE INTO {t} USING {t} s ON {t}.id = s.id WHEN MATCHED THEN UPDATE SET *"],
        theirs=[SPARK_CREATE + " TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')", SPARK_FILL,
                "MERGE INTO {t} t USING (SELECT id * 2 AS id, 'merged' AS g FROM range(100)) s ON t.id = s.id "
                "WHEN MATCHED AND t.id < 10 THEN DELETE WHEN MATCHED THEN UPDATE SET g = s.g "
                "WHEN NOT MATCHED THEN INSERT (id, g) VALUES (s.id, s.g)"],
        change=["UPDATE {t} SET v = 0 WHERE g = 'merged'"]),
    Feature(
        "`INSERT OVERWRITE`, `REPLACE WHERE` and `TRUNCATE`",
        write=[CREATE.replace("v DOUBLE)", "v DOUBLE) PARTITIONED BY (g)"), FILL,
               "INSERT INTO {t} REPLACE WHERE id < 50 SELECT 1, 'r', 0.5",
               "INSERT OVERWRITE {t} PARTITION (g = 'g1') SELECT 7, 0.25",
               "INSERT INTO {t} REPLACE USING (g) SELECT 8, 'g2', 0.125", "INSERT OVERWRITE {t} VALUES (1, 'o', 1.0)",
               "TRUNCATE TABLE {t}", FILL],
        theirs=[SPARK_CREATE, SPARK_FILL, "INSERT INTO {t} REPLACE WHERE id < 50 SELECT 1L, 'r', 0.5D",
                "INSERT OVERWRITE {t} VALUES (1, 'o', 1.0)", "INSERT INTO {t} VALUES (2, 'p', 1.0)",
                "TRUNCATE TABLE {t}", SPARK_FILL],
        theirs_by_delta_rs=overwritten_by_delta_rs,
        change=["DELETE FROM {t} WHERE id = 2"]),
    Feature(
        "A table of ours that Spark changes, optimises and vacuums in between",
        write=[CREATE + " PARTITIONED BY (g)", FILL, "DELETE FROM {t} WHERE id % 7 = 0"],
        spark_changes=["DELETE FROM {t} WHERE id % 5 = 0", "UPDATE {t} SET v = -1 WHERE id < 20",
                       "MERGE INTO {t} t USING (SELECT id * 2 AS id FROM range(60)) s ON t.id = s.id "
                       "WHEN MATCHED THEN UPDATE SET v = 7 WHEN NOT MATCHED THEN INSERT (id, g) VALUES (s.id, 'new')",
                       "OPTIMIZE {t} ZORDER BY (id)", "VACUUM {t} RETAIN 0 HOURS", "ALTER TABLE {t} ADD COLUMN more STRING",
                       "INSERT INTO {t} VALUES (1, 'g1', 1.0, 'more')", "INSERT OVERWRITE {t} VALUES (2, 'g2', 2.0, 'all')"],
        note="Spark's DELETE, UPDATE, MERGE, OPTIMIZE, VACUUM, ALTER and INSERT OVERWRITE, each read by us, then ours again"),
]
