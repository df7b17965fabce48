"""Table properties that change what is written: which columns have statistics, and how many files a statement leaves."""
import json
import os
import pathlib
import shutil
import unittest

from server import Server, named

BINARY = os.environ["TESTED_BINARY"]
#: More than files that a partitioned write keeps open.
PARTITIONS = 260


class TableProperties(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings={"workers.count": "1"}).start()
        cls.addClassCleanup(shutil.rmtree, cls.server.lake, ignore_errors=True)
        cls.addClassCleanup(cls.server.stop)

    def sql(self, statement):
        return self.server.sql(statement)["rows"]

    def adds(self, table):
        """The add actions of the newest version."""
        location = named(self.server.sql(f"DESCRIBE DETAIL {table}"))[0]["location"]
        newest = max((pathlib.Path(location) / "_delta_log").glob("*.json"))
        return [line["add"] for line in map(json.loads, newest.read_text().splitlines()) if "add" in line]

    def statistics(self, table):
        """Paths of the columns that the newest files have NULL counts of, dots between."""
        def leaves(value, path):
            if not isinstance(value, dict):
                return {path}
            return set().union(set(), *[leaves(inner, f"{path}.{name}" if path else name) for name, inner in value.items()])
        found = {frozenset(leaves(json.loads(add["stats"]).get("nullCount", {}), "") - {""}) for add in self.adds(table)}
        self.assertEqual(len(found), 1)
        return set(*found)

    def test_columns_that_have_statistics(self):
        columns = ", ".join(f"c{i} INTEGER" for i in range(34))
        self.sql(f"CREATE TABLE s (first BIGINT, st STRUCT(x INTEGER, deep STRUCT(y INTEGER, z VARCHAR)), {columns}, "
                 "last VARCHAR)")
        insert = ("INSERT INTO s (first, st, last, c33) SELECT i, {'x': i, 'deep': {'y': i, 'z': 'z'}}, 'l' || i, i "
                  "FROM range(10) r(i)")

        def given(**properties):
            named_so = ", ".join(f"'delta.{name}' = '{value}'" for name, value in properties.items())
            self.sql(f"ALTER TABLE s SET TBLPROPERTIES ({named_so})")
            self.sql(insert)
            return self.statistics("s")

        self.sql(insert)
        default = self.statistics("s")
        self.assertEqual(len(default), 32)
        self.assertNotIn("last", default)
        self.assertEqual(given(dataSkippingNumIndexedCols="2"), {"first", "st.x"})
        # The columns that are named go before the number.
        self.assertEqual(given(dataSkippingStatsColumns="LAST, `c33`, st.deep"),
                         {"last", "c33", "st.deep.y", "st.deep.z"})
        self.assertEqual(given(dataSkippingNumIndexedCols="0"), {"last", "c33", "st.deep.y", "st.deep.z"})
        # Rows that are written anew have them too, and a filter goes by them.
        self.sql("DELETE FROM s WHERE first = 3")
        self.sql("OPTIMIZE s")
        self.assertEqual(self.statistics("s"), {"last", "c33", "st.deep.y", "st.deep.z"})
        plan = "\n".join(row[0] for row in self.sql("EXPLAIN SELECT * FROM s WHERE last > 'x'"))
        self.assertIn("0 of 1", plan)
        self.sql("ALTER TABLE s UNSET TBLPROPERTIES ('delta.dataSkippingStatsColumns')")
        self.sql(insert)
        self.assertEqual(self.statistics("s"), set())

    def test_one_file_until_it_is_full(self):
        """Whatever the property says, and however many threads write."""
        for value in ("true", "false"):
            self.sql(f"CREATE OR REPLACE TABLE plain (id BIGINT, text VARCHAR) TBLPROPERTIES "
                     f"('delta.autoOptimize.optimizeWrite' = '{value}')")
            self.sql("INSERT INTO plain SELECT i, 'x' || hash(i) FROM range(1500000) r(i)")
            self.assertEqual(len(self.adds("plain")), 1)

    def test_few_partitions_have_a_file_each(self):
        self.sql("CREATE TABLE few (id BIGINT, part INTEGER) PARTITIONED BY (part)")
        self.sql("INSERT INTO few SELECT i, i % 20 FROM range(1200000) r(i)")
        self.assertEqual(len(self.adds("few")), 20)

    def test_optimised_writes_of_many_partitions(self):
        """As rows come, files of partitions are closed for others and begun again; sorted, nearly none are."""
        counts = {}
        for value in ("false", "true"):
            self.sql(f"CREATE OR REPLACE TABLE many (id BIGINT, part INTEGER, other VARCHAR) PARTITIONED BY (part, other) "
                     f"TBLPROPERTIES ('delta.autoOptimize.optimizeWrite' = '{value}')")
            self.sql(f"INSERT INTO many SELECT i, i % {PARTITIONS}, CASE WHEN i % 2 = 0 THEN NULL ELSE 'o' END "
                     "FROM range(1500000) r(i)")
            counts[value] = len(self.adds("many"))
            self.assertEqual(self.sql("SELECT count(*), count(DISTINCT id), count(DISTINCT part) FROM many"),
                             [[1500000, 1500000, PARTITIONS]])
        self.assertGreater(counts["false"], PARTITIONS * 3 // 2)
        self.assertGreaterEqual(counts["true"], PARTITIONS)
        # Where two threads met in the middle of a partition.
        self.assertLess(counts["true"], PARTITIONS + 20)
        # An UPDATE and a MERGE write by the same way.
        self.sql("UPDATE many SET id = -id - 1")
        self.assertLess(len(self.adds("many")), PARTITIONS + 20)
        self.assertEqual(self.sql("SELECT count(*), max(id) FROM many"), [[1500000, -1]])


if __name__ == "__main__":
    unittest.main()
