"""Files into tables through the real server: the corpus of bad input, options, quarantine, and what messages may say."""
import gzip
import json
import os
import pathlib
import subprocess
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]
CASES = pathlib.Path(__file__).resolve().parent / "ingest_cases"


def options_text(options):
    return ", ".join("'{}' = '{}'".format(name, str(value).replace("'", "''")) for name, value in options.items())


class Ingest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        cls.tables = 0
        for schema in ("bronze", "silver"):
            cls.server.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def sql(self, text, user="admin"):
        return self.server.sql(text, user)["rows"]

    def upload(self, name, content):
        status, _, body = self.server.request("PUT", f"/v1/uploads/{name}", content, self.server.admin_token)
        self.assertIn(status, (200, 201, 204), body)
        return f"upload://{name}"

    def new_name(self, schema="silver"):
        type(self).tables += 1
        return f"{schema}.t{self.tables}"

    def copy(self, table, source, file_format="CSV", clauses="", user="admin", **options):
        """The report of COPY INTO as a dict; for VALIDATE the rows."""
        text = f"COPY INTO {table} FROM '{source}' FILEFORMAT = {file_format} {clauses}"
        if options:
            text += f" COPY_OPTIONS ({options_text(options)})"
        answer = self.server.sql(text, user)
        if " VALIDATE" in clauses:
            return answer["rows"]
        report = dict(zip([column["name"] for column in answer["columns"]], answer["rows"][0]))
        self.assertEqual(report["rows_read"], report["rows_loaded"] + report["rows_quarantined"] +
                         report["rows_duplicate"] + report["rows_skipped"], report)
        return report

    def failure(self, *arguments, **options):
        with self.assertRaises(StatementError) as failed:
            self.copy(*arguments, **options)
        return failed.exception

    def exists(self, table):
        schema, name = table.split(".")
        return bool(self.sql(f"SELECT 1 FROM system.tables WHERE schema_name = '{schema}' AND table_name = '{name}'"))


class Corpus(Ingest):
    """Each file of ingest_cases, into a table that is there and into one that is not."""

    def format_of(self, name):
        return "PARQUET" if name.endswith(".parquet") else "JSON" if "json" in name else "CSV"

    def run_case(self, case):
        name = case["file"]
        source = self.upload(name, (CASES / name).read_bytes())
        clauses = f" FORMAT_OPTIONS ({options_text(case['format_options'])})" if "format_options" in case else ""
        table = self.new_name()
        self.sql(f"CREATE TABLE {table} (id INTEGER, name VARCHAR)")
        if "error" in case:
            error = self.failure(table, source, self.format_of(name), clauses)
            expected = case["error"].replace(name, source)
            self.assertTrue(error.problem["detail"].startswith(expected), error.problem["detail"])
            self.assertEqual(self.sql(f"SELECT count(*) FROM {table}"), [[0]])
            self.assertFalse(self.exists(table + "__quarantine"))
        else:
            report = self.copy(table, source, self.format_of(name), clauses)
            self.assertEqual(report["rows_loaded"], case["loaded"])
            self.assertEqual(self.sql(f"SELECT count(*) FROM {table}"), [[case["loaded"]]])
            self.assertEqual(report["rows_quarantined"], len(case["quarantined"]))
            if case["quarantined"]:
                self.assertEqual(report["quarantine_table"], table + "__quarantine")
                places = self.sql(f"SELECT line, column_name, reason FROM {table}__quarantine ORDER BY line")
                self.assertEqual(["|".join("~" if v is None else str(v) for v in row) for row in places],
                                 case["quarantined"])
            self.assertEqual(self.copy(table, source, self.format_of(name), clauses)["files_skipped"], 1)
        self.into_a_new_table(source, self.format_of(name), clauses)

    def into_a_new_table(self, source, file_format, clauses):
        """Whatever types are inferred: all rows are accounted for, or nothing was made."""
        table = self.new_name("bronze")
        try:
            report = self.copy(table, source, file_format, clauses)
        except StatementError as error:
            self.assertLess(error.status, 500, error)
            self.assertNotIn("CANARY", json.dumps(error.problem))
            self.assertFalse(self.exists(table), error)
            return
        self.assertEqual(self.sql(f"SELECT count(*) FROM {table} WHERE _load_id = '{report['load_id']}'"),
                         [[report["rows_loaded"]]])
        if report["rows_quarantined"]:
            self.assertEqual(self.sql(f"SELECT count(*) FROM {table}__quarantine"), [[report["rows_quarantined"]]])

    def test_every_case(self):
        cases = json.loads((CASES / "cases.json").read_text())
        self.assertGreater(len(cases), 30)
        for case in cases:
            with self.subTest(case["file"]):
                self.run_case(case)

    def test_the_corpus_is_complete(self):
        listed = {case["file"] for case in json.loads((CASES / "cases.json").read_text())}
        there = {path.name for path in CASES.iterdir()} - {"README.md", "cases.json", "make_files.py", "__pycache__"}
        self.assertEqual(there, listed)


