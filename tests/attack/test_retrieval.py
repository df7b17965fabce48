"""What is found, and what is suggested, tells nobody of what they may not know: pairs of lakes, of which one has tables, members of
models, values, reviewed questions and documents that the asker may not see, and people who may have searched through all of it before.
The asker finds the same in both, byte for byte; who may see more finds more."""
import json
import pathlib
import re
import tempfile
import unittest

import mcp_client
from server import Server
from shop import AS_OF, BINARY

CANARY = "zanzibar"

MODEL = """semantic_model: shop
entities:
  - name: orders
    table: shop.orders
    description: One row per order.
    primary_key: id
    default_time: ordered_on
    dimensions:
      - {name: ordered_on, type: time, label: order date}
      - {name: status, description: How far the order is.}
    measures:
      - {name: revenue, expr: amount, unit: EUR, description: What customers paid.}
      - {name: orders_count, aggregation: count, label: number of orders}
"""

HIDDEN_MODEL = """  - name: deals
    table: shop.deals
    description: Secret deals about zanzibar, what customers paid for it.
    primary_key: id
    dimensions:
      - {name: zanzibar_party, description: Who pays for zanzibar.}
    measures:
      - {name: zanzibar_price, expr: amount, description: What customers paid for zanzibar., synonyms: [takings, proceeds]}
"""

SETUP = [
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.orders (id BIGINT, ordered_on DATE, status STRING, amount DECIMAL(10,2))",
    "INSERT INTO shop.orders VALUES (1, DATE '2025-03-01', 'done', 100), (2, DATE '2025-03-20', 'open', 50)",
    "COMMENT ON TABLE shop.orders IS 'what customers paid'",
    "CREATE TABLE shop.returns (id BIGINT, day DATE)",
    "COMMENT ON TABLE shop.returns IS 'goods that came back'",
    "ALTER TABLE shop.orders SET TAGS ('gold')",
    "ANALYZE TABLE shop.orders COMPUTE STATISTICS FOR ALL COLUMNS",
    "CREATE TABLE shop.documents (document STRING, position BIGINT, title STRING, section STRING, page BIGINT, body STRING)",
    "INSERT INTO shop.documents VALUES ('handbook.md', 0, 'Handbook', 'Refunds', NULL, 'Refunds of what customers paid take five days.')",
    "CREATE ROW POLICY open_ones ON shop.documents TO ROLE reader USING (document = 'handbook.md')",
    "CREATE ROW POLICY all_of_them ON shop.documents TO ROLE admin USING (true)",
]

HIDDEN = [
    "CREATE TABLE shop.deals (id BIGINT, zanzibar_party STRING, amount DECIMAL(10,2))",
    "INSERT INTO shop.deals VALUES (1, 'zanzibar', 1000000)",
    "COMMENT ON TABLE shop.deals IS 'what customers paid for zanzibar'",
    "ALTER TABLE shop.deals SET TAGS ('gold', 'zanzibar')",
    "ANALYZE TABLE shop.deals COMPUTE STATISTICS FOR ALL COLUMNS",
    "CREATE SCHEMA zanzibar",
    "CREATE TABLE zanzibar.orders (id BIGINT)",
    "COMMENT ON TABLE zanzibar.orders IS 'what customers paid'",
    "INSERT INTO shop.documents VALUES ('zanzibar.md', 0, 'Refunds', 'Refunds', NULL, 'Refunds of zanzibar take what customers paid.')",
    "DENY ALL PRIVILEGES ON shop.deals TO ROLE reader",
    "DENY ALL PRIVILEGES ON zanzibar.orders TO ROLE reader",
]

SEARCHES = [{"query": query, **more} for query in ("what customers paid", "money", "orders", "zanzibar", "deals", "secret refunds")
            for more in ({}, {"tags": ["gold"]}, {"rows_min": 1}, {"from": "2025-01-01", "until": "2026-01-01"}, {"schema": "zanzibar"})]
