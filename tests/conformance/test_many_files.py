"""Tables of very many files: their logs are read within granted memory, kept by workers, and let go of under pressure."""
import concurrent.futures
import json
import os
import pathlib
import tempfile
import time
import unittest

import duckdb

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]
FILES = 300_000


def make_table(root, files=FILES, size=None):
    """A log that adds `files` files of ten ids each in one commit; the file in the middle exists. `size`: what the log
    says each has, else that file's."""
    (root / "_delta_log").mkdir(parents=True)
    middle = files // 2
    data = f"part-{middle:08d}.parquet"
    duckdb.execute(f"COPY (SELECT {middle * 10} + i AS id FROM range(10) r(i)) TO '{root}/{data}' (FORMAT parquet)")
    size = size or (root / data).stat().st_size
    schema = {"type": "struct", "fields": [{"name": "id", "type": "long", "nullable": True, "metadata": {}}]}
    with open(root / "_delta_log" / f"{0:020d}.json", "w") as log:
        log.write(json.dumps({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}) + "\n")
        log.write(json.dumps({"metaData": {"id": "m", "format": {"provider": "parquet", "options": {}},
                                           "schemaString": json.dumps(schema), "partitionColumns": [],
                                           "configuration": {}}}) + "\n")
        for i in range(files):
            stats = (f'{{\\"numRecords\\":10,\\"minValues\\":{{\\"id\\":{i * 10}}},\\"maxValues\\":{{\\"id\\":{i * 10 + 9}}},'
                     f'\\"nullCount\\":{{\\"id\\":0}}}}')
            log.write(f'{{"add":{{"path":"part-{i:08d}.parquet","partitionValues":{{}},"size":{size},'
                      f'"modificationTime":0,"dataChange":true,"stats":"{stats}"}}}}\n')
    return middle * 10 + 3


class ManyFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name) / "tables"
        cls.wanted = make_table(cls.root / "many")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def start(self, **settings):
        server = Server(BINARY, settings={"memory.total": "1GiB", "workers.count": "2", "workers.count_max": "4",
                                          **{name.replace("__", "."): value for name, value in settings.items()}}).start()
        self.addCleanup(server.__exit__)
        server.sql(f"CREATE EXTERNAL LOCATION m URL '{self.root}' WITH (REGISTER = TRUE)")
        return server

    def files_read(self, server, query):
        lines = [row[0] for row in server.sql(f"EXPLAIN ANALYZE {query}")["rows"]]
        return next(line.split()[2] for line in lines if line.strip().startswith("files read"))

    def test_registered_described_counted_and_one_file_read(self):
        server = self.start()
        server.sql(f"CREATE TABLE many LOCATION '{self.root}/many'")
        detail = server.sql("DESCRIBE DETAIL many")
        names = [column["name"] for column in detail["columns"]]
        self.assertEqual(detail["rows"][0][names.index("numFiles")], FILES)
        self.assertEqual(server.sql("SELECT count(*) FROM many")["rows"], [[10 * FILES]])
        query = f"SELECT id FROM many WHERE id = {self.wanted}"
        for _ in range(3):
            self.assertEqual(server.sql(query)["rows"], [[self.wanted]])
        self.assertEqual(self.files_read(server, query), "1")
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda i: server.sql(f"SELECT id FROM many WHERE id = {self.wanted + i}")["rows"],
                                    [0, 1, 2, 0, 1, 2]))
        self.assertEqual(answers, [[[self.wanted + i]] for i in (0, 1, 2, 0, 1, 2)])
        # One that asks for all that a statement may have gets it, whatever workers keep.
        self.assertEqual(server.sql("SELECT count(DISTINCT range) FROM range(1000)", memory="380MiB")["rows"], [[1000]])
        self.assertEqual(server.sql(query)["rows"], [[self.wanted]])

    def test_written_to_and_checkpointed(self):
        wanted = make_table(self.root / "written", 300_000)
        server = self.start()
        server.sql(f"CREATE TABLE written LOCATION '{self.root}/written'")
        for i in range(11):
            server.sql(f"INSERT INTO written VALUES ({-i})")
        checkpoints = list((self.root / "written" / "_delta_log").glob("*.checkpoint*.parquet"))
        self.assertTrue(checkpoints)
        self.assertEqual(server.sql(f"SELECT id FROM written WHERE id < 0 OR id = {wanted} ORDER BY id LIMIT 3",
                                    )["rows"][:2], [[-10], [-9]])
        server.stop()
        again = self.start()
        again.sql(f"CREATE TABLE written LOCATION '{self.root}/written'")
        self.assertEqual(again.sql("SELECT count(*) FROM written")["rows"], [[3_000_011]])
        self.assertEqual(again.sql(f"SELECT id FROM written WHERE id = {wanted}")["rows"], [[wanted]])
        again.sql(f"DELETE FROM written WHERE id = {wanted}")
        self.assertEqual(again.sql(f"SELECT id FROM written WHERE id = {wanted} OR id = -3")["rows"], [[-3]])

    def test_a_checkpoint_keeps_what_was_removed(self):
        files = 200_000
        wanted = make_table(self.root / "removed", files)
        log = self.root / "removed" / "_delta_log"
        adds = [line for line in (log / f"{0:020d}.json").read_text().splitlines() if line.startswith('{"add"')]
        now = int(time.time() * 1000)
        with open(log / f"{1:020d}.json", "w") as commit:
            for i in range(files):
                if i != files // 2:
                    commit.write(f'{{"remove":{{"path":"part-{i:08d}.parquet","deletionTimestamp":{now},'
                                 '"dataChange":true}}\n')
        # One comes back, one comes back and goes again, one went longer ago than anybody may still want it.
        (log / f"{2:020d}.json").write_text(adds[0] + "\n" + adds[1] + "\n")
        again = f'{{"remove":{{"path":"part-00000001.parquet","deletionTimestamp":{now},"dataChange":true}}}}\n'
        gone = '{"remove":{"path":"part-old.parquet","deletionTimestamp":1,"dataChange":true}}\n'
        (log / f"{3:020d}.json").write_text(again + gone)
        server = self.start()
        server.sql(f"CREATE TABLE removed LOCATION '{self.root}/removed'")
        for i in range(17):
            server.sql(f"INSERT INTO removed VALUES ({-i - 1})")
        for version in (10, 20):
            # The second has them from the first.
            checkpoint = f"{log}/{version:020d}.checkpoint.parquet"
            self.assertEqual(
                duckdb.execute(f"SELECT count(remove.path), count(DISTINCT remove.path), count(\"add\".path), "
                               f"count(protocol), count(\"metaData\") FROM '{checkpoint}'").fetchall(),
                [(files - 2, files - 2, version - 1, 1, 1)])
            self.assertEqual(duckdb.execute(f"SELECT remove.path FROM '{checkpoint}' WHERE remove.path IN "
                                            "('part-00000000.parquet', 'part-00000001.parquet', 'part-old.parquet', "
                                            f"'part-{files // 2:08d}.parquet')").fetchall(), [("part-00000001.parquet",)])
        self.assertEqual(server.sql(f"SELECT id FROM removed WHERE id = {wanted} OR id = -17 ORDER BY id")["rows"],
                         [[-17], [wanted]])

    def test_what_is_granted_all_its_memory_first_reads_the_log_within_it(self):
        # Files too large to be worth merging: they are not there.
        make_table(self.root / "granted", 200_000, size=1 << 31)
        (self.root / "new.csv").write_text("id\n-1\n")
        server = self.start(workers__statements_max="1")  # No worker has seen the table before.
        server.sql(f"CREATE TABLE granted LOCATION '{self.root}/granted'")
        server.sql("CREATE TABLE raw AS SELECT -2::BIGINT AS id")
        server.sql("ANALYZE TABLE granted COMPUTE STATISTICS NOSCAN")
        server.sql("OPTIMIZE granted")
        server.sql(f"COPY INTO granted FROM '{self.root}/new.csv' FILEFORMAT = CSV")
        server.sql("PROMOTE FROM raw INTO granted")
        self.assertEqual(server.sql("SELECT id FROM granted WHERE id < 0 ORDER BY id")["rows"], [[-2], [-1]])
        self.assertEqual(server.sql("SELECT count(*) FROM granted")["rows"], [[2_000_002]])

    def test_vacuum_reads_a_log_of_more_than_half_its_memory(self):
        make_table(self.root / "swept", 200_000)
        server = self.start(workers__statements_max="1", memory__per_statement="300MiB")
        server.sql(f"CREATE TABLE swept LOCATION '{self.root}/swept'")
        for i in (-1, -2):
            server.sql(f"INSERT INTO swept VALUES ({i})")
        server.sql("DELETE FROM swept WHERE id = -1")
        present = set((self.root / "swept").glob("*.parquet"))
        self.assertEqual(len(present), 3)
        # The window reaches back to the first version.
        self.assertEqual(server.sql("VACUUM swept DRY RUN")["rows"], [])
        server.sql("VACUUM swept")
        self.assertEqual(set((self.root / "swept").glob("*.parquet")), present)

    def test_a_limit_that_forbids_it_is_named(self):
        server = self.start(memory__per_statement="130MiB")
        with self.assertRaises(StatementError) as failed:
            server.sql(f"CREATE TABLE many LOCATION '{self.root}/many'")
        self.assertEqual(failed.exception.problem["code"], "OutOfMemory")
        self.assertIn("log of a table", str(failed.exception))
        self.assertEqual(server.sql("SELECT 1")["rows"], [[1]])


if __name__ == "__main__":
    unittest.main()
