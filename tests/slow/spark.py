#!/usr/bin/env python3
"""Every feature of tests/conformance/features with Spark and Delta's own connector as a judge: it reads what we write and
we read, and change, what it writes, at every version. What passed and what failed is kept in
tests/conformance/spark_results.json, from which scripts/delta_support.py writes its page. Ends with "N passed, N failed"."""
import argparse
import json
import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "conformance")]
import spark  # noqa: E402
import suite  # noqa: E402

suite.run_in_judges_environment()
from check import Bench, add_tests  # noqa: E402
from feature import NONE, Refused, all_features  # noqa: E402
from judges import DeltaRs, DuckDb, Spark  # noqa: E402


RESULTS = HERE.parent / "conformance" / "spark_results.json"


class Kept(unittest.TextTestResult):
    """Writes each result down at once: a run that is stopped has said what it knows."""

    def keep(self, test, passed):
        name = test._testMethodName.removeprefix("test_")
        slugs = {feature.slug: feature for feature in all_features()}
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        results[name] = {"digest": slugs[name.split("__", 1)[1]].digest(), "passed": passed}
        known = {name: result for name, result in sorted(results.items()) if name.split("__", 1)[1] in slugs}
        lines = [f"  {json.dumps(name)}: {json.dumps(result)}" for name, result in known.items()]
        RESULTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")

    def addSuccess(self, test):
        super().addSuccess(test)
        self.keep(test, True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.keep(test, False)

    def addError(self, test, err):
        super().addError(test, err)
        if isinstance(test, Features):
            self.keep(test, False)


class Features(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        cls.bench.close()


def written_by_us(self, feature):
    name = self.bench.written_by_us(self, feature)
    if name is not None and not isinstance(feature.spark, Refused):
        self.bench.changed_by_spark(self, feature, name, self.spark)


def written_by_spark(self, feature):
    def fill(path):
        for statement in feature.theirs:
            try:
                self.spark.sql(statement, path).collect()
            except Exception as error:
                raise AssertionError(f"Spark: {statement}\n  failed: {str(error)[:1500]}") from error

    def moments(path):
        history = self.spark.sql("DESCRIBE HISTORY {t}", path).selectExpr("version", "CAST(timestamp AS STRING) AS moment")
        return sorted((row["version"], row["moment"]) for row in history.collect())

    def versions(path):
        return [version for version, _ in moments(path)]

    self.bench.written_by_others(self, feature, self.spark, versions, fill, moments)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--only", default="", help="parts of the names of the tests to run, with commas between")
    args = parser.parse_args()
    Features.spark = Spark(spark.session())
    Features.bench = Bench(os.path.abspath(args.binary), [DeltaRs(), DuckDb(), Features.spark])
    add_tests(Features, all_features(), written_by_us, lambda feature: feature.write is not NONE)
    add_tests(Features, all_features(), written_by_spark, lambda feature: feature.theirs is not NONE)
    names = [name for name in unittest.defaultTestLoader.getTestCaseNames(Features) if any(part in name for part in args.only.split(","))]
    result = unittest.TextTestRunner(verbosity=2, resultclass=Kept).run(unittest.TestSuite(map(Features, names)))
    Features.spark.session.stop()
    failed = len(result.failures) + len(result.errors)
    print(f"{max(0, result.testsRun - failed)} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not names else 0)


if __name__ == "__main__":
    main()
