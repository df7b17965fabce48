"""The list of attacks in README.md names a test for each, docs/security.md one for each promise, and all of them are there."""
import pathlib
import re
import unittest

import attacks

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NO_DOOR = {20}  # None takes plans. A new door makes its attacks' tests due.


class Coverage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = {}
        for top in ("tests", "src"):
            for path in (ROOT / top).rglob("*"):
                if path.suffix in (".py", ".attacks", ".test", ".cc") and "test" in str(path.relative_to(ROOT)):
                    cls.files.setdefault(path.name, []).append(path)
        cls.rows = re.findall(r"^\| (\d+) \| (.+) \| (.+) \|$", (HERE / "README.md").read_text(), re.M)

    def check_named(self, name, number=None):
        file, _, test = name.partition("::")
        file = file.rsplit("/", 1)[-1]
        self.assertIn(file, self.files)
        if test:
            self.assertTrue(any(re.search(rf"\b{re.escape(test)}\b", path.read_text()) for path in self.files[file]),
                            name)
        if file.endswith(".attacks") and number is not None:
            self.assertIn(number, {int(attack.number) for attack in attacks.read(HERE / file)})

    def test_each_attack_has_a_test_that_is_there(self):
        self.assertEqual([int(number) for number, _, _ in self.rows], list(range(1, 85)))
        for number, title, tests in self.rows:
            with self.subTest(attack=f"{number} {title}"):
                names = re.findall(r"`([^`]+)`", tests)
                self.assertEqual("no such door" in tests, int(number) in NO_DOOR)
                self.assertTrue(names or int(number) in NO_DOOR)
                for name in names:
                    self.check_named(name, int(number))

    def test_each_number_in_a_list_of_statements_is_on_the_list(self):
        tests = {int(number): tests for number, _, tests in self.rows}
        for file in HERE.glob("*.attacks"):
            for attack in attacks.read(file):
                self.assertIn(f"`{file.name}`", tests[int(attack.number)], f"{attack.number} {attack.title}")

    def test_each_promise_has_a_test_that_is_there(self):
        text = (ROOT / "docs" / "security.md").read_text()
        promised = text.split("## What is promised")[1].split("## What is not")[0]
        rows = [line for line in promised.splitlines() if line.startswith("| ") and "shown by" not in line]
        self.assertGreater(len(rows), 25)
        for row in rows:
            shown = row.rstrip("| ").rsplit(" | ", 1)[-1]
            names = re.findall(r"`([^`]+\.(?:py|test|cc)(?:::\w+)?)`", shown)
            with self.subTest(promise=row[:120]):
                self.assertTrue(names or "both `.test` files" in shown, shown)
                for name in names:
                    for one in self.braces(name):
                        self.check_named(one)

    @staticmethod
    def braces(name):
        found = re.fullmatch(r"(.*)\{(.*)\}(.*)", name)
        return [found[1] + part + found[3] for part in found[2].split(",")] if found else [name]


if __name__ == "__main__":
    unittest.main()
