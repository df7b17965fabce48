"""The interactive shell on a pseudo-terminal: what a person sees who types into it."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from terminal import Terminal

BINARY = os.environ["TESTED_BINARY"]
PROMPT = r"neurolake> (?:\x1b\[[0-9;?]*[A-Za-z])*"
LONG = "SELECT sum(a.i * b.i) FROM range(1000000) a(i), range(1000000) b(i);"


class Shell(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="neurolake-shell-")
        self.lake = self.folder + "/lake"
        made = subprocess.run([BINARY, "--lake", self.lake, "sql", "-c",
                               "CREATE TABLE silver.flights (carrier VARCHAR, departure_delay BIGINT);"
                               "INSERT INTO silver.flights VALUES ('UA', 5), ('AA', 7)"], capture_output=True, text=True)
        self.assertEqual(made.returncode, 0, made.stderr)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def shell(self, *arguments, environment=None):
        terminal = Terminal([BINARY, "--lake", self.lake, *arguments, "sql"],
                            {"XDG_STATE_HOME": self.folder + "/state", **(environment or {})})
        self.addCleanup(terminal.__exit__)
        terminal.expect_prompt(PROMPT)
        return terminal

    def leave(self, terminal):
        terminal.send("\x04")
        self.assertEqual(terminal.wait(), 0)

    def test_a_statement_may_span_lines_and_ends_with_a_semicolon(self):
        terminal = self.shell()
        terminal.send("SELECT carrier\n")
        terminal.expect(r"        -> ")
        terminal.send("FROM silver.flights WHERE carrier = 'U\n")
        terminal.expect(r"'-> ")
        terminal.send("' OR departure_delay = 5;\n")
        shown = terminal.expect(r"1 row")
        self.assertIn("│ UA ", shown)
        terminal.expect_prompt(PROMPT)
        self.leave(terminal)

    def test_tab_completes_tables_and_columns(self):
        terminal = self.shell()
        terminal.send("SELECT count(*) AS n FROM silver.fl\t;\n")
        self.assertIn("silver.flights", terminal.expect(r"1 row"))
        terminal.expect_prompt(PROMPT)
        # The table stands behind the word: columns are those of tables the line names before it.
        terminal.send("SELECT carrier FROM silver.flights WHERE dep\t = 7;\n")
        shown = terminal.expect(r"1 row")
        self.assertIn("departure_delay", shown)
        self.assertIn("│ AA ", shown)
        terminal.expect_prompt(PROMPT)
        self.leave(terminal)

    def test_letters_of_every_language_can_be_typed(self):
        for environment in ({"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C", "LANG": "C"}):
            with self.subTest(environment):
                terminal = self.shell("--format", "csv", environment=environment)
                terminal.send("SELECT 'Zürich €' || '→' AS city, 1.5 AS n;\n")
                terminal.expect(r"city,n\r\nZürich €→,1\.5\r\n")
                terminal.expect_prompt(PROMPT)
                self.leave(terminal)

    def test_history_comes_back_with_the_arrow_and_in_the_next_shell(self):
        terminal = self.shell()
        terminal.send("SELECT 4200 + 42 AS kept;\n")
        terminal.expect(r"4242")
        terminal.expect_prompt(PROMPT)
        terminal.send("\x1b[A\n")
        terminal.expect(r"4242")
        terminal.expect_prompt(PROMPT)
        self.leave(terminal)
        history = pathlib.Path(self.folder, "state", "neurolake", "history")
        self.assertEqual(history.stat().st_mode & 0o077, 0)
        again = self.shell()
        again.send("\x1b[A\n")
        again.expect(r"4242")
        again.expect_prompt(PROMPT)
        self.leave(again)

    def test_ctrl_c_cancels_the_statement_and_not_the_shell(self):
        terminal = self.shell()
        terminal.send(LONG + "\n")
        terminal.expect(r"Ctrl-C cancels")  # The progress bar, which says that it runs.
        terminal.send("\x03")
        terminal.expect(r"cancelled")
        terminal.expect_prompt(PROMPT)
        terminal.send("SELECT half typed\x03")
        terminal.expect(r"\^C")
        # Keys that arrive while the line editor starts anew are lost, as for a person who types on; so ask again.
        for attempt in range(10):
            terminal.send("SELECT 6 * 7 AS alive;\n")
            try:
                terminal.expect(r"│ +42 │", timeout=3)
                break
            except AssertionError:
                self.assertLess(attempt, 9, "the shell does not answer after Ctrl-C")
        terminal.expect_prompt(PROMPT)
        self.leave(terminal)

    def test_ctrl_d_and_quit_leave(self):
        terminal = self.shell()
        self.leave(terminal)
        terminal = self.shell()
        terminal.send("\\q\n")
        self.assertEqual(terminal.wait(), 0)

    def test_backslash_commands(self):
        terminal = self.shell()
        for command, expected in [("\\d", r"silver.*flights.*table"), ("\\dt silver", r"flights"),
                                  ("\\d silver.flights", r"departure_delay.*BIGINT"), ("\\dn", r"silver"),
                                  ("\\?", r"this help"), ("\\d nowhere", r"nowhere"), ("\\nonsense", r"unknown command")]:
            terminal.send(command + "\n")
            self.assertRegex(terminal.expect(expected), expected)
            terminal.expect_prompt(PROMPT)
        terminal.send("\\x\n")
        terminal.expect(r"Expanded display is on")
        terminal.send("SELECT 1 AS a, 2 AS b;\n")
        self.assertRegex(terminal.expect(r"b +[|│] +2"), r"a +[|│] +1")
        terminal.expect_prompt(PROMPT)
        terminal.send("\\format csv\n")
        terminal.expect_prompt(PROMPT)
        terminal.send("SELECT 1 AS a, 2 AS b;\n")
        terminal.expect(r"a,b\r\n1,2")
        terminal.expect_prompt(PROMPT)
        self.leave(terminal)

    def test_files_in_and_out(self):
        script = pathlib.Path(self.folder, "in.sql")
        script.write_text("SELECT 'from a file' AS what;\n")
        out = pathlib.Path(self.folder, "out.csv")
        terminal = self.shell("--format", "csv")
        terminal.send(f"\\o {out}\n")
        terminal.expect_prompt(PROMPT)
        terminal.send(f"\\i {script}\n")
        terminal.expect_prompt(PROMPT)
        terminal.send("\\o\n")
        terminal.expect_prompt(PROMPT)
        self.leave(terminal)
        self.assertEqual(out.read_text().split("\n")[:2], ["what", "from a file"])

    def test_format_and_timing_are_options_and_commands(self):
        terminal = self.shell("--format", "ndjson", "--timing")
        terminal.send("SELECT 1 AS a;\n")
        terminal.expect(r'\{"a":1\}')
        terminal.expect(r"Time: \d+\.\d{3} s")
        terminal.send("\\timing\n")
        terminal.expect(r"Timing is off")
        terminal.send("SELECT 2 AS a;\n")
        terminal.expect(r'\{"a":2\}')
        self.assertNotIn("Time:", terminal.expect_prompt(PROMPT))
        self.leave(terminal)

    def test_progress_is_for_terminals_only(self):
        with Terminal([BINARY, "--lake", self.lake, "sql", "-c", LONG]) as terminal:
            terminal.expect(r"\(Ctrl-C cancels\)")
            terminal.send("\x03")
            self.assertEqual(terminal.wait(), 130)
        # Longer than a bar would wait before it shows, and ended by its deadline.
        piped = subprocess.run([BINARY, "--lake", self.lake, "--statement.timeout", "3s", "sql", "-c", LONG],
                               capture_output=True, text=True)
        self.assertEqual(piped.returncode, 1)
        self.assertIn("DeadlineExceeded", piped.stderr)
        self.assertNotRegex(piped.stderr, "Ctrl-C|\x1b")


if __name__ == "__main__":
    unittest.main()
