"""Tables we write, read by delta-rs and by DuckDB's Delta extension after each kind of statement; and tables that delta-rs
writes, read and changed by us."""
import datetime
import decimal
import importlib.util
import json
import os
import pathlib
import shutil
import tempfile
import unittest

import deltalake
import duckdb
import pyarrow as pa

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


def delta_extension():
    root = pathlib.Path(importlib.util.find_spec("duckdb_extension_delta").submodule_search_locations[0])
    return str(next(root.rglob("delta.duckdb_extension")))


def by_duckdb(path, columns, version=None):
    connection = duckdb.connect()
    connection.execute(f"LOAD '{delta_extension()}'")
    options = "" if version is None else f", version => {version}"
    return connection.execute(f"SELECT {columns} FROM delta_scan('{path}'{options}) ORDER BY ALL").fetchall()


def by_delta_rs(path, columns, version=None):
    table = deltalake.DeltaTable(str(path), version=version)
    batches = deltalake.QueryBuilder().register("t", table).execute(f"SELECT {columns} FROM t").read_all()
    rows = [tuple(row.values()) for row in pa.table(batches).to_pylist()]
    return sorted(rows, key=lambda row: tuple((value is not None, value) for value in row))


def rows_key(rows):
    return sorted([tuple(row) for row in rows], key=lambda row: tuple((value is not None, value) for value in row))


class OurTables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def path(self, name):
        rows = self.server.sql(f"SELECT id FROM system.tables WHERE table_name = '{name}'")["rows"]
        return pathlib.Path(self.server.lake) / "tables" / rows[0][0]

    def assert_judges_agree(self, name, columns="*"):
        ours = rows_key(self.server.sql(f"SELECT {columns} FROM {name}")["rows"])
        self.assertEqual(rows_key(by_duckdb(self.path(name), columns)), ours, "DuckDB's extension")
        self.assertEqual(rows_key(by_delta_rs(self.path(name), columns)), ours, "delta-rs")
        return ours

    def changes(self, name, create):
        self.server.sql(create)
        self.server.sql(f"INSERT INTO {name} SELECT i, 'g' || (i % 3), i / 4.0 FROM range(100) r(i)")
        self.assertEqual(len(self.assert_judges_agree(name)), 100)
        self.server.sql(f"INSERT INTO {name} VALUES (1000, NULL, NULL)")
        self.assert_judges_agree(name)
        self.server.sql(f"DELETE FROM {name} WHERE id % 7 = 0")
        self.assertEqual(len(self.assert_judges_agree(name)), 86)
        self.server.sql(f"DELETE FROM {name} WHERE id % 5 = 0")
        self.assert_judges_agree(name)
        self.server.sql(f"UPDATE {name} SET v = -1, g = 'moved' WHERE id < 20")
        self.assert_judges_agree(name)
        self.server.sql(f"DELETE FROM {name}")
        self.assertEqual(self.assert_judges_agree(name), [])

    def test_every_kind_of_change(self):
        self.changes("plain", "CREATE TABLE plain (id BIGINT, g VARCHAR, v DOUBLE)")

    def test_every_kind_of_change_partitioned(self):
        self.changes("parted", "CREATE TABLE parted (id BIGINT, g VARCHAR, v DOUBLE) PARTITIONED BY (g)")

    def test_every_kind_of_change_with_the_widest_compatibility(self):
        self.changes("widest", "CREATE TABLE widest (id BIGINT, g VARCHAR, v DOUBLE) WITH ('compatibility' = 'widest')")

    def test_replacing_a_table(self):
        self.server.sql("CREATE TABLE r AS SELECT 1 AS a")
        self.server.sql("CREATE OR REPLACE TABLE r AS SELECT 'x' AS b, 2 AS c")
        self.assertEqual(self.assert_judges_agree("r"), [("x", 2)])
        self.assertEqual(by_duckdb(self.path("r"), "*", 0), [(1,)])

    def test_a_clone_made_again_of_what_it_has(self):
        self.server.sql("CREATE TABLE cloned AS SELECT i AS id FROM range(10) r(i)")
        self.server.sql("CREATE TABLE clone SHALLOW CLONE cloned")
        for _ in range(2):
            self.server.sql("CREATE OR REPLACE TABLE clone SHALLOW CLONE cloned")
            # Of a path that a commit removes and adds some readers see neither. (DuckDB's extension reads no clones.)
            self.assertEqual(by_delta_rs(self.path("clone"), "count(*) AS n, sum(id) AS s"), [(10, 45)])
            self.assertEqual(self.server.sql("SELECT count(*), sum(id) FROM clone")["rows"], [[10, "45"]])
        adds, removes = [], []
        for commit in sorted((self.path("clone") / "_delta_log").glob("*.json")):
            actions = [json.loads(line) for line in commit.read_text().splitlines()]
            adds.append({action["add"]["path"] for action in actions if "add" in action})
            removes.append({action["remove"]["path"] for action in actions if "remove" in action})
        self.assertTrue(adds[0])
        self.assertEqual([a & r for a, r in zip(adds, removes)], [set()] * 3)
        self.assertEqual(removes, [set()] * 3)

    def test_types(self):
        self.server.sql("""CREATE TABLE types AS SELECT true AS b, 1::TINYINT AS i1, 2::SMALLINT AS i2, 3::INTEGER AS i4,
            4::BIGINT AS i8, 1.5::FLOAT AS f4, 2.5::DOUBLE AS f8, 1.23::DECIMAL(10,2) AS d, 'ü' AS s, 'ab'::BLOB AS bin,
            DATE '2024-02-29' AS dt, TIMESTAMP '2024-02-29 12:34:56.789012' AS ts,
            TIMESTAMPTZ '2024-02-29 12:34:56.789012+00' AS tz, {'a': 1, 'b': 'c'} AS st, [1, 2] AS li,
            MAP {'k': 1} AS m""")
        expected = (True, 1, 2, 3, 4, 1.5, 2.5, "1.23", "ü", datetime.date(2024, 2, 29),
                    datetime.datetime(2024, 2, 29, 12, 34, 56, 789012))
        columns = "b, i1, i2, i4, i8, f4, f8, CAST(d AS VARCHAR), s, dt, ts"
        self.assertEqual(by_duckdb(self.path("types"), columns), [expected])
        self.assertEqual([tuple(r) for r in by_delta_rs(self.path("types"), columns)], [expected])
        self.assertEqual(by_duckdb(self.path("types"), "st.a, li[2], m['k']"), [(1, 2, 1)])

    def test_others_append_and_we_see_it(self):
        self.server.sql("CREATE TABLE shared (id BIGINT, v VARCHAR) WITH ('compatibility' = 'widest')")
        self.server.sql("INSERT INTO shared VALUES (1, 'ours')")
        deltalake.write_deltalake(str(self.path("shared")), pa.table({"id": [2], "v": ["theirs"]}), mode="append")
        self.assertEqual(rows_key(self.server.sql("SELECT * FROM shared")["rows"]), [(1, "ours"), (2, "theirs")])
        self.server.sql("UPDATE shared SET v = 'both' WHERE id = 2")
        self.assert_judges_agree("shared")


