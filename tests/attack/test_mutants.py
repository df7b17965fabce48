"""The list of places that enforce policies (tests/slow/enforcement.mutants) follows the source."""
import collections
import pathlib
import re
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

    def test_all_can_be_compiled_into_one_program(self):
        by_path = collections.defaultdict(list)
        for mutant in mutants.read(ROOT / "tests" / "slow" / "enforcement.mutants"):
            by_path[mutant.path].append(mutant)
        for path, found in by_path.items():
            with self.subTest(path=path):
                self.assertIn(f"<{found[0].number}>", mutants.with_all((ROOT / path).read_text(), found))

    def test_what_is_said_of_them_is_so(self):
        found = mutants.read(ROOT / "tests" / "slow" / "enforcement.mutants")
        noticed = sum(bool(mutant.noticed_by) for mutant in found)
        said = re.search(r"of (\d+) of (\d+) lines the list names", (ROOT / "docs" / "security.md").read_text())
        self.assertEqual((int(said[1]), int(said[2])), (noticed, len(found)), "docs/security.md counts other lines")

    def test_programs_can_still_be_told_which_they_are(self):
        for path, (before, _) in mutants.HANDED_ON.items():
            self.assertEqual((ROOT / path).read_text().count(before), 1, path)


if __name__ == "__main__":
    unittest.main()
