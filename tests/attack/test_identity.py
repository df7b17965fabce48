"""Attacks 53, 56, 58 and 77 to 80: being somebody else, or more than one is, by what a request shows. Whoever gets through sees
a canary."""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import secrets
import time
import unittest
import urllib.parse

import canaries
import emulators
import identity
from server import Server

BINARY = os.environ["TESTED_BINARY"]
CANARY = "canary-" + secrets.token_hex(8)
PASSWORD = "password-" + secrets.token_hex(8)


def encode(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Attacks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.provider = identity.Mock().start()
        cls.server = Server(BINARY, settings={
            "log_level": "debug", "oidc.issuer": cls.provider.issuer, "oidc.audience": "urn:lake", "passwords.memory": "8MiB",
            "passwords.passes": "1", "login.attempts_per_address": "10000", "login.failures_max": "1000",
            "http.body_bytes_max": "1MiB"}).start()
        cls.admin = cls.server.admin_token
        cls.server.sql(f"CREATE TABLE gold.secret AS SELECT '{CANARY}' AS value")
        for name, role in (("anna", "admin"), ("mallory", "member")):
            assert cls.ask("POST", "/v1/users", {"name": name, "role": role}, cls.admin)[0] == 201
        assert cls.ask("PUT", "/v1/users/anna/password", {"password": PASSWORD}, cls.admin)[0] == 204
        assert cls.ask("POST", "/v1/identities", {"principal": "anna", "issuer": cls.provider.issuer, "subject": "anna-1"},
                       cls.admin)[0] == 204
        cls.mallory = json.loads(cls.ask("POST", "/v1/tokens", {"principal": "mallory", "role": "member", "name": "t"},
                                         cls.admin)[1])["token"]

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.provider.stop()

    @classmethod
    def ask(cls, method, path, body=None, token=None, headers=None):
        status, _, text = cls.server.request(method, path, body, token, headers)
        return status, text.decode()

    def steal(self, token=None, headers=None, path="/v1/sql", status=401):
        got, text = self.ask("POST", path, {"statement": "SELECT value FROM gold.secret"}, token, headers)
        canaries.check(self, text, [CANARY], path)
        self.assertEqual(got, status, text)
        return text

    def claims(self, **more):
        return {"iss": self.provider.issuer, "aud": "urn:lake", "sub": "anna-1", "exp": int(time.time()) + 600, **more}

    def test_the_canary_can_be_had_by_who_may(self):
        token = self.provider.token(aud="urn:lake", sub="anna-1")
        status, text = self.ask("POST", "/v1/sql", {"statement": "SELECT value FROM gold.secret"}, token)
        self.assertEqual(status, 200, text)
        self.assertIn(CANARY, text)

    def test_77_forged_tokens(self):
        jwks = emulators.send("GET", self.provider.issuer + "/jwks")[1]
        key = json.loads(jwks)["keys"][0]
        for alg in ("none", "None", "NONE", "nOnE"):
            head = encode({"alg": alg, "kid": key["kid"]}) + "." + encode(self.claims())
            for signature in ("", "AA", encode(b"x" * 256)):
                self.steal(head + "." + signature)
        # The public key as a shared secret, in the forms in which libraries have taken it.
        modulus = base64.urlsafe_b64decode(key["n"] + "==")
        for secret in (jwks, json.dumps(key).encode(), key["n"].encode(), modulus, b"", b"secret"):
            for alg in ("HS256", "HS512"):
                text = encode({"alg": alg, "kid": key["kid"]}) + "." + encode(self.claims())
                digest = hashlib.sha256 if alg == "HS256" else hashlib.sha512
                self.steal(text + "." + encode(hmac.new(secret, text.encode(), digest).digest()))
        for header in ({"jku": "http://127.0.0.1:1/keys"}, {"x5u": "file:///etc/passwd"}, {"jwk": key},
                       {"kid": "../../../../dev/null"}, {"kid": "' UNION SELECT 'x"}, {"kid": "http://127.0.0.1:1/"},
                       {"kid": ["a"]}, {"crit": ["x"], "x": 1}, {"b64": False}):
            text = encode({"alg": "RS256", "kid": key["kid"], **header}) + "." + encode(self.claims())
            self.steal(text + "." + encode(b"x" * 256))
        # Of somebody else's signature, the content changed; and of his own, the end.
        own = self.provider.token(aud="urn:lake", sub="mallory-1")
        head, _, signature = own.split(".")
        self.steal(head + "." + encode(self.claims()) + "." + signature)
        good = self.provider.token(aud="urn:lake", sub="anna-1")
        last = "A" if good[-1] != "A" else "B"
        for altered in (good + "=", good + "A", good[:-1] + last, good + ".", good.replace(".", "..", 1), " ." + good):
            self.steal(altered)
        self.steal("x" * 20_000, status=401)

    def test_77_rotated_keys(self):
        before = self.provider.token(aud="urn:lake", sub="anna-1")
        self.assertEqual(self.ask("GET", "/v1/me", None, before)[0], 200)
        for _ in range(50):  # Unknown keys cost the provider nothing.
            self.steal(encode({"alg": "RS256", "kid": secrets.token_hex(4)}) + "." + encode(self.claims()) + "." + encode(b"x" * 256))
        self.assertEqual(self.ask("GET", "/v1/me", None, before)[0], 200)

    def test_58_headers_name_nobody(self):
        for header in ("X-Forwarded-User", "X-Remote-User", "Remote-User", "X-Auth-Request-User", "X-Forwarded-Email",
                       "X-Forwarded-Preferred-Username", "X-Client-Cert", "X-SSL-Client-S-DN", "X-Forwarded-Client-Cert",
                       "X-On-Behalf-Of", "X-NeuroLake-Principal", "Impersonate-User", "Sec-WebSocket-Protocol"):
            for value in ("anna", "admin", "local"):
                self.steal(headers={header: value})
                self.steal(self.mallory, {header: value}, status=404)

    def test_79_a_token_in_the_url_opens_nothing(self):
        for name in ("token", "access_token", "api_key"):
            self.steal(path=f"/v1/sql?{name}={urllib.parse.quote(self.admin)}")
        for scheme in ("Token", "Basic", "bearer:", "nl"):
            self.steal(headers={"Authorization": f"{scheme} {self.admin}"})
        for token in (self.admin[:11], self.admin[:-1], self.admin + "A", self.admin.upper(), "nl_" + "A" * 43, "nl_%", "nl_*"):
            self.steal(token)

    def test_80_a_login_tells_nobody_who_there_is(self):
        texts = set()
        for name in ("anna", "mallory", "nobody", "local", "", "ANNA", "anna' --", "a" * 300):
            status, text = self.ask("POST", "/v1/login", {"name": name, "password": "wrong"})
            self.assertEqual(status, 401, name)
            texts.add(json.loads(text)["detail"])
        self.assertEqual(len(texts), 1)

    def test_53_a_name_is_not_an_identity(self):
        """A subject of the provider that calls itself anna, and has her address of mail."""
        for claims in ({"preferred_username": "anna"}, {"email": "anna@example.org", "email_verified": True}, {"name": "anna"},
                       {"upn": "anna"}, {"preferred_username": "local"}):
            self.steal(self.provider.token(aud="urn:lake", sub="stranger", **claims))
        self.steal(self.provider.token(aud="urn:lake", sub="ANNA-1"))
        self.steal(self.provider.token(aud="urn:lake", sub="anna-1 "))

    def test_56_sessions_are_not_tokens_nor_guessed(self):
        status, headers, _ = self.server.request("POST", "/v1/login", {"name": "anna", "password": PASSWORD})
        self.assertEqual(status, 200)
        session = headers["Set-Cookie"].split(";")[0].split("=", 1)[1]
        origin = {"Origin": self.server.url}
        self.steal(session)
        for value in (session[:-1], session + "A", "nls_" + "A" * 43, self.admin, "", session.upper()):
            self.steal(headers={"Cookie": "neurolake_session=" + value, **origin})
        self.steal(headers={"Cookie": "neurolake_session=" + session}, status=403)  # From nowhere.
        self.steal(headers={"Cookie": f"neurolake_session={session}; neurolake_session={session}", **origin})

    def test_79_secrets_are_nowhere_to_be_read(self):
        """In no file of the lake, no log at its most talkative, and no system table."""
        for path in ("/v1/users", "/v1/tokens", "/v1/identities", "/v1/history"):
            text = self.ask("GET", path, None, self.admin)[1]
            for secret in (PASSWORD, self.mallory, self.admin):
                self.assertNotIn(secret, text, path)
        files = [path for path in pathlib.Path(self.server.lake).rglob("*") if path.is_file()] + [self.server.log_path]
        for path in files:
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue  # One of the spill folder's.
            for secret in (PASSWORD, self.mallory, self.admin):
                for form in (secret.encode(), secret.encode().hex().encode(), base64.b64encode(secret.encode()).rstrip(b"=")):
                    self.assertNotIn(form, content, path)


if __name__ == "__main__":
    unittest.main()
