"""Maintenance commands over tables that somebody else writes to, with links and foreign commits in them."""
import json
import os
import pathlib
import shutil
import tempfile
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


def rows(answer):
    return [tuple(row) for row in answer["rows"]]


def named(answer):
    names = [column["name"] for column in answer["columns"]]
    return [dict(zip(names, row)) for row in answer["rows"]]


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


if __name__ == "__main__":
    unittest.main()
