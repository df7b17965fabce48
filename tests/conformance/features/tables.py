"""Types and layouts of tables."""
import datetime
import decimal

import deltalake
import pyarrow as pa

from feature import Feature, Refused

ORDER = 1
HEADING = "Types and layout"

UTC = datetime.timezone.utc

SCALARS = """SELECT true AS b, 1::TINYINT AS i1, 2::SMALLINT AS i2, 3::INTEGER AS i4, 4::BIGINT AS i8, 1.5::FLOAT AS f4,
  2.5::DOUBLE AS f8, 1.23::DECIMAL(10,2) AS d, 'ü😀' AS s, 'ab'::BLOB AS bin, DATE '2024-02-29' AS dt,
  TIMESTAMPTZ '2024-02-29 12:34:56.789012+00' AS tz"""
SCALARS_ROW = (True, 1, 2, 3, 4, 1.5, 2.5, decimal.Decimal("1.23"), "ü😀", b"ab", datetime.date(2024, 2, 29),
               datetime.datetime(2024, 2, 29, 12, 34, 56, 789012, UTC))

SPARK_SCALARS = """CREATE TABLE {t} USING delta AS SELECT true AS b, tinyint(1) AS i1, smallint(2) AS i2, 3 AS i4,
  4L AS i8, float(1.5) AS f4, 2.5D AS f8, CAST(1.23 AS DECIMAL(10,2)) AS d, 'ü😀' AS s, X'6162' AS bin,
  DATE'2024-02-29' AS dt, TIMESTAMP'2024-02-29 12:34:56.789012' AS tz"""
SPARK_NULLS = "INSERT INTO {t} VALUES (" + ", ".join(["NULL"] * 12) + ")"


def partitions_by_delta_rs(path):
    for i in range(12):
        deltalake.write_deltalake(path, pa.table({"id": [i, i + 100], "p": [str(i % 2), None]}), mode="append",
                                  partition_by=["p"])
    deltalake.DeltaTable(path).create_checkpoint()
    deltalake.write_deltalake(path, pa.table({"id": [999], "p": ["z"]}), mode="append", partition_by=["p"])


