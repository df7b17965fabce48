"""Schemas that change, and what columns may be asked to be."""
from decimal import Decimal

import deltalake
import pyarrow as pa

from feature import Feature, MAPPED_PARTITIONS, Refused

ORDER = 3
HEADING = "Schemas"


def checked_by_delta_rs(path):
    deltalake.write_deltalake(path, pa.table({"id": [1]}))
    deltalake.DeltaTable(path).alter.add_constraint({"positive": "id > 0"})


def widened_by_delta_rs(path):
    deltalake.write_deltalake(path, pa.table({"id": [1]}), mode="append")
    deltalake.write_deltalake(path, pa.table({"id": [2], "more": ["x"]}), mode="append", schema_mode="merge")


FEATURES = [
    Feature(
        "Column mapping by name",
        write=["CREATE TABLE {t} (id BIGINT, \"a b;c\" VARCHAR, st STRUCT(\"x y\" INTEGER)) "
               "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
               "INSERT INTO {t} VALUES (1, 'x', {'x y': 7}), (2, NULL, NULL), (3, 'z', {'x y': NULL})",
               "UPDATE {t} SET \"a b;c\" = 'changed' WHERE id = 1", "DELETE FROM {t} WHERE id = 2"],
        rows=[(1, "changed", {"x y": 7}), (3, "z", {"x y": None})],
        theirs=["CREATE TABLE {t} (id BIGINT, `a b;c` STRING, st STRUCT<`x y`: INT>, p STRING) USING delta PARTITIONED BY (p) "
                "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
                "INSERT INTO {t} VALUES (1, 'x', named_struct('x y', 7), 'p'), (2, NULL, NULL, 'q')",
                "ALTER TABLE {t} RENAME COLUMN `a b;c` TO renamed", "ALTER TABLE {t} RENAME COLUMN p TO part",
                "INSERT INTO {t} VALUES (3, 'after', named_struct('x y', 8), NULL)",
                "ALTER TABLE {t} DROP COLUMN renamed", "ALTER TABLE {t} ADD COLUMN renamed STRING",
                "INSERT INTO {t} VALUES (4, named_struct('x y', 9), 'p', 'new')"],
        change=["UPDATE {t} SET renamed = 'ours' WHERE id < 3", "INSERT INTO {t} SELECT * FROM {t}",
                "DELETE FROM {t} WHERE part = 'q'"],
        changed_duckdb=MAPPED_PARTITIONS),
    Feature(
        "Column mapping by id",
        theirs=["CREATE TABLE {t} (id BIGINT, v STRING) USING delta TBLPROPERTIES ('delta.columnMapping.mode' = 'id')",
                "INSERT INTO {t} VALUES (1, 'x'), (2, NULL)", "ALTER TABLE {t} RENAME COLUMN v TO w",
                "INSERT INTO {t} VALUES (3, 'z')"],
        change=["UPDATE {t} SET w = 'ours' WHERE id = 1", "INSERT INTO {t} VALUES (4, 'four')"]),
    Feature(
        "Columns added later, to the table and to structs",
        theirs=["CREATE TABLE {t} (id BIGINT, st STRUCT<a: INT>) USING delta", "INSERT INTO {t} VALUES (1, named_struct('a', 1))",
                "ALTER TABLE {t} ADD COLUMNS (more STRING AFTER id, st.b STRING)",
                "INSERT INTO {t} VALUES (2, 'm', named_struct('a', 2, 'b', 'bb'))"],
        theirs_by_delta_rs=widened_by_delta_rs,
        change=["UPDATE {t} SET more = 'ours' WHERE id = 1", "DELETE FROM {t} WHERE id = 2"]),
    Feature(
        "Type widening",
        theirs=["CREATE TABLE {t} (id SMALLINT, v INT, d DECIMAL(5,2), f FLOAT, dt DATE) USING delta "
                "TBLPROPERTIES ('delta.enableTypeWidening' = 'true', 'delta.feature.timestampNtz' = 'supported')",
                "INSERT INTO {t} VALUES (1, 1, 1.5, 1.5, DATE'2024-02-29')",
                "ALTER TABLE {t} ALTER COLUMN id TYPE INT", "ALTER TABLE {t} ALTER COLUMN v TYPE BIGINT",
                "ALTER TABLE {t} ALTER COLUMN d TYPE DECIMAL(10,4)", "ALTER TABLE {t} ALTER COLUMN f TYPE DOUBLE",
                "ALTER TABLE {t} ALTER COLUMN dt TYPE TIMESTAMP_NTZ",
                "INSERT INTO {t} VALUES (100000, 5000000000, 12345.6789, 1e300, TIMESTAMP_NTZ'2024-02-29 12:00:00')"],
        write=["CREATE TABLE {t} (id SMALLINT, l INTEGER[], d DECIMAL(5,2), p SMALLINT) PARTITIONED BY (p) "
               "TBLPROPERTIES ('delta.enableTypeWidening' = 'true')",
               "INSERT INTO {t} VALUES (1, [1], 1.5, 1)", "ALTER TABLE {t} ALTER COLUMN id TYPE BIGINT",
               "ALTER TABLE {t} ALTER COLUMN l.element TYPE BIGINT", "ALTER TABLE {t} ALTER COLUMN d TYPE DECIMAL(10,4)",
               "ALTER TABLE {t} ALTER COLUMN p TYPE INTEGER",
               "INSERT INTO {t} VALUES (5000000000, [5000000000], 12345.6789, 100000)"],
        rows=[(1, [1], Decimal("1.5"), 1), (5000000000, [5000000000], Decimal("12345.6789"), 100000)],
        delta_rs=Refused("TypeWidening"),
        change=["INSERT INTO {t} SELECT * FROM {t}", "DELETE FROM {t} WHERE id = 1"],
        changed_delta_rs=Refused("TypeWidening")),
    Feature(
        "`NOT NULL` columns",
        write=["CREATE TABLE {t} (id BIGINT NOT NULL, v VARCHAR)", "INSERT INTO {t} VALUES (1, NULL)",
               "UPDATE {t} SET id = 2", "ALTER TABLE {t} ALTER COLUMN id DROP NOT NULL", "INSERT INTO {t} VALUES (NULL, 'x')",
               "DELETE FROM {t} WHERE v IS NULL", "ALTER TABLE {t} ALTER COLUMN v SET NOT NULL"],
        rows=[(None, "x")],
        theirs=["CREATE TABLE {t} (id BIGINT NOT NULL, v STRING) USING delta", "INSERT INTO {t} VALUES (1, NULL)"],
        change=["INSERT INTO {t} VALUES (2, 'x')"]),
    Feature(
        "`CHECK` constraints",
        write=["CREATE TABLE {t} (id BIGINT)", "INSERT INTO {t} VALUES (1)",
               "ALTER TABLE {t} ADD CONSTRAINT positive CHECK (id > 0 AND id <> 13)", "INSERT INTO {t} VALUES (2)"],
        rows=[(1,), (2,)],
        theirs=["CREATE TABLE {t} (id BIGINT) USING delta", "INSERT INTO {t} VALUES (1)",
                "ALTER TABLE {t} ADD CONSTRAINT positive CHECK (id > 0)", "INSERT INTO {t} VALUES (2)"],
        theirs_by_delta_rs=checked_by_delta_rs,
        change=["INSERT INTO {t} VALUES (3)", "UPDATE {t} SET id = id + 1"]),
    Feature(
        "Generated columns",
        theirs=["CREATE TABLE {t} (id BIGINT, twice BIGINT GENERATED ALWAYS AS (id * 2)) USING delta",
                "INSERT INTO {t} (id) VALUES (1), (2)"],
        write=["CREATE TABLE {t} (id BIGINT, twice BIGINT GENERATED ALWAYS AS (id * 2))",
               "INSERT INTO {t} (id) VALUES (1), (2)", "UPDATE {t} SET id = 3 WHERE id = 2"],
        rows=[(1, 2), (3, 6)],
        change=["INSERT INTO {t} (id) VALUES (3)", "UPDATE {t} SET id = 5 WHERE id = 1"]),
    Feature(
        "Identity columns",
        theirs=["CREATE TABLE {t} (id BIGINT GENERATED ALWAYS AS IDENTITY, v STRING) USING delta",
                "INSERT INTO {t} (v) VALUES ('a'), ('b')", "INSERT INTO {t} (v) VALUES ('c')"],
        write=["CREATE TABLE {t} (id BIGINT GENERATED ALWAYS AS IDENTITY, v VARCHAR)",
               "INSERT INTO {t} (v) VALUES ('a'), ('b')", "INSERT INTO {t} (v) VALUES ('c')"],
        spark_changes=["INSERT INTO {t} (v) VALUES ('d')"], again=["INSERT INTO {t} (v) VALUES ('e')"],
        rows=[(1, "a"), (2, "b"), (3, "c")],
        change=["INSERT INTO {t} (v) VALUES ('d')", "DELETE FROM {t} WHERE v = 'a'"]),
    Feature(
        "Column defaults",
        theirs=["CREATE TABLE {t} (id BIGINT, v STRING DEFAULT 'none') USING delta "
                "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')",
                "INSERT INTO {t} (id) VALUES (1)", "INSERT INTO {t} VALUES (2, 'x')"],
        write=["CREATE TABLE {t} (id BIGINT, v VARCHAR DEFAULT 'none')", "INSERT INTO {t} (id) VALUES (1)",
               "INSERT INTO {t} VALUES (2, DEFAULT), (3, 'x')"],
        rows=[(1, "none"), (2, "none"), (3, "x")],
        change=["INSERT INTO {t} (id) VALUES (3)"]),
    Feature(
        "Columns added, renamed, dropped and moved",
        write=["CREATE TABLE {t} (id BIGINT, v VARCHAR, st STRUCT(a INTEGER, b INTEGER))",
               "INSERT INTO {t} VALUES (1, 'x', {'a': 1, 'b': 2})", "ALTER TABLE {t} ADD COLUMN more BIGINT AFTER id",
               "ALTER TABLE {t} RENAME COLUMN v TO w", "ALTER TABLE {t} DROP COLUMN st.b",
               "INSERT INTO {t} VALUES (2, 20, 'y', {'a': 3})", "ALTER TABLE {t} ALTER COLUMN w FIRST"],
        rows=[("x", 1, None, {"a": 1}), ("y", 2, 20, {"a": 3})],
        note="The first rename or drop turns on column mapping by name."),
    Feature(
        "Partition columns and columns of partitioned tables renamed",
        write=["CREATE TABLE {t} (id BIGINT, g VARCHAR, v DOUBLE) PARTITIONED BY (g)",
               "INSERT INTO {t} SELECT i, 'g' || (i % 3), i / 4.0 FROM range(30) r(i)",
               "ALTER TABLE {t} RENAME COLUMN v TO w", "ALTER TABLE {t} RENAME COLUMN g TO part",
               "INSERT INTO {t} VALUES (900, 'x', 1)", "ALTER TABLE {t} DROP COLUMN w", "INSERT INTO {t} VALUES (901, 'y')",
               "ALTER TABLE {t} ADD COLUMN w STRING", "UPDATE {t} SET w = 'w' WHERE id > 15"]),
    Feature(
        "Comments and properties",
        write=["CREATE TABLE {t} (id BIGINT)", "COMMENT ON TABLE {t} IS 'a table'", "COMMENT ON COLUMN {t}.id IS 'the id'",
               "ALTER TABLE {t} SET TBLPROPERTIES ('me' = 'yes', 'delta.logRetentionDuration' = 'interval 10 days')",
               "ALTER TABLE {t} UNSET TBLPROPERTIES ('me')", "INSERT INTO {t} VALUES (1)"]),
    Feature(
        "Encrypted columns (`ENCRYPTED WITH KEY`)",
        write=["CREATE KEY IF NOT EXISTS judged", "GRANT DECRYPT ON KEY judged TO ROLE admin",
               "CREATE TABLE {t} (id BIGINT, mail VARCHAR ENCRYPTED WITH KEY judged DETERMINISTIC, v VARCHAR)",
               "INSERT INTO {t} VALUES (1, 'ann', 'x'), (2, NULL, 'y')", "UPDATE {t} SET v = 'z' WHERE mail = 'ann'",
               "INSERT INTO {t} VALUES (3, 'ann', NULL)"],
        rows=[(1, "z", False), (2, "y", True), (3, None, False)],
        columns="id, v, mail IS NULL AS unknown",
        note="Other readers see the column as `binary`, with ciphertext."),
]
