"""What other readers make of encrypted columns: bytes, in which no value is, beside columns that they read as ever."""
import os
import pathlib
import shutil
import unittest

import deltalake
import duckdb
import pyarrow as pa

from judges import DeltaRs, DuckDb, Ours
from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


def seen_by_delta_rs(path, query):
    """Columns of `query` over a table `t`, as lists."""
    rows = deltalake.QueryBuilder().register("t", deltalake.DeltaTable(path)).execute(query).read_all()
    return pa.table(rows).to_pydict()


class EncryptedColumns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        cls.ours = Ours(cls.server)
        for statement in ("CREATE KEY pii", "GRANT DECRYPT ON KEY pii TO ROLE admin",
                          "CREATE TABLE t (id BIGINT, mail VARCHAR ENCRYPTED WITH KEY pii DETERMINISTIC, pay INTEGER ENCRYPTED "
                          "WITH KEY pii)",
                          "INSERT INTO t VALUES (1, 'ann@canary.org', 10), (2, 'ann@canary.org', 10), (3, NULL, NULL)"):
            cls.server.sql(statement)
        cls.path = cls.ours.path("t")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.server.lake, ignore_errors=True)
        pathlib.Path(cls.server.lake + ".log").unlink(missing_ok=True)

    def test_the_schema_says_binary_and_how(self):
        fields = {field.name: field for field in deltalake.DeltaTable(self.path).schema().fields}
        self.assertEqual(fields["mail"].type.type, "binary")
        self.assertEqual(fields["id"].type.type, "long")
        self.assertEqual(fields["mail"].metadata["neurolake.encryption.type"], "string")
        self.assertEqual(fields["mail"].metadata["neurolake.encryption.mode"], "deterministic")
        self.assertEqual(fields["pay"].metadata["neurolake.encryption.mode"], "randomized")

    def test_others_read_the_other_columns_and_cells_in_these(self):
        self.assertEqual(self.ours.rows("t")[1], [(1, "ann@canary.org", 10), (2, "ann@canary.org", 10), (3, None, None)])
        table = seen_by_delta_rs(self.path, "SELECT * FROM t ORDER BY id")
        self.assertEqual(table["id"], [1, 2, 3])
        first, second, none = table["mail"]
        self.assertIsNone(none)
        self.assertEqual(first, second)
        self.assertNotEqual(table["pay"][0], table["pay"][1])
        for cell in (first, *table["pay"][:2]):
            self.assertEqual(cell[0], 1)
            self.assertNotIn(b"ann", cell)
        for judge in (DeltaRs(), DuckDb()):
            self.assertEqual(judge.rows(self.path, "count(*) AS n", None, "WHERE mail IS NOT NULL")[1], [(2,)], judge.name)

    def rewritten(self, table, query):
        """The table's data file as somebody who has the files, and no key, can write it."""
        files = [path for path in pathlib.Path(self.ours.path(table)).rglob("*.parquet") if "_change_data" not in str(path)]
        for path in files:
            duckdb.sql(f"COPY ({query.format(file=path)}) TO '{path}.new' (FORMAT parquet)")
            shutil.move(f"{path}.new", path)

    def made(self, name):
        self.server.sql(f"CREATE TABLE {name} (id BIGINT, a VARCHAR ENCRYPTED WITH KEY pii, b VARCHAR ENCRYPTED WITH KEY pii)")
        self.server.sql(f"INSERT INTO {name} VALUES (1, 'a-value', 'b-value')")
        self.assertEqual(self.ours.rows(name)[1], [(1, "a-value", "b-value")])

    def test_a_cell_in_another_column_does_not_open(self):
        self.made("swapped")
        self.rewritten("swapped", "SELECT id, b AS a, a AS b FROM '{file}'")
        for column in ("a", "b"):
            with self.assertRaises(StatementError) as refused:
                self.server.sql(f"SELECT {column} FROM swapped")
            self.assertIn("an encrypted cell is damaged", str(refused.exception))
            self.assertNotIn("-value", str(refused.exception))
        self.assertEqual(self.ours.rows("swapped", "id")[1], [(1,)])

    def test_a_changed_cell_does_not_open(self):
        self.made("changed")
        flip = "from_hex(hex(a)[:-2] || CASE WHEN hex(a)[-1:] = '0' THEN '11' ELSE '00' END)"
        self.rewritten("changed", f"SELECT id, {flip} AS a, b FROM '{{file}}'")
        with self.assertRaises(StatementError) as refused:
            self.server.sql("SELECT a FROM changed")
        self.assertIn("an encrypted cell is damaged", str(refused.exception))
        self.assertEqual(self.ours.rows("changed", "b")[1], [("b-value",)])

    def test_cells_are_written_anew_under_the_newest_version_of_the_key(self):
        self.server.sql("CREATE TABLE aged (id BIGINT, mail VARCHAR ENCRYPTED WITH KEY pii DETERMINISTIC)")
        self.server.sql("INSERT INTO aged VALUES (1, 'same')")
        self.server.sql("ROTATE KEY pii")
        self.server.sql("INSERT INTO aged VALUES (2, 'same')")
        cells = lambda: set(seen_by_delta_rs(self.ours.path("aged"), "SELECT mail FROM t")["mail"])
        self.assertEqual(len(cells()), 2)
        self.server.sql("REENCRYPT TABLE aged")
        self.assertEqual(len(cells()), 1)
        self.assertEqual(self.ours.rows("aged")[1], [(1, "same"), (2, "same")])


if __name__ == "__main__":
    unittest.main()