class Options(Ingest):
    def test_quarantine_of_a_new_table_and_of_one_that_is_there(self):
        first = self.upload("people.csv", b"id,day\n1,2020-01-01\nx,2020-01-02\n3,\n")
        report = self.copy("bronze.people", first, schema="id BIGINT NOT NULL, day DATE")
        self.assertEqual((report["rows_loaded"], report["rows_quarantined"]), (2, 1))
        more = self.upload("more.csv", b"id,day\n4,never\n\n5,2020-02-30\n6,2020-03-01\n,2020-03-01\n")
        report = self.copy("bronze.people", more)
        self.assertEqual((report["rows_loaded"], report["rows_quarantined"]), (1, 3))
        self.assertEqual(
            self.sql("SELECT file, line, column_name, reason, raw_value, raw_line FROM bronze.people__quarantine "
                     "ORDER BY file, line"),
            [["upload://more.csv", 2, "day", "cannot_cast", "never", "4,never"],
             ["upload://more.csv", 4, "day", "cannot_cast", "2020-02-30", "5,2020-02-30"],
             ["upload://more.csv", 6, "id", "null_not_allowed", None, ",2020-03-01"],
             ["upload://people.csv", 3, "id", "cannot_cast", "x", "x,2020-01-02"]])
        self.assertEqual(self.sql("SELECT id FROM bronze.people ORDER BY id"), [[1], [3], [6]])
        with self.assertRaises(StatementError) as null:
            self.sql("INSERT INTO bronze.people (id) VALUES (NULL)")
        self.assertEqual(null.exception.sqlstate, "23502")
        # One version each: no reader ever saw the new table without rows.
        self.assertEqual(len(self.sql("DESCRIBE HISTORY bronze.people")), 2)

    def test_on_error(self):
        source = self.upload("bad.csv", b"id\n1\nCANARY\n3\n")
        self.sql("CREATE TABLE silver.bad (id INTEGER)")
        error = self.failure("silver.bad", source, on_error="abort")
        self.assertEqual(error.problem["code"], "ConversionFailed")
        self.assertIn("1 bad rows; the first in file upload://bad.csv, line 3, column id: cannot_cast",
                      error.problem["detail"])
        self.assertNotIn("CANARY", json.dumps(error.problem))
        self.assertEqual(self.sql("SELECT count(*) FROM silver.bad"), [[0]])
        report = self.copy("silver.bad", source, on_error="skip")
        self.assertEqual((report["rows_loaded"], report["rows_skipped"], report["quarantine_table"]), (2, 1, None))
        self.assertFalse(self.exists("silver.bad__quarantine"))

    def test_cleaning_rules_dates_and_null_tokens(self):
        source = self.upload("clean.csv", b"id,ok,day\n 1 , yes ,31.01.2020\n2,no,2020-02-01\n3,-,NA\n4,maybe,1/2/3\n")
        clean = {"*": {"trim": True, "null": ["NA", "-"]}, "ok": {"map": {"yes": "true", "no": "false"}},
                 "day": {"format": ["%d.%m.%Y", "yyyy-MM-dd"]}}
        table = self.new_name()
        report = self.copy(table, source, schema="id BIGINT, ok BOOLEAN, day DATE", clean=json.dumps(clean))
        self.assertEqual((report["rows_loaded"], report["rows_quarantined"]), (3, 1))
        self.assertEqual(self.sql(f"SELECT id, ok, day::VARCHAR FROM {table} ORDER BY id"),
                         [[1, True, "2020-01-31"], [2, False, "2020-02-01"], [3, None, None]])
        self.assertEqual(self.sql(f"SELECT line, column_name, reason, raw_value FROM {table}__quarantine"),
                         [[5, "ok", "cannot_cast", "maybe"]])

    def test_duplicates_by_key(self):
        source = self.upload("keys.csv", b"id,v,at\n1,a,1\n1,b,3\n1,c,2\n2,d,1\n,e,1\n,f,1\n")
        for options, kept in (({}, "a"), ({"keep": "last"}, "c"), ({"keep": "last", "order_by": "at"}, "b")):
            table = self.new_name()
            report = self.copy(table, source, key="id", **options)
            self.assertEqual((report["rows_loaded"], report["rows_duplicate"]), (4, 2))
            self.assertEqual(self.sql(f"SELECT v FROM {table} WHERE id = 1"), [[kept]])
        more = self.upload("keys2.csv", b"id,v,at\n1,x,1\n7,y,1\n")
        report = self.copy(table, more, key="id", dedupe_target="true")
        self.assertEqual((report["rows_loaded"], report["rows_duplicate"]), (1, 1))
        self.assertEqual(self.sql(f"SELECT v FROM {table} WHERE id = 1"), [["b"]])

    def test_compressed_files_are_known_by_their_bytes(self):
        content = b"id,name\n" + b"".join(b"%d,n%d\n" % (i, i) for i in range(5000))
        zst = subprocess.run(["zstd", "-q", "-c"], input=content, capture_output=True, check=True)
        packed = {"a.csv.gz": gzip.compress(content), "b.csv": gzip.compress(content) + gzip.compress(b"9,z\n"),
                  "c.csv.zst": zst.stdout}
        for name, data in packed.items():
            with self.subTest(name):
                table = self.new_name()
                self.assertEqual(self.copy(table, self.upload(name, data))["rows_loaded"], 5001 if name == "b.csv" else 5000)
                self.assertIn("cut off or damaged", self.failure(table, self.upload("cut-" + name, data[:-9])).problem["detail"])
                self.assertEqual(self.sql(f"SELECT max(id) FROM {table}"), [[4999]])

    def test_json_lines_and_parquet_with_a_schema(self):
        source = self.upload("e.ndjson", b'{"id": 1, "tags": ["a"], "at": {"x": 1}}\n{"id": "2", "tags": null}\n{"id": []}\n')
        table = self.new_name()
        report = self.copy(table, source, "JSON", schema="id BIGINT, tags ARRAY<STRING>, at STRUCT<x: INT>")
        self.assertEqual((report["rows_loaded"], report["rows_quarantined"]), (2, 1))
        self.assertEqual(self.sql(f"SELECT id, tags[1], \"at\".x FROM {table} ORDER BY id"), [[1, "a", 1], [2, None, None]])
        whole = self.upload("whole.parquet", (CASES / "whole.parquet").read_bytes())
        table = self.new_name()
        self.assertEqual(self.copy(table, whole, "PARQUET", schema="id SMALLINT, name STRING")["rows_loaded"], 500)

    def test_validate_loads_nothing_and_counts_bad_rows(self):
        source = self.upload("v.csv", b"id,v\n1,a\nx,b\n3\n")
        table = self.new_name()
        self.assertEqual(self.copy(table, source, clauses=" VALIDATE"),
                         [["id", "VARCHAR", True, 0], ["v", "VARCHAR", True, 0], [None, None, None, 1]])
        self.assertFalse(self.exists(table))
        self.sql(f"CREATE TABLE {table} (id INTEGER, v VARCHAR)")
        self.assertEqual(self.copy(table, source, clauses=" VALIDATE ALL")[0], ["id", "INTEGER", True, 1])
        self.assertEqual(self.copy(table, source, clauses=" VALIDATE 1 ROWS")[0], ["id", "INTEGER", True, 0])
        self.assertEqual(self.sql(f"SELECT count(*) FROM {table}"), [[0]])
        for clauses in (" VALIDATE 0 ROWS", " VALIDATE 3", " VALIDATE ALL VALIDATE"):
            self.assertEqual(self.failure(table, source, clauses=clauses).sqlstate, "42601", clauses)
        self.assertIn('has no option "validate"', self.failure(table, source, validate="true").problem["detail"])

    def test_rights(self):
        source = self.upload("r.csv", b"id\n1\n")
        table = self.new_name()
        self.assertEqual(self.failure(table, source, user="reader").sqlstate, "42501")
        # Uploads belong to who made them.
        self.assertIn(self.failure(table, source, user="engineer").problem["code"], ["NotFound", "PermissionDenied"])
        for path in ("/etc/passwd", "upload://../../etc/passwd", "elsewhere/x.csv"):
            self.assertEqual(self.failure(table, path).sqlstate, "42501", path)
        self.assertFalse(self.exists(table))
        self.assertEqual(self.copy(table, source)["rows_loaded"], 1)


