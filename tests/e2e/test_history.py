"""A short run of tests/slow/history.py, and that its judge sees what is wrong."""
import http.client
import os
import shutil
import signal
import unittest
import unittest.mock

from history import History, Judge, settle
from server import Server

BINARY = os.environ["TESTED_BINARY"]


class Histories(unittest.TestCase):
    def run_history(self, seed, kills):
        server = Server(BINARY, settings={"log_level": "error"}).start()
        self.addCleanup(shutil.rmtree, server.lake, ignore_errors=True)
        self.addCleanup(server.stop)
        server.settings["http.port"] = server.url.rsplit(":", 1)[1]
        history = History(server, seed, writers=8, readers=2)
        self.addCleanup(history.stop)
        history.start()
        for statements in kills:
            history.wait_for(statements)
            server.stop(signal.SIGKILL)
            server.start()
        history.wait_for(250)
        history.finish()
        settle(server)
        return history

    def test_mixed_statements_of_many_writers_and_a_kill(self):
        judge = Judge(self.run_history(seed=5, kills=(80, 160)))
        self.assertEqual(judge.judge(), [])
        self.assertGreater(judge.committed, 50)

        # The same with one thing changed each time: a judge that never finds anything proves nothing.
        def spoilt(change):
            history = judge.history
            kept = list(history.operations), list(history.observations)
            change(history)
            again = Judge(history)
            found = again.judge()
            history.operations, history.observations = kept
            return found

        def done(history):
            """The newest first: what an older one did may have been overwritten before anybody looked."""
            changed = [one for one in history.operations if one.found and one.rows_changed > 0 and one.outcome == "done"]
            return sorted(changed, key=lambda one: one.version or 0, reverse=True)

        def is_missed(operation):
            effect, operation.effect = operation.effect, lambda state: None
            found = spoilt(lambda history: None)
            operation.effect = effect
            return bool(found)

        def forget_a_row(history):
            table, version, _, count = history.observations[-1]
            history.observations[-1] = (table, version, "another", count)

        self.assertTrue(any("a reader's version" in one for one in spoilt(forget_a_row)))
        newest = done(judge.history)
        self.assertTrue(any(is_missed(one) for one in newest[:8]))
        operation = newest[0]
        operation.outcome = "refused"
        self.assertTrue(any("was refused and has an effect" in one for one in spoilt(lambda history: None)))
        operation.outcome, known = "done", operation.statement_id
        operation.statement_id, operation.version = "somebody", None
        self.assertTrue(any("acknowledged and has no effect" in one for one in spoilt(lambda history: None)))
        operation.statement_id = known

    def test_a_thread_that_dies_ends_the_run_and_says_why(self):
        class Surprise:
            """Answers are cut off, which is nothing; and one is what no server would say."""
            asked = 0

            def sql(self, text, **options):
                self.asked += 1
                if self.asked > 50 and text.startswith("SELECT id, part"):
                    raise KeyError("a surprise")
                raise http.client.IncompleteRead(b"{")

        history = History(unittest.mock.Mock(), seed=1, writers=2, readers=1)
        history.server = Surprise()
        self.addCleanup(history.stop)
        history.start()
        with self.assertRaisesRegex(AssertionError, "a surprise"):
            history.wait_for(1_000_000)
        history.finish()
        self.assertEqual(len(history.problems), 1)
        self.assertIn("Traceback", history.problems[0])


if __name__ == "__main__":
    unittest.main()
