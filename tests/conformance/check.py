"""Runs one Feature against us and the judges. The fast suite has delta-rs and DuckDB, the slow one Spark as well."""
import itertools
import pathlib
import re
import shutil
import tempfile

from feature import NONE, SAME, Differs, Refused
from judges import Ours, plain, rows_of
from server import Server, StatementError


class Bench:
    """A server, a folder that it may register tables from, and the judges."""

    def __init__(self, binary, judges):
        # Files that are seconds old are what VACUUM is to delete.
        self.server = Server(binary, settings={"vacuum.short_retention": "true"}).start()
        self.ours = Ours(self.server)
        self.judges = judges
        self.folder = tempfile.mkdtemp(prefix="neurolake-conformance-")
        self.numbers = itertools.count()
        self.server.sql(f"CREATE EXTERNAL LOCATION ext URL '{self.folder}' WITH (REGISTER = TRUE)")

    def close(self):
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.server.lake, ignore_errors=True)
        pathlib.Path(self.server.lake + ".log").unlink(missing_ok=True)

    def run(self, statements, name):
        for statement in statements:
            if callable(statement):
                statement(self, name)
                continue
            statement = statement.replace("{folder}", self.folder).replace("{t}", name)
            try:
                self.server.sql(statement)
            except StatementError as error:
                raise AssertionError(f"{statement}\n  failed: {error}") from error

    def expect_refusal(self, test, statement, name, text):
        statement = statement.replace("{folder}", self.folder).replace("{t}", name)
        with test.assertRaises(StatementError, msg=f"was not refused: {statement}") as failed:
            self.server.sql(statement)
        test.assertIn(failed.exception.sqlstate, ("0A000", "42601", "42501"), failed.exception)
        test.assertIn(text.lower(), str(failed.exception).lower())

    # What we write ----------------------------------------------------------------------------------------------------

    def written_by_us(self, test, feature):
        name = f"w{next(self.numbers)}_{feature.slug}"[:60]
        if isinstance(feature.write, Refused):
            self.expect_refusal(test, feature.attempt, name, feature.write.text)
            return None
        self.run(feature.write, name)
        if feature.rows is not NONE:
            want = sorted((tuple(plain(value) for value in row) for row in feature.rows), key=repr)
            test.assertEqual(self.ours.rows(name, feature.columns)[1], want, "our own rows")
        expectations = {"delta-rs": feature.delta_rs, "DuckDB": feature.duckdb, "Spark": feature.spark}
        self.judged(test, feature, name, self.ours.path(name), expectations)
        return name

    def changed_by_spark(self, test, feature, name, spark):
        """Spark accepts our table as a writer too, we read what it writes, and write again."""
        path = self.ours.path(name)
        for statement in feature.spark_changes:
            spark.sql(statement, path).collect()
            theirs = spark.rows(path, feature.columns)
            test.assertEqual(self.ours.rows(name, feature.columns), theirs, f"{path} after Spark's {statement}")
        self.run(feature.again, name)
        test.assertEqual(self.ours.rows(name, feature.columns), spark.rows(path, feature.columns), f"{path}, again ours")

    def judged(self, test, feature, name, path, expectations):
        """Every judge reads each version as we do, or does what the feature says of it."""
        versions = self.ours.versions(name) if feature.versions == "all" else list(feature.versions)
        versions = [None] + versions
        ours = {version: self.ours.rows(name, feature.columns, version) for version in versions}
        for judge in self.judges:
            expected = expectations[judge.name]
            if isinstance(expected, Refused):
                with test.assertRaises(Exception, msg=f"{judge.name} reads it") as failed:
                    judge.rows(path, feature.columns)
                test.assertIn(expected.text.lower(), str(failed.exception).lower(), judge.name)
                continue
            for version in versions:
                where = f"{judge.name}, version {'latest' if version is None else version} of {path}"
                theirs = judge.rows(path, feature.columns, version)
                if isinstance(expected, Differs):
                    if version is None:
                        test.assertNotEqual(theirs, ours[version], f"{where}: {expected.why} is no longer so")
                    continue
                test.assertEqual(theirs[0], ours[version][0], f"column names by {where}")
                test.assertEqual(theirs[1], ours[version][1], where)
            if expected is SAME:
                self.probed(test, name, path, judge, *ours[None])
                self.described(test, feature, path, judge)
            for ours_asks, spark_asks in feature.probes if judge.name == "Spark" else ():
                theirs = rows_of(judge.sql(spark_asks, path).toArrow())
                test.assertEqual(self.ours.query(ours_asks.replace("{t}", name)), theirs, spark_asks)

    def probed(self, test, name, path, judge, names, rows):
        """Answers that readers draw from statistics instead of rows: counts, bounds, and files left out by a filter."""
        probes = [("count(*) AS n", "")]
        for at, column in enumerate(names[:3]):
            values = sorted({row[at] for row in rows if type(row[at]) in (int, str)}, key=str)
            if not values or not re.fullmatch(r"[a-z]\w*", column) or any("'" in str(value) for value in values):
                continue
            quote = "'" if isinstance(values[0], str) and not values[0].startswith("UTC ") else ""
            if isinstance(values[0], str) and (not quote or re.match(r"\d{4}-\d\d-\d\dT", values[0])):
                continue
            probes.append((f"min({column}) AS a, max({column}) AS b, count({column}) AS c", ""))
            for value in (values[0], values[-1]):
                if "\\" not in str(value):
                    probes.append(("count(*) AS n", f"WHERE {column} = {quote}{value}{quote}"))
            probes.append(("count(*) AS n", f"WHERE {column} IS NULL"))
        for columns, where in probes:
            ours = self.ours.rows(name, columns, None, where)
            test.assertEqual(judge.rows(path, columns, None, where), ours, f"{judge.name}: {columns} {where} of {path}")

    def described(self, test, feature, path, judge):
        told = judge.description(path) if feature.description is not NONE else None
        if told is None:
            return
        for part, expected in feature.description.items():
            found = {key: told[part].get(key) for key in expected} if isinstance(expected, dict) else told[part]
            test.assertEqual(found, expected, f"{part} of {path} by {judge.name}")

    # What others write ------------------------------------------------------------------------------------------------

    def written_by_others(self, test, feature, writer, versions, fill, moments=lambda path: []):
        """`fill` makes the table at a path; `writer` is its judge, `versions` a function of the path, and so is `moments`:
        (version, time of its commit) by the writer's word."""
        name = f"r{next(self.numbers)}_{feature.slug}"[:60]
        path = f"{self.folder}/{name}"
        fill(path)
        register = f"CREATE TABLE {name} LOCATION '{path}'"
        if isinstance(feature.read, Refused):
            # The name may be given, as ownership of names does not depend on what the table asks of readers.
            try:
                self.server.sql(register)
            except StatementError as error:
                test.assertEqual(error.sqlstate, "0A000", error)
                test.assertIn(feature.read.text.lower(), str(error).lower())
                return
            self.expect_refusal(test, "SELECT * FROM {t}", name, feature.read.text)
            return
        self.run([register], name)
        for version in [None] + (versions(path) if feature.versions == "all" else list(feature.versions)):
            theirs = writer.rows(path, feature.columns, version)
            ours = self.ours.rows(name, feature.columns, version)
            where = f"version {'latest' if version is None else version} of {path}, written by {writer.name}"
            test.assertEqual(ours[0], theirs[0], f"column names of {where}")
            test.assertEqual(ours[1], theirs[1], where)
        for version, moment in moments(path) if feature.versions == "all" else []:
            by_time = self.ours.rows(f"{name} TIMESTAMP AS OF '{moment}'", feature.columns)
            test.assertEqual(by_time, self.ours.rows(name, feature.columns, version), f"{path} at {moment}: {version}")
        self.changed_by_us(test, feature, name, path)

    def changed_by_us(self, test, feature, name, path):
        if feature.change is NONE:
            return
        if isinstance(feature.change, Refused):
            before = sorted(str(file) for file in pathlib.Path(path).rglob("*"))
            self.expect_refusal(test, feature.change_attempt, name, feature.change.text)
            test.assertEqual(sorted(str(file) for file in pathlib.Path(path).rglob("*")), before, "something was written")
            return
        self.run(feature.change, name)
        expectations = {"delta-rs": feature.changed_delta_rs, "DuckDB": feature.changed_duckdb, "Spark": SAME}
        latest = [self.ours.versions(name)[-1]]
        kept, feature.versions = feature.versions, latest
        try:
            self.judged(test, feature, name, path, expectations)
        finally:
            feature.versions = kept


def add_tests(case, features, method, wanted):
    """One test method per feature that `wanted` picks."""
    for feature in features:
        if wanted(feature):
            def test(self, feature=feature):
                method(self, feature)
            test.__doc__ = feature.title
            setattr(case, f"test_{method.__name__}__{feature.slug}", test)
