"""Schemas that change, and what columns may be asked to be."""
import datetime
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


def default_was_taken(bench, name):
    """By Spark, whose insert came before."""
    assert bench.ours.query(f"SELECT v FROM {name} WHERE id = 4")[1] == [("again",)]


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
        "Type widening to other kinds of numbers, and of dates",
        write=["CREATE TABLE {t} (id BIGINT, f FLOAT, dt DATE, i INTEGER, s SMALLINT, l BIGINT) "
               "TBLPROPERTIES ('delta.enableTypeWidening' = 'true')",
               "INSERT INTO {t} VALUES (1, 0.5, DATE '2024-02-29', 7, 8, 9), (2, NULL, NULL, NULL, NULL, NULL)",
               "ALTER TABLE {t} ALTER COLUMN f TYPE DOUBLE", "ALTER TABLE {t} ALTER COLUMN dt TYPE TIMESTAMP",
               "ALTER TABLE {t} ALTER COLUMN i TYPE DOUBLE", "ALTER TABLE {t} ALTER COLUMN s TYPE DECIMAL(12,2)",
               "ALTER TABLE {t} ALTER COLUMN l TYPE DECIMAL(22,2)",
               "INSERT INTO {t} VALUES (3, 1e300, TIMESTAMP '2024-03-01 12:00:00', 7.25, 8.25, 9.25)",
               "UPDATE {t} SET l = l + 0.5 WHERE id = 1"],
        rows=[(1, 0.5, datetime.datetime(2024, 2, 29), 7.0, Decimal("8.00"), Decimal("9.50")),
              (2, None, None, None, None, None),
              (3, 1e300, datetime.datetime(2024, 3, 1, 12), 7.25, Decimal("8.25"), Decimal("9.25"))],
        delta_rs=Refused("TypeWidening")),
    Feature(
        "Type widening inside of structs, arrays and maps",
        write=["CREATE TABLE {t} (id BIGINT, st STRUCT(x SMALLINT, y FLOAT), m MAP(SMALLINT, FLOAT), l SMALLINT[]) "
               "TBLPROPERTIES ('delta.enableTypeWidening' = 'true')",
               "INSERT INTO {t} VALUES (1, {'x': 5, 'y': 0.5}, MAP {1: 0.5}, [1, NULL])",
               "ALTER TABLE {t} ALTER COLUMN st.x TYPE BIGINT", "ALTER TABLE {t} ALTER COLUMN st.y TYPE DOUBLE",
               "ALTER TABLE {t} ALTER COLUMN m.key TYPE INTEGER", "ALTER TABLE {t} ALTER COLUMN m.value TYPE DOUBLE",
               "ALTER TABLE {t} ALTER COLUMN l.element TYPE INTEGER",
               "INSERT INTO {t} VALUES (2, {'x': 5000000000, 'y': 1e300}, MAP {100000: 1e300}, [100000])"],
        rows=[(1, {"x": 5, "y": 0.5}, [(1, 0.5)], [1, None]),
              (2, {"x": 5000000000, "y": 1e300}, [(100000, 1e300)], [100000])],
        delta_rs=Refused("TypeWidening")),
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
        "`CHECK` constraints dropped",
        write=["CREATE TABLE {t} (id BIGINT, CONSTRAINT small CHECK (id < 100))",
               "ALTER TABLE {t} ADD CONSTRAINT positive CHECK (id > 0)", "INSERT INTO {t} VALUES (1)",
               "ALTER TABLE {t} DROP CONSTRAINT positive", "INSERT INTO {t} VALUES (-2)"],
        rows=[(1,), (-2,)], spark_changes=["INSERT INTO {t} VALUES (-5)"], again=["INSERT INTO {t} VALUES (-6)"],
        theirs=["CREATE TABLE {t} (id BIGINT) USING delta", "ALTER TABLE {t} ADD CONSTRAINT positive CHECK (id > 0)",
                "INSERT INTO {t} VALUES (1)"],
        change=["ALTER TABLE {t} DROP CONSTRAINT positive", "INSERT INTO {t} VALUES (-2)"]),
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
        "Column defaults set and dropped later",
        write=["CREATE TABLE {t} (id BIGINT, v VARCHAR)", "INSERT INTO {t} VALUES (1, 'a')",
               "ALTER TABLE {t} ALTER COLUMN v SET DEFAULT 'none'", "INSERT INTO {t} (id) VALUES (2)",
               "ALTER TABLE {t} ALTER COLUMN v DROP DEFAULT", "INSERT INTO {t} (id) VALUES (3)",
               "ALTER TABLE {t} ALTER COLUMN v SET DEFAULT 'again'"],
        rows=[(1, "a"), (2, "none"), (3, None)],
        spark_changes=["INSERT INTO {t} (id) VALUES (4)"], again=[default_was_taken, "INSERT INTO {t} (id) VALUES (5)"]),
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
        "Fields of structs added, renamed, dropped and moved",
        write=["CREATE TABLE {t} (id BIGINT, st STRUCT(a INTEGER, b INTEGER))", "INSERT INTO {t} VALUES (1, {'a': 1, 'b': 2})",
               "ALTER TABLE {t} ADD COLUMN st.c VARCHAR FIRST", "INSERT INTO {t} VALUES (2, {'c': 'x', 'a': 3, 'b': 4})",
               "ALTER TABLE {t} ALTER COLUMN st.b FIRST", "INSERT INTO {t} VALUES (3, {'b': 6, 'c': 'y', 'a': 5})",
               "ALTER TABLE {t} RENAME COLUMN st.a TO first", "INSERT INTO {t} VALUES (4, {'b': 8, 'c': 'z', 'first': 7})",
               "ALTER TABLE {t} DROP COLUMN st.c", "UPDATE {t} SET st = {'b': 9, 'first': 9} WHERE id = 1"],
        rows=[(1, {"b": 9, "first": 9}), (2, {"b": 4, "first": 3}), (3, {"b": 6, "first": 5}), (4, {"b": 8, "first": 7})]),
    Feature(
        "Fields of structs inside of arrays added and renamed",
        write=["CREATE TABLE {t} (id BIGINT, l STRUCT(y SMALLINT)[])", "INSERT INTO {t} VALUES (1, [{'y': 1}])",
               "ALTER TABLE {t} ADD COLUMN l.element.w VARCHAR", "INSERT INTO {t} VALUES (2, [{'y': 2, 'w': 'w'}])",
               "ALTER TABLE {t} RENAME COLUMN l.element.y TO why",
               "INSERT INTO {t} VALUES (3, [{'why': 3, 'w': NULL}, NULL])"],
        rows=[(1, [{"why": 1, "w": None}]), (2, [{"why": 2, "w": "w"}]), (3, [{"why": 3, "w": None}, None])]),
    Feature(
        "Fields of structs inside of maps added and renamed",
        write=["CREATE TABLE {t} (id BIGINT, m MAP(VARCHAR, STRUCT(v INTEGER)))", "INSERT INTO {t} VALUES (1, MAP {'k': {'v': 1}})",
               "ALTER TABLE {t} ADD COLUMN m.value.u DATE",
               "INSERT INTO {t} VALUES (2, MAP {'k': {'v': 2, 'u': DATE '2024-01-01'}})",
               "ALTER TABLE {t} RENAME COLUMN m.value.v TO val", "INSERT INTO {t} VALUES (3, MAP {'k': {'val': 3, 'u': NULL}})"],
        rows=[(1, [("k", {"val": 1, "u": None})]), (2, [("k", {"val": 2, "u": datetime.date(2024, 1, 1)})]),
              (3, [("k", {"val": 3, "u": None})])],
        delta_rs=Refused("Cannot cast")),
    Feature(
        "`MERGE` and `INSERT WITH SCHEMA EVOLUTION`",
        write=["CREATE TABLE {t} (id BIGINT, v VARCHAR)", "INSERT INTO {t} VALUES (1, 'a')",
               "MERGE WITH SCHEMA EVOLUTION INTO {t} t USING (SELECT 1 AS id, 2 AS extra UNION ALL SELECT 5, 6) s "
               "ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
               "INSERT WITH SCHEMA EVOLUTION INTO {t} BY NAME SELECT 7 AS id, {'x': 1} AS st"],
        rows=[(1, "a", 2, None), (5, None, 6, None), (7, None, None, {"x": 1})]),
    Feature(
        "Comments and properties",
        write=["CREATE TABLE {t} (id BIGINT)", "COMMENT ON TABLE {t} IS 'a table'", "COMMENT ON COLUMN {t}.id IS 'the id'",
               "ALTER TABLE {t} SET TBLPROPERTIES ('me' = 'yes', 'delta.logRetentionDuration' = 'interval 10 days')",
               "ALTER TABLE {t} SET TBLPROPERTIES ('you' = 'no')", "ALTER TABLE {t} UNSET TBLPROPERTIES ('you')",
               "INSERT INTO {t} VALUES (1)"],
        description={"comment": "a table", "columns": {"id": "the id"},
                     "properties": {"me": "yes", "delta.logRetentionDuration": "interval 10 days", "you": None}}),
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
