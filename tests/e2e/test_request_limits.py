"""Limits of requests per address and per principal: who is within them is served, who is not is told when to come back, and
no header and no name gets around or at them."""
import concurrent.futures
import json
import os
import unittest

from server import Server

BINARY = os.environ["TESTED_BINARY"]


class RequestLimits(unittest.TestCase):
    def ask(self, server, path="/v1/me", user="admin", headers=None):
        token = user if user is None or user.startswith("nl_") else server.token_of(user)
        return server.request("GET", path, None, token, headers)

    def flood(self, server, times, **how):
        """Statuses of requests that are made as fast as four threads can."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: self.ask(server, **how), range(times)))
        return answers, [status for status, _, _ in answers]

    def metric(self, server, by):
        _, _, text = self.ask(server, "/metrics")
        for line in text.decode().splitlines():
            if line.startswith("neurolake_http_requests_limited_total") and f'by="{by}"' in line:
                return float(line.split()[-1])
        return 0.0

    def test_a_principal_has_its_own(self):
        with Server(BINARY, settings={"limits.requests_per_principal": "5"}) as server:
            tokens = {}
            for name in ("busy", "calm"):
                status, _, body = server.request("POST", "/v1/tokens", {"principal": name, "role": "reader", "name": "t"},
                                                 server.admin_token)
                self.assertEqual(status, 201, body)
                tokens[name] = json.loads(body)["token"]
            answers, statuses = self.flood(server, 60, user=tokens["busy"])
            self.assertEqual(set(statuses), {200, 429})
            self.assertGreater(statuses.count(429), 20)
            refused = next(answer for answer in answers if answer[0] == 429)
            self.assertGreaterEqual(int(refused[1]["Retry-After"]), 1)
            problem = json.loads(refused[2])
            self.assertEqual((problem["code"], problem["sqlstate"], problem["retry"]), ("TooManyRequests", "53300", "yes"))
            self.assertNotIn("busy", refused[2].decode())
            # Another is served; and a token that is nobody's is refused as ever, and uses up nothing of theirs.
            self.assertEqual(self.ask(server, user=tokens["calm"])[0], 200)
            _, statuses = self.flood(server, 30, user="nl_" + "x" * 43)
            self.assertEqual(set(statuses), {401})
            self.assertEqual(self.ask(server, "/health", None)[0], 200)

    def test_an_address_has_its_own_whoever_asks(self):
        with Server(BINARY, settings={"limits.requests_per_address": "5"}) as server:
            _, statuses = self.flood(server, 60, user="nl_" + "x" * 43)
            self.assertEqual(set(statuses), {401, 429})
            _, statuses = self.flood(server, 60, user=None)
            self.assertIn(429, statuses)
            # No header makes it another address, nor its limit somebody else's.
            for headers in ({"X-Forwarded-For": "198.51.100.9"}, {"Forwarded": "for=198.51.100.9"},
                            {"X-Real-IP": "198.51.100.9"}):
                _, statuses = self.flood(server, 20, user=None, headers=headers)
                self.assertIn(429, statuses, headers)
            for _ in range(30):
                self.assertEqual(self.ask(server, "/health", None)[0], 200)
                self.assertEqual(self.ask(server, "/ready", None)[0], 200)

    def test_what_a_trusted_proxy_says_counts(self):
        settings = {"limits.requests_per_address": "5", "http.trusted_proxies": "127.0.0.1"}
        with Server(BINARY, settings=settings) as server:
            _, statuses = self.flood(server, 60, user=None, headers={"X-Forwarded-For": "198.51.100.9"})
            self.assertIn(429, statuses)
            self.assertEqual(self.ask(server, user=None, headers={"X-Forwarded-For": "198.51.100.10"})[0], 401)
            # What the client wrote before the proxy is not believed.
            _, statuses = self.flood(server, 60, user=None, headers={"X-Forwarded-For": "198.51.100.11, 198.51.100.9"})
            self.assertIn(429, statuses)
            self.assertEqual(self.ask(server, user=None, headers={"X-Forwarded-For": "198.51.100.11"})[0], 401)

    def test_without_limits_there_are_none_and_the_defaults_let_work_pass(self):
        for settings in ({"limits.requests_per_address": "0", "limits.requests_per_principal": "0"}, {}):
            with Server(BINARY, settings=settings) as server:
                _, statuses = self.flood(server, 400)
                self.assertEqual(set(statuses), {200})
                self.assertEqual(self.metric(server, "address") + self.metric(server, "principal"), 0)

    def test_refusals_are_counted_and_one_of_them_audited(self):
        with Server(BINARY, settings={"limits.requests_per_principal": "50"}) as server:
            server.token_of("engineer")
            _, statuses = self.flood(server, 400, user="engineer")
            self.assertGreater(statuses.count(429), 0)
            self.assertEqual(self.metric(server, "principal"), statuses.count(429))
            audited = server.sql("SELECT count(*) FROM system.audit WHERE error = 'TooManyRequests'")["rows"]
            self.assertEqual(audited, [[1]])

    def test_a_proxy_that_is_no_address_is_refused_at_the_start(self):
        with self.assertRaisesRegex(RuntimeError, "did not start"):
            Server(BINARY, settings={"http.trusted_proxies": "proxy.example.org"}).start()


if __name__ == "__main__":
    unittest.main()
