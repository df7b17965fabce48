"""EXECUTE ON MODEL: configured models are named by GRANT, shown, and on record; what is not configured is refused."""
import os
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


class ModelGrants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings={"models.routes": "propose=openai:Small-1,repair=openai:Small-1,embed=openai:vectors",
                                              "models.openai.url": "http://127.0.0.1:1/v1"}).start()
        cls.addClassCleanup(cls.server.__exit__)

    def test_models_are_named_as_they_are_configured(self):
        self.server.sql("CREATE GROUP analysts")
        self.server.sql('GRANT EXECUTE ON MODEL "openai:small-1", "openai:vectors" TO analysts')
        self.server.sql('DENY EXECUTE ON MODEL "openai:Small-1" TO ROLE reader')
        rows = self.server.sql('SHOW GRANTS ON MODEL "openai:Small-1"')["rows"]
        self.assertEqual(sorted(row[:5] for row in rows), [["model", "openai:Small-1", "analysts", "execute", "GRANT"],
                                                           ["model", "openai:Small-1", "role reader", "execute", "DENY"]])
        self.assertIn(["model", "openai:vectors", "analysts", "execute", "GRANT"],
                      [row[:5] for row in self.server.sql("SHOW GRANTS")["rows"]])
        self.server.sql('REVOKE EXECUTE ON MODEL "openai:Small-1" FROM ROLE reader, analysts')
        self.assertEqual(self.server.sql('SHOW GRANTS ON MODEL "openai:Small-1"')["rows"], [])

    def test_another_name_is_refused(self):
        for name in ("openai:Small-2", "Small-1", "propose"):
            with self.assertRaisesRegex(StatementError, "no such model is configured"):
                self.server.sql(f'DENY EXECUTE ON MODEL "{name}" TO PUBLIC')

    def test_who_does_not_manage_the_lake_learns_nothing_of_models(self):
        told = set()
        for name in ("openai:Small-1", "openai:Small-2"):
            for statement in (f'GRANT EXECUTE ON MODEL "{name}" TO PUBLIC', f'SHOW GRANTS ON MODEL "{name}"'):
                with self.assertRaises(StatementError) as refused:
                    self.server.sql(statement, "engineer")
                told.add(str(refused.exception).replace(name, "?"))
        self.assertEqual(len(told), 1, told)

    def test_changes_are_on_record_before_they_are_made(self):
        self.server.sql('GRANT EXECUTE ON MODEL "openai:vectors" TO ROLE writer')
        rows = self.server.sql("SELECT details FROM system.audit WHERE action = 'grant_object' ORDER BY record")["rows"]
        self.assertTrue(any("openai:vectors" in row[0] and "writer" in row[0] for row in rows), rows)


if __name__ == "__main__":
    unittest.main()
