"""Every feature of features/ with the judges that need no Java; tests/slow/spark.py has Spark."""
import os
import unittest

import deltalake

from check import Bench, add_tests
from feature import NONE, all_features
from judges import DeltaRs, DuckDb


class Features(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bench = Bench(os.environ["TESTED_BINARY"], [DeltaRs(), DuckDb()])

    @classmethod
    def tearDownClass(cls):
        cls.bench.close()


def written_by_us(self, feature):
    self.bench.written_by_us(self, feature)


def written_by_delta_rs(self, feature):
    self.bench.written_by_others(self, feature, DeltaRs(),
                                 lambda path: list(range(deltalake.DeltaTable(path).version() + 1)),
                                 feature.theirs_by_delta_rs)


add_tests(Features, all_features(), written_by_us, lambda feature: feature.write is not NONE)
add_tests(Features, all_features(), written_by_delta_rs, lambda feature: feature.theirs_by_delta_rs is not NONE)

if __name__ == "__main__":
    unittest.main()
