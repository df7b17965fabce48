"""Who one is, by every door: passwords, limited tokens, agents, two OpenID Connect providers, client certificates, TLS."""
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

import identity
from ports import free_port
from server import Server, rows

BINARY = os.environ["TESTED_BINARY"]
PASSWORD = "correct horse battery"
FAST = {"passwords.memory": "8MiB", "passwords.passes": "1", "login.attempts_per_address": "1000"}


def ask(server, method, path, body=None, token=None, headers=None):
    status, answered, text = server.request(method, path, body, token, headers)
    return status, answered, json.loads(text) if text[:1] in b"{[" and text else text


class Identity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY, settings=FAST).start()
        cls.admin = cls.server.admin_token
        for name, role in (("anna", "writer"), ("berta", "reader")):
            cls.make(name, role)
        cls.server.sql("CREATE TABLE gold.shared AS SELECT 1 AS id")
        cls.server.sql("CREATE TABLE silver.other AS SELECT 2 AS id")

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    @classmethod
    def make(cls, name, role, **more):
        status, _, body = ask(cls.server, "POST", "/v1/users", {"name": name, "role": role, **more}, cls.admin)
        assert status == 201, body

    def token(self, principal, role, **more):
        status, _, body = ask(self.server, "POST", "/v1/tokens",
                              {"principal": principal, "role": role, "name": "t", **more}, self.admin)
        self.assertEqual(status, 201, body)
        return body["token"], body["id"]

    def run_sql(self, statement, token=None, headers=None):
        return ask(self.server, "POST", "/v1/sql", {"statement": statement}, token, headers)

    def login(self, name, password):
        return ask(self.server, "POST", "/v1/login", {"name": name, "password": password})

    def test_a_password_opens_a_session_that_ends(self):
        self.make("pia", "reader")
        self.assertEqual(ask(self.server, "PUT", "/v1/users/pia/password", {"password": PASSWORD}, self.admin)[0], 204)
        status, headers, me = self.login("PIA", PASSWORD)
        self.assertEqual((status, me["principal"], me["authentication"]), (200, "pia", "password"))
        self.assertIn("HttpOnly; SameSite=Lax", headers["Set-Cookie"])
        cookie = {"Cookie": headers["Set-Cookie"].split(";")[0], "Origin": self.server.url}
        self.assertEqual(self.run_sql("SELECT 1", None, cookie)[2]["rows"], [[1]])
        self.assertEqual(ask(self.server, "GET", "/v1/me", None, None, cookie)[2]["principal"], "pia")
        self.assertEqual(self.run_sql("SELECT 1", None, {**cookie, "Origin": "https://evil.example"})[0], 403)
        by = rows(self.server.sql("SELECT DISTINCT authentication, credential, address FROM system.audit "
                                  "WHERE principal = 'pia' AND type = 'attempt'"))
        self.assertEqual([(how, where) for how, _, where in by], [("password", "127.0.0.1")])
        self.assertRegex(by[0][1], "^[0-9a-f-]{36}$")
        self.assertNotIn(by[0][1], cookie["Cookie"])
        self.assertEqual(ask(self.server, "POST", "/v1/logout", None, None, cookie)[0], 204)
        self.assertEqual(self.run_sql("SELECT 1", None, cookie)[0], 401)
        cookie["Cookie"] = self.login("pia", PASSWORD)[1]["Set-Cookie"].split(";")[0]
        self.assertEqual(self.run_sql("SELECT 1", None, cookie)[0], 200)
        self.assertEqual(ask(self.server, "PATCH", "/v1/users/Admin", {"disabled": True}, self.admin)[0], 400)
        ask(self.server, "PATCH", "/v1/users/pia", {"disabled": True}, self.admin)
        self.assertEqual(self.run_sql("SELECT 1", None, cookie)[0], 401)
        self.assertEqual(self.login("pia", PASSWORD)[0], 401)

    def test_an_agent_has_what_both_have(self):
        self.make("bot", "admin", kind="agent", on_behalf_of="berta")
        token, _ = self.token("bot", "admin")
        self.assertEqual(self.run_sql("SELECT id FROM gold.shared", token)[2]["rows"], [[1]])
        self.assertEqual(self.run_sql("INSERT INTO gold.shared VALUES (2)", token)[0], 403)
        self.assertEqual(ask(self.server, "GET", "/v1/users", None, token)[0], 403)
        # What is denied to her is denied to it.
        self.server.sql("DENY SELECT ON TABLE silver.other TO berta")
        self.assertEqual(self.run_sql("SELECT id FROM silver.other", token)[0], 404)
        self.server.sql("REVOKE SELECT ON TABLE silver.other FROM berta")
        self.assertEqual(self.run_sql("SELECT id FROM silver.other", token)[0], 200)
        self.server.sql("DENY SELECT ON TABLE silver.other TO bot")
        self.assertEqual(self.run_sql("SELECT id FROM silver.other", token)[0], 404)
        found = rows(self.server.sql("SELECT DISTINCT principal, on_behalf_of, authentication FROM system.queries "
                                     "WHERE principal = 'bot'"))
        self.assertEqual(found, [("bot", "berta", "token")])
        ask(self.server, "PATCH", "/v1/users/berta", {"disabled": True}, self.admin)
        self.assertEqual(self.run_sql("SELECT 1", token)[0], 401)
        ask(self.server, "PATCH", "/v1/users/berta", {"disabled": False}, self.admin)
        self.assertEqual(self.run_sql("SELECT 1", token)[0], 200)

    def test_an_agent_sees_no_more_rows_than_whom_it_acts_for(self):
        self.make("carla", "reader")
        self.make("carlabot", "reader", kind="agent", on_behalf_of="carla")
        token, _ = self.token("carlabot", "reader")
        self.server.sql("CREATE TABLE gold.owned AS SELECT * FROM (VALUES ('carla', 1), ('other', 2)) t(owner, id)")
        self.server.sql("CREATE ROW POLICY own ON gold.owned TO PUBLIC USING (owner = current_principal())")
        self.assertEqual(self.run_sql("SELECT id FROM gold.owned", token)[2]["rows"], [[1]])
        self.server.sql("CREATE OR REPLACE ROW POLICY own ON gold.owned TO carla USING (true)")
        self.assertEqual(self.run_sql("SELECT id FROM gold.owned", token)[2]["rows"], [])

    def test_scopes_and_schemas_limit_a_token(self):
        reading, _ = self.token("limited", "engineer", scopes=["read"])
        self.assertEqual(self.run_sql("SELECT id FROM gold.shared", reading)[0], 200)
        self.assertEqual(self.run_sql("INSERT INTO gold.shared VALUES (9)", reading)[0], 403)
        gold, _ = self.token("limited", "engineer", schemas=["gold"])
        self.assertEqual(self.run_sql("SELECT id FROM gold.shared", gold)[0], 200)
        self.assertEqual(self.run_sql("SELECT id FROM silver.other", gold)[0], 404)
        self.assertEqual(self.run_sql("CREATE TABLE gold.made (id BIGINT)", gold)[0], 403)
        self.assertEqual(self.run_sql("SELECT DISTINCT schema_name FROM system.tables", gold)[2]["rows"], [["gold"]])
        self.assertEqual(self.run_sql("SELECT count(*) FROM system.queries", gold)[2]["rows"], [[0]])
        self.assertEqual(ask(self.server, "GET", "/v1/history", None, gold)[2]["statements"], [])
        schemas = ask(self.server, "GET", "/v1/catalog/schemas", None, gold)[2]["schemas"]
        self.assertEqual([schema["name"] for schema in schemas], ["gold"])

    def test_a_token_for_the_audit_log_reads_nothing_else(self):
        self.server.sql("CREATE TABLE gold.watched AS SELECT 7 AS hidden_thing")
        watch, _ = self.token("watchman", "auditor", scopes=["audit"])
        whole, _ = self.token("watchman", "auditor")
        mine, _ = self.token("limited", "engineer", scopes=["audit"])

        def one(statement, token):
            status, _, body = self.run_sql(statement, token)
            self.assertEqual(status, 200, (statement, body))
            return body["rows"][0][0]
        # All records, as an auditor has them; of who is none, their own.
        self.assertGreater(one("SELECT count(*) FROM system.audit WHERE principal <> 'watchman'", watch), 0)
        self.assertGreater(one("SELECT count(*) FROM system.audit WHERE principal = 'limited'", mine), 0)
        self.assertEqual(one("SELECT count(*) FROM system.audit WHERE principal <> 'limited'", mine), 0)
        # And nothing else: not what the same principals may see by other tokens.
        self.server.sql("GRANT SELECT ON gold.watched TO USER watchman")
        self.assertEqual(self.run_sql("SELECT * FROM gold.watched", whole)[0], 200)
        for token in (watch, mine):
            for statement in ("SELECT * FROM gold.watched", "DESCRIBE gold.watched", "DESCRIBE HISTORY gold.watched"):
                status, _, body = self.run_sql(statement, token)
                self.assertEqual(status, 404, body)
            for relation in ("system.queries", "system.tables", "system.schemas", "system.views", "system.lineage",
                             "system.tags", "system.tokens", "information_schema.tables",
                             "information_schema.columns"):
                self.assertEqual(one(f"SELECT count(*) FROM {relation}", token), 0, relation)
            self.assertEqual(ask(self.server, "GET", "/v1/history", None, token)[2]["statements"], [])
            self.assertEqual(ask(self.server, "GET", "/v1/catalog/schemas", None, token)[2]["schemas"], [])
            for statement in ("INSERT INTO gold.watched VALUES (8)", "CREATE TABLE gold.made AS SELECT 1 AS id",
                              "CREATE USER another"):
                self.assertIn(self.run_sql(statement, token)[0], (403, 404), statement)
            self.assertEqual(ask(self.server, "GET", "/v1/tokens", None, token)[0], 403)
        # With another scope beside it, it is one more right.
        both, _ = self.token("watchman", "auditor", scopes=["audit", "read"])
        self.assertEqual(self.run_sql("SELECT * FROM gold.watched", both)[0], 200)
        status, _, body = ask(self.server, "POST", "/v1/tokens",
                              {"principal": "watchman", "role": "auditor", "name": "t", "scopes": ["audit"],
                               "schemas": ["gold"]}, self.admin)
        self.assertEqual(status, 400, body)

    def test_revocation_holds_for_the_next_statement(self):
        token, token_id = self.token("anna", "writer")
        self.assertEqual(self.run_sql("SELECT 1", token)[0], 200)
        self.assertEqual(ask(self.server, "DELETE", f"/v1/tokens/{token_id}", None, self.admin)[0], 204)
        self.assertEqual(self.run_sql("SELECT 1", token)[0], 401)

    def test_the_command_line_makes_users(self):
        environment = {**os.environ, "NEUROLAKE_TOKEN": self.admin}

        def command(*words, text=""):
            return subprocess.run([BINARY, "--server", self.server.url, *words], input=text, capture_output=True, text=True,
                                  env=environment, timeout=60)
        self.assertEqual(command("user", "create", "cli-user", "--role", "reader").returncode, 0)
        self.assertEqual(command("user", "password", "cli-user", "--password-file", "-", text=PASSWORD + "\n").returncode, 0)
        self.assertEqual(self.login("cli-user", PASSWORD)[0], 200)
        self.assertIn("cli-user,user,reader", command("--format", "csv", "user", "list").stdout)
        self.assertEqual(command("user", "disable", "cli-user").returncode, 0)
        self.assertEqual(self.login("cli-user", PASSWORD)[0], 401)
        self.assertNotEqual(command("user", "password", "cli-user", "--password-file", "-", text="short\n").returncode, 0)