class TheirTables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        cls.folder = tempfile.mkdtemp(prefix="neurolake-external-")
        cls.server.sql(f"CREATE EXTERNAL LOCATION ext URL '{cls.folder}' WITH (REGISTER = TRUE)")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.folder)

    def register(self, name):
        self.server.sql(f"CREATE TABLE {name} LOCATION '{self.folder}/{name}'")

    def test_a_partitioned_table_with_a_checkpoint(self):
        path = f"{self.folder}/cp"
        for i in range(12):
            deltalake.write_deltalake(path, pa.table({"id": [i, i + 100], "p": [str(i % 2), None]}), mode="append",
                                      partition_by=["p"])
        deltalake.DeltaTable(path).create_checkpoint()
        deltalake.write_deltalake(path, pa.table({"id": [999], "p": ["z"]}), mode="append", partition_by=["p"])
        self.register("cp")
        self.assertEqual(self.server.sql("SELECT count(*), sum(id), count(p) FROM cp")["rows"], [[25, "2331", 13]])
        self.assertEqual(self.server.sql("SELECT count(*) FROM cp VERSION AS OF 3")["rows"], [[8]])
        self.server.sql("DELETE FROM cp WHERE p IS NULL")
        self.assertEqual(len(by_delta_rs(path, "*")), 13)

    def test_paths_that_are_absolute_below_the_table(self):
        path = pathlib.Path(f"{self.folder}/spelt")
        deltalake.write_deltalake(str(path), pa.table({"id": list(range(10))}))
        commit = path / "_delta_log" / "00000000000000000000.json"
        actions = [json.loads(line) for line in commit.read_text().splitlines()]
        for action in actions:
            if "add" in action:
                action["add"]["path"] = f"file://{path}/{action['add']['path']}"
        commit.write_text("".join(json.dumps(action) + "\n" for action in actions))
        self.register("spelt")
        self.server.sql("ALTER TABLE spelt SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
        self.server.sql("DELETE FROM spelt WHERE id = 3")
        self.assertEqual(self.server.sql("SELECT count(*), sum(id) FROM spelt")["rows"], [[9, "42"]])
        self.server.sql("RESTORE spelt TO VERSION AS OF 0")
        self.assertEqual(self.server.sql("SELECT count(*), sum(id) FROM spelt")["rows"], [[10, "45"]])

    def test_decimal_bounds_that_went_through_a_double_do_not_leave_files_out(self):
        path = f"{self.folder}/rounded"
        value = decimal.Decimal("10000000000.0000001")
        deltalake.write_deltalake(path, pa.table({"d": pa.array([value], pa.decimal128(18, 7))}))
        self.register("rounded")
        above = "d > CAST('10000000000.0000000' AS DECIMAL(18,7))"
        self.assertEqual(self.server.sql(f"SELECT count(*) FROM rounded WHERE {above}")["rows"], [[1]])
        self.server.sql("CREATE TABLE rounded_clone CLONE rounded")
        self.assertEqual(self.server.sql(f"SELECT count(*) FROM rounded_clone WHERE {above}")["rows"], [[1]])
        self.server.sql("DELETE FROM rounded WHERE d <= CAST('10000000000.0000000' AS DECIMAL(18,7))")
        self.assertEqual(self.server.sql("SELECT count(*) FROM rounded")["rows"], [[1]])

    def test_constraints_of_others_hold(self):
        path = f"{self.folder}/checked"
        deltalake.write_deltalake(path, pa.table({"id": [1]}))
        deltalake.DeltaTable(path).alter.add_constraint({"positive": "id > 0"})
        self.register("checked")
        self.server.sql("INSERT INTO checked VALUES (2)")
        before = sorted(os.listdir(path))
        with self.assertRaises(StatementError) as failed:
            self.server.sql("INSERT INTO checked VALUES (-1)")
        self.assertEqual(failed.exception.sqlstate, "23514")
        self.assertEqual(sorted(os.listdir(path)), before)
        self.assertEqual(by_delta_rs(path, "*"), [(1,), (2,)])

    def test_what_we_cannot_do_is_refused_by_name(self):
        for name, protocol, statements in [
                ("of_writers", {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["newerThanWeAre"]},
                 ["INSERT INTO {t} VALUES (2)", "UPDATE {t} SET id = 2", "DELETE FROM {t}"]),
                ("of_readers", {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["newerThanWeAre"],
                                "writerFeatures": ["newerThanWeAre"]}, ["CREATE TABLE {t} LOCATION '{path}'"])]:
            path = f"{self.folder}/{name}"
            deltalake.write_deltalake(path, pa.table({"id": [1]}))
            with open(f"{path}/_delta_log/{1:020d}.json", "w") as commit:
                commit.write(json.dumps({"protocol": protocol}) + "\n")
            if name == "of_writers":
                self.register(name)
            before = sorted(os.listdir(path) + os.listdir(path + "/_delta_log"))
            for statement in statements:
                with self.subTest(name, statement=statement), self.assertRaises(StatementError) as failed:
                    self.server.sql(statement.replace("{t}", name).replace("{path}", path))
                self.assertEqual(failed.exception.sqlstate, "0A000")
                self.assertIn("newerThanWeAre", failed.exception.problem["detail"])
            self.assertEqual(sorted(os.listdir(path) + os.listdir(path + "/_delta_log")), before)
        self.assertEqual(self.server.sql("SELECT * FROM of_writers")["rows"], [[1]])

    def test_registering_needs_a_granted_place(self):
        other = tempfile.mkdtemp(prefix="neurolake-elsewhere-")
        deltalake.write_deltalake(other + "/t", pa.table({"id": [1]}))
        with self.assertRaises(StatementError) as failed:
            self.server.sql(f"CREATE TABLE elsewhere LOCATION '{other}/t'")
        self.assertEqual(failed.exception.sqlstate, "42501")
        shutil.rmtree(other)


if __name__ == "__main__":
    unittest.main()