SEARCHES += [{}, {"max_results": 1}, {"tags": ["zanzibar"]}, {"columns": ["zanzibar_party"]}]
QUESTIONS = ["how lucrative was it", "takings", "proceeds by party", "zanzibar", "what do we pay for zanzibar", "how long do refunds take",
             "describe revenue", "money that came in last month", "money that came in 1999"]

VOLATILE = re.compile(r'"(id|run|statement_id|conversation)":"[^"]*"')


class Pair(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folders = [tempfile.TemporaryDirectory() for _ in range(2)]
        cls.servers = []
        for folder, has_hidden in zip(cls.folders, (False, True)):
            cls.addClassCleanup(folder.cleanup)
            pathlib.Path(folder.name, "shop.yaml").write_text(MODEL + (HIDDEN_MODEL if has_hidden else ""))
            server = Server(BINARY, settings={"ask.models": folder.name, "ask.documents": "shop.documents"}).start()
            cls.addClassCleanup(server.__exit__)
            for statement in SETUP + (HIDDEN if has_hidden else []):
                server.sql(statement)
            server.token_of("reader")
            cls.servers.append(server)
        # Whoever may see everything has looked through all of it before.
        for question in QUESTIONS:
            cls.ask(cls.servers[1], question, "admin")
        for search in SEARCHES:
            cls.search(cls.servers[1], search, "admin")

    @staticmethod
    def ask(server, question, user):
        body = {"question": question, "as_of": AS_OF}
        code, _, text = server.request("POST", "/v1/ask", body, server.token_of(user))
        return code, VOLATILE.sub(r'"\1":""', text.decode())

    @staticmethod
    def search(server, arguments, user):
        return json.dumps(mcp_client.Http(server, user).call("search_catalog", arguments), sort_keys=True)

    def test_searches_find_the_same_in_both(self):
        for search in SEARCHES:
            without, full = (self.search(server, search, "reader") for server in self.servers)
            self.assertEqual(without, full, search)
            self.assertNotIn(CANARY, full.replace(json.dumps(search), ""))

    def test_who_may_see_it_finds_it(self):
        for search in ({"query": "zanzibar"}, {"tags": ["zanzibar"]}, {"columns": ["zanzibar_party"]}, {"query": "what customers paid"}):
            self.assertIn(CANARY, self.search(self.servers[1], search, "admin"), search)
        self.assertNotIn(CANARY, self.search(self.servers[0], {"query": "what customers paid"}, "admin"))

    def test_questions_suggest_and_cite_the_same_in_both(self):
        for question in QUESTIONS:
            without, full = (self.ask(server, question, "reader") for server in self.servers)
            self.assertEqual(without, full, question)
            if CANARY not in question:
                self.assertNotIn(CANARY, full[1], question)

    def test_who_may_know_it_is_told(self):
        self.assertIn(CANARY, self.ask(self.servers[1], "how long do refunds take", "admin")[1])
        suggested = json.loads(self.ask(self.servers[1], "how much do we get out of it", "admin")[1])["suggestions"]
        self.assertTrue(suggested)

    def test_a_right_that_is_taken_is_taken_from_what_is_found(self):
        server = self.servers[1]
        self.assertIn("returns", self.search(server, {"query": "goods that came back"}, "reader"))
        self.addCleanup(server.sql, "REVOKE ALL PRIVILEGES ON shop.returns FROM ROLE reader")
        server.sql("DENY ALL PRIVILEGES ON shop.returns TO ROLE reader")
        self.assertNotIn("returns", self.search(server, {"query": "goods that came back"}, "reader"))

    def test_no_text_is_on_the_disk(self):
        kept = b"".join(path.read_bytes() for path in pathlib.Path(self.servers[1].lake, "retrieval").iterdir())
        self.assertGreater(len(kept), 10_000)  # There are vectors.
        for text in (b"customers", b"zanzibar", b"five days", b"orders", b"takings"):
            self.assertFalse(text in kept, text)


if __name__ == "__main__":
    unittest.main()