class Providers:
    """What holds for either; `make` gives the provider, `subject` who logs in."""
    secret, service_name = "", ""

    def setUp(self):
        self.port = free_port()
        self.redirect = f"http://127.0.0.1:{self.port}/v1/login/callback"
        self.provider = self.make().start()
        self.addCleanup(self.provider.stop)
        self.server = Server(BINARY, settings={
            **FAST, "http.port": str(self.port), "oidc.issuer": self.provider.issuer, "oidc.audience": "urn:lake",
            "oidc.client_id": "lake-web", "oidc.groups": "staff=analysts", "oidc.attributes": "use=purpose"},
            environment={"NEUROLAKE_OIDC_CLIENT_SECRET": self.secret}).start()
        self.addCleanup(self.server.__exit__)
        ask(self.server, "POST", "/v1/users", {"name": "anna", "role": "reader"}, self.server.admin_token)
        ask(self.server, "POST", "/v1/users", {"name": "etl-service", "kind": "service account", "role": "writer"},
            self.server.admin_token)
        self.server.sql("CREATE GROUP analysts")

    def bind(self, principal, subject):
        status, _, body = ask(self.server, "POST", "/v1/identities", {
            "principal": principal, "issuer": self.provider.issuer, "subject": subject}, self.server.admin_token)
        self.assertEqual(status, 204, body)

    def audited(self):
        """Refusals of who one is, and sessions that began."""
        return rows(self.server.sql("SELECT type, principal, action, error FROM system.audit WHERE type = 'authentication' OR "
                                    "action = 'begin_session' ORDER BY record"))

    def test_a_browser_logs_in_and_comes_back(self):
        browser = identity.Browser()
        start = self.server.url + "/v1/login?return_to=%2Fv1%2Fme"
        _, status, _, body = browser.follow(start)
        self.assertEqual(status, 401, body)  # The provider knows who it is, the lake does not yet.
        self.assertEqual(self.audited(), [("authentication", None, None, "Unauthenticated")])
        self.bind("anna", self.subject)
        url, status, _, body = browser.follow(start)
        self.assertEqual(self.audited()[1:], [("change", "anna", "begin_session", None)])
        self.assertEqual((urllib.parse.urlsplit(url).path, status), ("/v1/me", 200), body)
        me = json.loads(body)
        self.assertEqual((me["principal"], me["authentication"], me["groups"]), ("anna", "oidc", ["analysts"]))
        self.assertEqual(browser.cookie("neurolake_login"), None)
        self.assertTrue(browser.cookie("neurolake_session").has_nonstandard_attr("HttpOnly"))

    def test_a_login_belongs_to_its_browser(self):
        self.bind("anna", self.subject)
        victim, attacker = identity.Browser(), identity.Browser()
        callback, *_ = attacker.follow(self.server.url + "/v1/login", until=self.redirect)
        self.assertEqual(victim.get(callback)[0], 401)  # Not begun there.
        victim.follow(self.server.url + "/v1/login", until=self.redirect)
        self.assertEqual(victim.get(callback)[0], 401)  # Begun, with another state.
        again = identity.Browser()
        callback, *_ = again.follow(self.server.url + "/v1/login", until=self.redirect)
        before = len(self.audited())
        self.assertEqual(again.get(callback.replace("code=", "code=x"))[0], 401)
        self.assertEqual(self.audited()[before:], [("authentication", None, None, "Unauthenticated")])
        again = identity.Browser()
        callback, *_ = again.follow(self.server.url + "/v1/login", until=self.redirect)
        self.assertEqual(again.get(callback)[0], 303)
        self.assertEqual(again.get(callback)[0], 401)  # Once.

    def test_an_address_begins_and_ends_so_many_logins_at_once(self):
        self.server.stop()
        self.server.settings["login.attempts_per_address"] = "3"
        self.server.start()
        for path in ("/v1/login", "/v1/login/callback?code=x&state=y"):
            with self.subTest(path=path):
                self.server.stop()
                self.server.start()
                statuses = [identity.Browser().get(self.server.url + path)[0] for _ in range(6)]
                self.assertNotIn(429, statuses[:3])
                self.assertEqual(statuses[3:], [429] * 3)

    def test_nobody_is_sent_elsewhere(self):
        for path in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "evil"):
            url = self.server.url + "/v1/login?return_to=" + urllib.parse.quote(path, safe="")
            self.assertEqual(identity.Browser().get(url)[0], 400, path)

    def test_a_service_shows_its_token(self):
        token = self.service_token()
        self.assertEqual(ask(self.server, "GET", "/v1/me", None, token)[0], 401)
        self.bind("etl-service", self.service_name)
        self.assertEqual(ask(self.server, "GET", "/v1/me", None, token)[2]["principal"], "etl-service")
        self.assertEqual(ask(self.server, "POST", "/v1/sql", {"statement": "SELECT 1"}, token)[2]["rows"], [[1]])
        self.assertEqual(rows(self.server.sql("SELECT DISTINCT authentication, credential, address FROM system.audit "
                                              "WHERE principal = 'etl-service' AND type = 'attempt'")),
                         [("oidc", self.service_name, "127.0.0.1")])
        ask(self.server, "PATCH", "/v1/users/etl-service", {"disabled": True}, self.server.admin_token)
        self.assertEqual(ask(self.server, "GET", "/v1/me", None, token)[0], 401)


