"""docs/delta-support.md says what the features of the conformance tests say."""
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Page(unittest.TestCase):
    def test_it_is_what_the_tests_check(self):
        result = subprocess.run([sys.executable, str(ROOT / "scripts" / "delta_support.py"), "--check"],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    unittest.main()