FEATURES = [
    Feature(
        "Boolean, numbers, strings, binary, dates, timestamps, decimals",
        write=[f"CREATE TABLE {{t}} AS {SCALARS}", f"INSERT INTO {{t}} SELECT {', '.join(['NULL'] * 12)}",
               "OPTIMIZE {t} ZORDER BY (i4, s)"],
        rows=[SCALARS_ROW, (None,) * 12],
        theirs=[SPARK_SCALARS, SPARK_NULLS],
        change=["INSERT INTO {t} SELECT * FROM {t}", "UPDATE {t} SET i4 = 5, s = 'x' WHERE b"]),
    Feature(
        "Extremes: infinities, NaN, ends of ranges, empty strings",
        write=["CREATE TABLE {t} (f8 DOUBLE, f4 FLOAT, i8 BIGINT, d DECIMAL(38,10), s VARCHAR, dt DATE)",
               "INSERT INTO {t} VALUES ('inf', '-inf', 9223372036854775807, 1234567890123456789012345678.0123456789, '', "
               "DATE '9999-12-31'), ('nan', 'nan', -9223372036854775808, -0.0000000001, ' ', DATE '0001-01-01'), "
               "(-0.0, 1e-38, 0, 0, 'a''b\"\\', NULL)",
               "INSERT INTO {t} SELECT * FROM {t}", "OPTIMIZE {t} ZORDER BY (i8)"],
        theirs=["CREATE TABLE {t} USING delta AS SELECT * FROM VALUES (double('inf'), float('-inf'), 9223372036854775807L, "
                "CAST('1234567890123456789012345678.0123456789' AS DECIMAL(38,10)), '', DATE'9999-12-31'), "
                "(double('nan'), float('nan'), -9223372036854775808L, CAST(-0.0000000001 AS DECIMAL(38,10)), ' ', "
                "DATE'1900-01-01') AS v(f8, f4, i8, d, s, dt)"],
        change=["DELETE FROM {t} WHERE f8 > 1e300 AND NOT isnan(f8)"]),
    Feature(
        "Structs, lists and maps, nested",
        write=["CREATE TABLE {t} AS SELECT 1 AS id, {'a': 1, 'b': {'c': 'x'}} AS st, [1, NULL, 3] AS li, "
               "MAP {'k': 1, 'l': NULL} AS m, [{'q': [1, 2]}] AS deep",
               "INSERT INTO {t} VALUES (2, NULL, NULL, NULL, NULL), (3, {'a': NULL, 'b': NULL}, [], MAP {}, [])",
               "UPDATE {t} SET li = [7] WHERE id = 1"],
        rows=[(1, {"a": 1, "b": {"c": "x"}}, [7], [("k", 1), ("l", None)], [{"q": [1, 2]}]),
              (2, None, None, None, None), (3, {"a": None, "b": None}, [], [], [])],
        theirs=["CREATE TABLE {t} USING delta AS SELECT 1 AS id, named_struct('a', 1, 'b', named_struct('c', 'x')) AS st, "
                "array(1, NULL, 3) AS li, map('k', 1, 'l', NULL) AS m, array(named_struct('q', array(1, 2))) AS deep",
                "INSERT INTO {t} VALUES (2, NULL, NULL, NULL, NULL)"],
        change=["INSERT INTO {t} SELECT * FROM {t}", "DELETE FROM {t} WHERE st IS NULL"]),
    Feature(
        "`TIMESTAMP` without a time zone (timestampNtz)",
        write=["CREATE TABLE {t} (id INT, ts TIMESTAMP)",
               "INSERT INTO {t} VALUES (1, TIMESTAMP '2024-02-29 12:34:56.789012'), (2, NULL)",
               "DELETE FROM {t} WHERE ts IS NULL"],
        rows=[(1, datetime.datetime(2024, 2, 29, 12, 34, 56, 789012))],
        theirs=["CREATE TABLE {t} (id INT, ts TIMESTAMP_NTZ) USING delta",
                "INSERT INTO {t} VALUES (1, TIMESTAMP_NTZ'2024-02-29 12:34:56.789012'), (2, NULL)"],
        change=["UPDATE {t} SET id = 3 WHERE ts > TIMESTAMP '2024-01-01 00:00:00'"]),
    Feature(
        "Partitions, with NULL, spaces, slashes and umlauts in their values",
        write=["CREATE TABLE {t} (id BIGINT, p VARCHAR) PARTITIONED BY (p)",
               "INSERT INTO {t} VALUES (1, 'a'), (2, NULL), (3, 'a b/c%d=e:f'), (4, 'ü'), (5, '1')",
               "UPDATE {t} SET id = 10 WHERE p = 'ü'", "DELETE FROM {t} WHERE p = '1'",
               "UPDATE {t} SET p = 'moved' WHERE p IS NULL"],
        rows=[(1, "a"), (2, "moved"), (3, "a b/c%d=e:f"), (10, "ü")],
        theirs=["CREATE TABLE {t} (id BIGINT, p STRING) USING delta PARTITIONED BY (p)",
                "INSERT INTO {t} VALUES (1, 'a'), (2, NULL), (3, 'a b/c%d=e:f'), (4, 'ü'), (5, '1')",
                "DELETE FROM {t} WHERE p = '1'"],
        theirs_by_delta_rs=partitions_by_delta_rs,
        change=["DELETE FROM {t} WHERE p IS NULL", "INSERT INTO {t} VALUES (77, 'x y'), (78, NULL)"]),
    Feature(
        "Partitions by every type",
        write=["CREATE TABLE {t} (id INT, b BOOLEAN, i BIGINT, d DATE, tz TIMESTAMPTZ, c DECIMAL(10,2), f DOUBLE) "
               "PARTITIONED BY (b, i, d, tz, c, f)",
               "INSERT INTO {t} VALUES (1, true, 7, DATE '2024-02-29', TIMESTAMPTZ '2024-02-29 12:34:56.5+00', 1.5, 2.25), "
               "(2, NULL, NULL, NULL, NULL, NULL, NULL), "
               "(3, false, -7, DATE '1969-12-31', TIMESTAMPTZ '1969-12-31 23:59:59+00', -0.05, -1e10)",
               "DELETE FROM {t} WHERE i = 7"],
        theirs=["CREATE TABLE {t} (id INT, b BOOLEAN, i BIGINT, d DATE, tz TIMESTAMP, c DECIMAL(10,2), f DOUBLE) "
                "USING delta PARTITIONED BY (b, i, d, tz, c, f)",
                "INSERT INTO {t} VALUES (1, true, 7, DATE'2024-02-29', TIMESTAMP'2024-02-29 12:34:56.5', 1.5, 2.25), "
                "(2, NULL, NULL, NULL, NULL, NULL, NULL), "
                "(3, false, -7, DATE'1969-12-31', TIMESTAMP'1969-12-31 23:59:59', -0.05, -1e10)"],
        change=["UPDATE {t} SET id = 5 WHERE d = DATE '2024-02-29'", "INSERT INTO {t} SELECT * FROM {t}"]),
    Feature(
        "Variant",
        write=Refused("VARIANT"), attempt="CREATE TABLE {t} (id INT, v VARIANT)",
        theirs=["CREATE TABLE {t} (id INT, v VARIANT) USING delta",
                "INSERT INTO {t} SELECT 1, parse_json('{\"a\": [1, 2]}')"],
        read=Refused("variantType")),
    Feature(
        "Widest compatibility (`compatibility = 'widest'`): protocol (1, 2)",
        write=["CREATE TABLE {t} (id BIGINT, g VARCHAR) WITH ('compatibility' = 'widest')",
               "INSERT INTO {t} SELECT i, 'g' || (i % 3) FROM range(20) r(i)", "DELETE FROM {t} WHERE id % 7 = 0",
               "UPDATE {t} SET g = 'moved' WHERE id < 3"]),
]