class CertifiedProvider(Providers, unittest.TestCase):
    secret, subject, service_name = "web-secret:%", "anna-1", "etl"

    def make(self):
        return identity.Certified(self.redirect)

    def service_token(self):
        return self.provider.service_token()


class MockProvider(Providers, unittest.TestCase):
    subject, service_name = "berta-2", "svc"

    def make(self):
        return identity.Mock()

    def service_token(self):
        return self.provider.token(aud="urn:lake", sub="svc")

    def test_tokens_that_are_not_for_us_are_refused(self):
        self.bind("etl-service", "svc")
        good = {"aud": "urn:lake", "sub": "svc"}
        refused = {
            "audience": {**good, "aud": "urn:other"}, "issuer": {**good, "iss": "https://evil.example"},
            "expired": {**good, "exp": 1000000000}, "early": {**good, "nbf": 4000000000},
            "future": {**good, "iat": 4000000000}, "id token": {**good, "nonce": "n"}, "stranger": {**good, "sub": "other"},
            "no time": {**good, "exp": "never"}}
        details = set()
        for name, claims in refused.items():
            status, _, body = ask(self.server, "GET", "/v1/me", None, self.provider.token(**claims))
            self.assertEqual(status, 401, name)
            details.add(body["detail"])
        for missing in ("exp", "iss", "aud", "sub"):
            token = self.provider.token(without=[missing], **good)
            self.assertEqual(ask(self.server, "GET", "/v1/me", None, token)[0], 401, missing)
        self.assertEqual(len(details), 1)  # One text for every reason.
        self.assertEqual(ask(self.server, "GET", "/v1/me", None, self.provider.token(**good))[0], 200)

    def test_a_token_says_what_it_is_for(self):
        self.bind("etl-service", "svc")
        for statement in ("CREATE TABLE t AS SELECT 7 AS n", "CREATE PURPOSE billing", "CREATE PURPOSE research",
                          "ALTER TABLE t SET ALLOWED PURPOSES ('billing')",
                          "GRANT USE PURPOSE billing TO USER \"etl-service\"",
                          "GRANT USE PURPOSE research TO USER \"etl-service\""):
            self.server.sql(statement)

        def run(claim, headers=None, **more):
            claims = {} if claim is None else {"use": claim}
            token = self.provider.token(aud="urn:lake", sub="svc", **claims)
            return ask(self.server, "POST", "/v1/sql", {"statement": "SELECT n FROM t", **more}, token, headers or {})

        self.assertEqual(run("Billing")[2]["rows"], [[7]])
        self.assertEqual(run("billing", purpose="billing")[2]["rows"], [[7]])
        self.assertEqual(run(None, purpose="billing")[2]["rows"], [[7]])
        self.assertEqual(run(None)[0], 403)
        self.assertEqual(run("research")[0], 403)
        self.assertEqual(run("not there")[0], 403)
        # A token for one purpose is not one for another.
        self.assertEqual(run("research", purpose="billing")[0], 403)
        self.assertEqual(run("research", {"NeuroLake-Purpose": "billing"})[0], 403)
        said = self.server.sql("SELECT DISTINCT purpose FROM system.queries WHERE principal = 'etl-service' AND "
                               "state = 'succeeded'")["rows"]
        self.assertEqual(said, [["billing"]])


