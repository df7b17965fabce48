"""The list of places that enforce policies (tests/slow/enforcement.mutants) follows the source."""
import pathlib
import unittest

import mutants

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Mutants(unittest.TestCase):
    def test_each_still_changes_one_place(self):
        found = mutants.read(ROOT / "tests" / "slow" / "enforcement.mutants")
        for mutant in found:
            with self.subTest(mutant=str(mutant)):
                source = (ROOT / mutant.path).read_text()
                self.assertNotEqual(mutant.applied_to(source), source)
        self.assertGreater(len(found), 600)

    def test_programs_can_still_be_told_which_they_are(self):
        for path, (before, _) in mutants.HANDED_ON.items():
            self.assertEqual((ROOT / path).read_text().count(before), 1, path)


if __name__ == "__main__":
    unittest.main()
