"""The keys of masks over their life: where they lie and in what form, services that come and go, restarts."""
import os
import pathlib
import shutil
import stat
import tempfile
import unittest

from openbao import OpenBao
from server import Server, StatementError, named, rows

BINARY = os.environ["TESTED_BINARY"]
TOKENS = "SELECT mail FROM people ORDER BY id"


class Keys(unittest.TestCase):
    def setUp(self):
        self.lake = tempfile.mkdtemp(prefix="neurolake-keys-")
        self.addCleanup(shutil.rmtree, self.lake, ignore_errors=True)
        self.server = None
        self.addCleanup(lambda: self.server and self.server.stop())

    def start(self, settings=None, environment=None):
        tokens = {}
        if self.server is not None:
            tokens = self.server.tokens
            self.server.stop()
        self.server = Server(BINARY, self.lake, settings, environment).start()
        self.server.tokens.update(tokens)
        self.server.admin_token = self.server.tokens.get("admin", self.server.admin_token)

    def protect(self):
        for statement in ("CREATE KEY people", "CREATE TABLE people (id BIGINT, mail VARCHAR)",
                          "INSERT INTO people VALUES (1, 'ann@canary.org'), (2, 'bob@canary.org'), (3, 'ann@canary.org')",
                          "CREATE MASK POLICY mail ON people (mail) EXCEPT ROLE admin USING (mask_token(mail, 'people'))"):
            self.server.sql(statement)

    def tokens(self):
        seen = [mail for mail, in rows(self.server.sql(TOKENS, "reader"))]
        self.assertEqual(seen[0], seen[2])
        self.assertNotEqual(seen[0], seen[1])
        for token in seen:
            self.assertRegex(token, "^tok_[a-z2-7]{24}$")
        return seen

    def refused(self, statement, user="admin"):
        with self.assertRaises(StatementError, msg=statement) as caught:
            self.server.sql(statement, user)
        return caught.exception

    def everything_on_disk(self):
        return b"\n".join(path.read_bytes() for path in pathlib.Path(self.lake).rglob("*") if path.is_file())

    def test_tokens_stay_through_restarts_and_master_keys(self):
        self.start()
        self.protect()
        before = self.tokens()
        self.start()
        self.assertEqual(self.tokens(), before)
        wrapped = named(self.server.sql("SHOW KEYS"))
        self.assertEqual(rows(self.server.sql("ROTATE MASTER KEY")), [(1,)])
        self.assertNotEqual(named(self.server.sql("SHOW KEYS"))[0]["wrapping_key"], wrapped[0]["wrapping_key"])
        self.assertEqual(self.tokens(), before)
        self.server.sql("ROTATE KEY people")
        self.assertFalse(set(self.tokens()) & set(before))

    def test_the_keyring_is_the_servers_alone_and_protected_on_demand(self):
        self.start()
        self.protect()
        before = self.tokens()
        keyring = pathlib.Path(self.lake) / "keyring"
        self.assertEqual(stat.S_IMODE(keyring.stat().st_mode), 0o600)
        plain = keyring.read_text().strip()
        passphrase = {"NEUROLAKE_KEYS_PASSPHRASE": "correct horse battery staple"}
        self.start(environment=passphrase)
        # One that should be protected and is not may have been put there.
        self.assertEqual(self.refused(TOKENS, "reader").sqlstate, "42501")
        self.start(settings={"keys.protect_keyring": "true"}, environment=passphrase)
        self.assertEqual(self.tokens(), before)
        self.assertNotIn(plain.encode(), self.everything_on_disk())
        self.start(environment={"NEUROLAKE_KEYS_PASSPHRASE": "wrong horse"})
        error = self.refused(TOKENS, "reader")
        self.assertEqual(error.sqlstate, "42501")
        self.assertNotIn("horse", str(error))
        self.start(environment=passphrase)
        self.assertEqual(self.tokens(), before)
        changed = {"NEUROLAKE_KEYS_WRAPPING_KEY": "5c" * 32}
        self.start(environment={**changed, "NEUROLAKE_KEYS_PREVIOUS_PASSPHRASE": passphrase["NEUROLAKE_KEYS_PASSPHRASE"]})
        self.assertEqual(self.tokens(), before)
        self.start(environment=changed)
        self.assertEqual(self.tokens(), before)

    def test_a_lost_keyring_shows_nothing_and_is_not_made_anew(self):
        self.start()
        self.protect()
        (pathlib.Path(self.lake) / "keyring").unlink()
        self.start()
        self.refused(TOKENS, "reader")
        self.refused("CREATE KEY more")
        self.assertFalse((pathlib.Path(self.lake) / "keyring").exists())
        # Who sees the table without the mask needs no key.
        self.assertEqual(rows(self.server.sql("SELECT count(*) FROM people WHERE mail = 'ann@canary.org'")), [(2,)])

    @unittest.skipUnless(OpenBao.program.exists(), "needs OpenBao: scripts/bootstrap.sh --tests")
    def test_keys_move_to_vault_and_back(self):
        vault = OpenBao().start()
        self.addCleanup(vault.stop)
        self.start()
        self.protect()
        before = self.tokens()
        self.start(vault.settings(), vault.environment())
        self.assertEqual(self.tokens(), before)
        self.assertEqual(rows(self.server.sql("REWRAP KEYS")), [(1,)])
        self.assertEqual(named(self.server.sql("SHOW KEYS"))[0]["service"], "vault")
        self.server.sql("CREATE KEY more")
        self.start(vault.settings(), vault.environment())
        self.assertEqual(self.tokens(), before)
        self.assertEqual(rows(self.server.sql("ROTATE MASTER KEY")), [(2,)])
        self.assertEqual(self.tokens(), before)
        # What only the server knows.
        self.assertNotIn(vault.token.encode(), self.everything_on_disk())
        self.start()
        self.assertEqual(self.refused(TOKENS, "reader").sqlstate, "42P01")

    @unittest.skipUnless(OpenBao.program.exists(), "needs OpenBao: scripts/bootstrap.sh --tests")
    def test_without_vault_nothing_of_the_table_is_shown(self):
        vault = OpenBao().start()
        self.addCleanup(vault.stop)
        self.start(vault.settings(), vault.environment())
        self.protect()
        self.tokens()
        self.start(vault.settings(), {"NEUROLAKE_KEYS_VAULT_TOKEN": "not-a-token"})
        error = self.refused(TOKENS, "reader")
        self.assertEqual(error.sqlstate, "42501")
        self.assertNotIn("not-a-token", str(error))
        vault.stop()
        self.start(vault.settings(), vault.environment())
        self.assertEqual(self.refused(TOKENS, "reader").sqlstate, "57P03")

    def test_lookups_are_counted_over_restarts(self):
        settings = {"keys.lookups_per_hour": "2"}
        self.start(settings)
        self.protect()
        self.server.token_of("reader")
        self.server.sql("GRANT LOOKUP ON KEY people TO USER reader")
        find = "SELECT count(*) FROM people WHERE mail = lookup_token('people', 'ann@canary.org')"
        self.assertEqual(rows(self.server.sql(find, "reader")), [(2,)])
        self.start(settings)
        self.assertEqual(rows(self.server.sql(find, "reader")), [(2,)])
        self.assertEqual(self.refused(find, "reader").sqlstate, "53300")
        lookups = named(self.server.sql("SHOW KEY LOOKUPS"))
        self.assertEqual([one["principal"] for one in lookups], ["reader", "reader"])
        self.assertNotIn("ann@canary.org", str(lookups))


if __name__ == "__main__":
    unittest.main()