class Certificates(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="neurolake-certificates-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.authority = identity.Authority(self.folder)
        self.server = Server(BINARY, settings={
            **FAST, "http.tls": "on", "http.tls_client_authority": self.authority.certificate,
            "http.tls_client_principals": "dns:etl.example.org=etl,uri:spiffe://example.org/loader=loader"})

    def start(self):
        # The address is that of a certificate nobody knows yet: the first request goes by its file.
        self.server.start()
        self.addCleanup(self.server.__exit__)
        self.own = pathlib.Path(self.server.lake) / "tls" / "certificate.pem"

    def get(self, path, certificate=None, token=None, method="GET", body=None, context=None):
        context = context or ssl.create_default_context(cafile=str(self.own))
        if certificate:
            context.load_cert_chain(*certificate)
        request = urllib.request.Request(self.server.url + path, method=method, data=body and json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"} if body else {})
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=20, context=context) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def test_a_certificate_is_its_principal(self):
        self.start()
        self.assertTrue(self.server.url.startswith("https://"))
        for name in ("etl", "loader"):
            self.assertEqual(self.get("/v1/users", None, self.server.admin_token, "POST", {"name": name, "role": "reader"})[0],
                             201)
        etl = self.authority.issue("etl", "DNS:etl.example.org")
        status, me = self.get("/v1/me", etl)
        self.assertEqual((status, me.get("principal"), me.get("authentication")), (200, "etl", "certificate"))
        loader = self.authority.issue("loader", "URI:spiffe://example.org/loader")
        self.assertEqual(self.get("/v1/me", loader)[1]["principal"], "loader")
        for name, alternative in (("other", "DNS:other.example.org"), ("both", "DNS:etl.example.org,URI:spiffe://example.org/loader"),
                                  ("etl.example.org", "email:etl@example.org")):
            self.assertEqual(self.get("/v1/me", self.authority.issue(name, alternative))[0], 401, name)
        self.assertEqual(self.get("/v1/me")[0], 401)
        for certificate in (etl, loader):
            self.get("/v1/sql", certificate, None, "POST", {"statement": "SELECT 'by certificate'"})
        _, found = self.get("/v1/sql", None, self.server.admin_token, "POST", {
            "statement": "SELECT principal, authentication, credential, address FROM system.audit WHERE type = 'attempt' AND "
                         "authentication = 'certificate' ORDER BY principal"})
        self.assertEqual(found["rows"], [["etl", "certificate", "dns:etl.example.org", "127.0.0.1"],
                                         ["loader", "certificate", "uri:spiffe://example.org/loader", "127.0.0.1"]])
        # A token says more than the certificate of the connection that brings it.
        self.assertEqual(self.get("/v1/me", etl, self.server.admin_token)[1]["principal"], "admin")

    def test_certificates_of_others_end_the_handshake(self):
        self.start()
        stranger = identity.Authority(self.folder, "stranger")
        for certificate in (stranger.issue("fake", "DNS:etl.example.org"),
                            self.authority.issue("server", "DNS:etl.example.org", usage="serverAuth")):
            with self.assertRaises((ssl.SSLError, OSError)):
                self.get("/v1/me", certificate)

    def test_only_tls_1_3(self):
        self.start()
        older = ssl.create_default_context(cafile=str(self.own))
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises((ssl.SSLError, OSError)):
            self.get("/health", context=older)
        self.assertEqual(self.get("/health")[0], 200)
        key = self.own.parent / "key.pem"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)

    def test_certificates_can_be_required(self):
        self.server.settings["http.tls_client_required"] = "true"
        self.start()
        with self.assertRaises((ssl.SSLError, OSError)):
            self.get("/health")
        self.assertEqual(self.get("/health", self.authority.issue("any", "DNS:any.example.org"))[0], 200)


if __name__ == "__main__":
    unittest.main()
