"""Maintenance commands over tables that somebody else writes to, with links and foreign commits in them."""
import json
import os
import pathlib
import shutil
import tempfile
import unittest

from server import Server, StatementError, named, rows

BINARY = os.environ["TESTED_BINARY"]


class MaintenanceAttacks(unittest.TestCase):
    def setUp(self):
        self.server = Server(BINARY, settings={"vacuum.short_retention": "true"}).start()
        self.addCleanup(shutil.rmtree, self.server.lake, ignore_errors=True)
        self.addCleanup(self.server.stop)
        self.place = self.directory("neurolake-place-")
        self.elsewhere = self.directory("neurolake-elsewhere-")
        self.server.sql(f"CREATE EXTERNAL LOCATION here URL '{self.place}' WITH (REGISTER = TRUE)")

    def directory(self, prefix):
        path = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def external(self, name):
        self.server.sql(f"CREATE TABLE {name} WITH (location = '{self.place / name}') AS SELECT 7 AS id")
        return self.place / name

    def commit(self, root, version, *actions):
        info = {"commitInfo": {"timestamp": 1, "operation": "DELETE", "operationParameters": {}}}
        text = "\n".join(json.dumps(action) for action in (info, *actions)) + "\n"
        (root / "_delta_log" / f"{version:020}.json").write_text(text)

    def remove(self, path):
        return {"remove": {"path": path, "deletionTimestamp": 1, "dataChange": True}}

    def denied(self, statement, sqlstate="42501", user="admin"):
        with self.assertRaises(StatementError) as failed:
            self.server.sql(statement, user=user)
        self.assertEqual(failed.exception.sqlstate, sqlstate, str(failed.exception))

    def test_vacuum_lite_deletes_only_files_of_the_table(self):
        root = self.external("t")
        os.symlink(self.elsewhere, root / "link")
        (root / "inner" / "_delta_log").mkdir(parents=True)
        (root / "inner" / "_delta_log" / "00000000000000000000.json").write_text("{}")
        for directory in ("_hidden", ".hidden", "day=1", "inner/deep"):
            (root / directory).mkdir(parents=True)
        spared = ["link/victim", "_delta_log/00000000000000000009.crc", "_hidden/x", ".hidden/x", "_top", ".top",
                  "day=1/_x", "inner/x", "inner/deep/x", "inner/_delta_log/00000000000000000000.json"]
        taken = ["day=1/x", "old.parquet"]
        for path in spared + taken:
            (root / path).write_text("{}")
        spellings = ["day=1//../inner/./x", "./_delta_log/00000000000000000000.json"]
        self.commit(root, 1, *[self.remove(path) for path in spared + taken + ["_delta_log/00000000000000000000.json"]])
        dry = {str(pathlib.Path(row["path"]).relative_to(root))
               for row in named(self.server.sql("VACUUM t LITE RETAIN 0 HOURS DRY RUN"))}
        self.assertEqual(dry, set(taken))
        self.server.sql("VACUUM t LITE RETAIN 0 HOURS")
        for path in spared + ["_delta_log/00000000000000000000.json"]:
            self.assertTrue((root / path).exists(), path)
        for path in taken:
            self.assertFalse((root / path).exists(), path)
        # Odd spellings: taken for what they mean, or refused; never followed.
        self.commit(root, 4, *[self.remove(path) for path in spellings])
        try:
            self.server.sql("VACUUM t LITE RETAIN 0 HOURS")
        except StatementError as error:
            self.assertIn(error.sqlstate, ("42501", "XX001"))
        self.assertTrue((root / "inner/x").exists())
        self.assertTrue((root / "_delta_log/00000000000000000000.json").exists())
        self.assertEqual(rows(self.server.sql("SELECT id FROM t")), [(7,)])

    def test_clone_copies_no_file_behind_a_link(self):
        root = self.external("t")
        data, = root.glob("*.parquet")
        secret = self.elsewhere / "secret.parquet"
        shutil.move(data, secret)
        os.symlink(secret, data)
        self.denied("SELECT * FROM t")
        self.denied("CREATE TABLE c CLONE t")
        self.denied("SELECT * FROM c", "42P01")
        data.unlink()
        self.commit(root, 1, self.remove(data.name),
                    {"add": {"path": "sub/secret.parquet", "partitionValues": {}, "size": secret.stat().st_size,
                             "modificationTime": 1, "dataChange": True}})
        os.symlink(self.elsewhere, root / "sub")
        self.denied("CREATE TABLE c CLONE t")
        self.denied("CREATE OR REPLACE TABLE c CLONE t")
        (root / "sub").unlink()
        (root / "sub").mkdir()
        shutil.copy(secret, root / "sub")
        self.server.sql("CREATE TABLE c CLONE t")
        self.assertEqual(rows(self.server.sql("SELECT id FROM c")), [(7,)])

    def test_clone_copies_no_deletion_vector_behind_a_link(self):
        root = self.external("t")
        self.server.sql("INSERT INTO t SELECT range FROM range(10)")
        self.server.sql("DELETE FROM t WHERE id = 3")
        vector, = root.rglob("deletion_vector_*")
        moved = self.elsewhere / "vector.bin"
        shutil.move(vector, moved)
        os.symlink(moved, vector)
        self.denied("CREATE TABLE c CLONE t")
        vector.unlink()
        shutil.move(moved, vector)
        self.server.sql("CREATE TABLE c CLONE t")
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM c")), [(10,)])

    def test_clone_leaves_another_table_alone(self):
        root = self.external("t")
        self.server.sql("DROP TABLE t")
        before = sorted(str(path) for path in root.rglob("*"))
        self.server.sql("CREATE TABLE s AS SELECT 8 AS id")
        self.denied(f"CREATE TABLE c CLONE s LOCATION '{root}'", "42P07")
        self.assertEqual(sorted(str(path) for path in root.rglob("*")), before)
        self.server.sql(f"CREATE TABLE c CLONE s LOCATION '{self.place / 'free'}'")
        self.assertEqual(rows(self.server.sql("SELECT id FROM c")), [(8,)])

    def test_clones_that_replace_keep_up_the_log(self):
        root = self.external("t")
        self.server.sql("ALTER TABLE t SET TBLPROPERTIES ('delta.checkpointInterval' = '2')")
        self.server.sql("CREATE TABLE s TBLPROPERTIES ('delta.checkpointInterval' = '2') AS SELECT 8 AS id")
        self.server.sql("CREATE OR REPLACE TABLE t CLONE s")
        self.assertTrue((root / "_delta_log" / f"{2:020}.checkpoint.parquet").exists())
        self.assertEqual(rows(self.server.sql("SELECT id FROM t")), [(8,)])

    def test_convert_takes_no_links(self):
        self.external("t")
        data = self.place / "data"
        data.mkdir()
        parquet, = (self.place / "t").glob("*.parquet")
        shutil.copy(parquet, self.elsewhere / "x.parquet")
        os.symlink(self.elsewhere / "x.parquet", data / "x.parquet")
        self.denied(f"CONVERT TO DELTA parquet.`{data}`")
        (data / "x.parquet").unlink()
        shutil.copy(parquet, data / "x.parquet")
        self.server.sql(f"CONVERT TO DELTA parquet.`{data}`")
        self.assertEqual(rows(self.server.sql("SELECT id FROM data")), [(7,)])

    def test_undrop_of_an_external_table_needs_its_rights(self):
        sql = self.server.sql
        self.external("t")
        sql("DROP TABLE t")
        for name in ("t", "T", 'main."T"', "MAIN.t"):
            self.denied(f"UNDROP TABLE {name}", user="engineer")
        sql("UNDROP TABLE T")
        sql("DROP TABLE t")
        # The place was closed meanwhile: nobody registers there, by whatever way.
        sql("DROP EXTERNAL LOCATION here")
        self.denied("UNDROP TABLE t")
        sql(f"CREATE EXTERNAL LOCATION here URL '{self.place}' WITH (REGISTER = TRUE)")
        sql("UNDROP TABLE t")
        self.assertEqual(rows(sql("SELECT id FROM t")), [(7,)])
        sql("CREATE TABLE managed AS SELECT 1 AS id")
        sql("DROP TABLE managed")
        sql("UNDROP TABLE MANAGED", user="engineer")

    def test_convert_can_be_tried_again(self):
        sql = self.server.sql
        sql(f"CREATE TABLE t WITH (location = '{self.place / 't'}') AS "
            "SELECT range AS id, md5(range::VARCHAR) AS m FROM range(100000)")
        parquet, = (self.place / "t").glob("*.parquet")
        data = self.place / "data"
        (data / "day=2024-01-01").mkdir(parents=True)
        damaged = bytearray(parquet.read_bytes())
        damaged[4000:6000] = b"\xfe" * 2000
        (data / "day=2024-01-01" / "bad.parquet").write_bytes(damaged)
        convert = f"CONVERT TO DELTA parquet.`{data}` PARTITIONED BY (day DATE)"
        for _ in range(2):
            self.denied(convert, "XX001")
            self.assertEqual(list((data / "_delta_log").glob("*")), [])
            self.assertEqual(rows(sql("SELECT count(*) FROM system.dropped_tables")), [(0,)])
        (data / "day=2024-01-01" / "bad.parquet").unlink()
        (data / "day=noday").mkdir()
        shutil.copy(parquet, data / "day=noday" / "good.parquet")
        self.denied(convert, "22023")
        (data / "day=noday").rename(data / "day=2024-01-02")
        sql(convert)
        self.assertEqual(rows(sql("SELECT count(*), max(day)::VARCHAR FROM data")), [(100000, "2024-01-02")])


if __name__ == "__main__":
    unittest.main()