class Messages(Ingest):
    """No error, and no entry of the history, holds a value of a file."""

    FILES = {
        "m1.csv": b"CANARY a,CANARY b\n1,CANARY c\n", "m2.csv": b"CANARY1,CANARY1\n2,3\n",
        "m3.csv": b"id,name\nCANARY,1\n\"CANARY\n", "m4.csv": b"x,CANARY\n1,2\n", "m5.csv": b"CANARY;CANARY\n",
        "m6.csv": b"CANARY\x00,CANARY\xff\n", "m7.csv": b"CANARY (1),CANARY{2}\nx,y\n", "m8.csv": b"CANARY=1\tCANARY\nx\ty\n",
        "m9.csv": b"CANARYa\nCANARYb\n", "m10.csv": b"CANARY," * 400 + b"CANARY\n",
        "j1.json": b'{"id": "CANARY", "name": {"a": "CANARY"}}\n', "j2.json": b'CANARY\n', "j3.json": b'["CANARY"]\n',
        "p1.parquet": b"PAR1CANARYCANARYPAR1",
    }
    OPTIONS = [{}, {"on_error": "abort"}, {"key": "id"}, {"by_name": "true"}, {"schema": "id INTEGER NOT NULL, name DATE"},
               {"ignore_extra": "true", "on_error": "abort"}, {"dedupe_target": "true", "key": "id", "order_by": "name"}]

    def test_errors_hold_no_values(self):
        self.sql("CREATE TABLE silver.m (id INTEGER NOT NULL, name DATE)")
        failures = 0
        for name, content in self.FILES.items():
            source = self.upload(name, content)
            file_format = {"c": "CSV", "j": "JSON", "p": "PARQUET"}[name.rsplit(".", 1)[1][0]]
            for options in self.OPTIONS:
                for table in ("silver.m", self.new_name("bronze")):
                    for clauses in ("", " VALIDATE"):
                        try:
                            self.copy(table, source, file_format, clauses, **options)
                        except StatementError as error:
                            failures += 1
                            self.assertLess(error.status, 500, (name, options, error))
                            self.assertNotIn("CANARY", json.dumps(error.problem), (name, options))
        self.assertGreater(failures, 50)
        self.assertEqual(self.sql("SELECT count(*) FROM system.queries WHERE contains(error_message, 'CANARY')"), [[0]])

    def test_names_of_a_header_that_was_told_are_shown(self):
        source = self.upload("h.csv", b"id,surplus\n1,2\n")
        self.sql("CREATE TABLE silver.h (id INTEGER)")
        self.assertIn("surplus", self.failure("silver.h", source).problem["detail"])
        source = self.upload("h2.csv", b"a,b,c\n1,2,3\n")
        self.assertNotIn("a, b, c", self.failure("silver.h", source).problem["detail"])
        told = self.failure("silver.h", source, clauses=" FORMAT_OPTIONS ('header' = 'true')")
        self.assertIn("a, b, c", told.problem["detail"])


if __name__ == "__main__":
    unittest.main()
