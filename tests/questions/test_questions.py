"""The files keep their promises, and every gold query says the same here and in DuckDB."""
import collections
import datetime
import decimal
import os
import re
import tempfile
import unittest

import domains
from server import Server

COMPARING = re.compile(r"versus|vs\b|against|compar|chang|grow|year over year|month over month|than ", re.I)


def plain(value):
    """A value of either side in one form: numbers to twelve digits, times as text."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()  # The truncation of a date is a date for one engine and a timestamp for another.
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat().replace("T", " ")
    if isinstance(value, (int, float, decimal.Decimal)):
        return f"{float(value):.12g}"
    text = str(value).replace("T00:00:00", "").removesuffix(" 00:00:00")
    try:
        return f"{float(text):.12g}"
    except ValueError:
        return re.sub(r"^(\d{4}-\d\d-\d\d)T", r"\1 ", text)


def multiset(rows):
    return collections.Counter(tuple(plain(value) for value in row) for row in rows)


def settled(query):
    """Whether the rows do not depend on which of two equals comes first."""
    return "LIMIT" not in query and "row_number()" not in query


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.all = [question for domain in domains.DOMAINS for question in domains.questions(domain)]

    def test_every_line_is_well_formed(self):
        before = {}
        for question in self.all:
            with self.subTest(question["id"]):
                self.assertLessEqual(set(question), {"id", "class", "question", "as_of", "follows", "expect", "gold_sql"})
                self.assertNotIn(question["id"], before)
                self.assertIn(question["expect"], ("answer", "clarify", "refuse"))
                datetime.date.fromisoformat(question["as_of"])
                if "follows" in question:
                    self.assertIn(question["follows"], before)
                if question["expect"] == "answer" and question["class"] != "describe":
                    self.assertTrue(domains.gold(question))
            before[question["id"]] = question

    def test_no_question_is_asked_twice(self):
        asked = collections.Counter((question["id"].split("-")[0], question["question"].lower(), question.get("follows"))
                                    for question in self.all)
        self.assertEqual([key for key, times in asked.items() if times > 1], [])

    def test_it_covers_what_it_says(self):
        of = collections.Counter(question["expect"] for question in self.all)
        self.assertGreaterEqual(len(self.all), 400)
        self.assertGreaterEqual(of["clarify"] + of["refuse"], 100)
        self.assertGreaterEqual(sum("follows" in question for question in self.all), 60)
        self.assertGreaterEqual(sum(question["class"] == "compare" or bool(COMPARING.search(question["question"]))
                                    for question in self.all), 100)


class Gold(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(os.environ["TESTED_BINARY"]).start()
        cls.judges = {}
        for domain in domains.DOMAINS:
            cls.judges[domain] = domains.make_data(domain)
            domains.load(cls.judges[domain], cls.server, domain, cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def check(self, domain):
        for question in domains.questions(domain):
            for query in domains.gold(question):
                with self.subTest(question["id"], query=query):
                    expected = self.judges[domain].execute(query).fetchall()
                    answer = self.server.sql(query, schema=domain)["rows"]
                    self.assertEqual(len(answer), len(expected))
                    if settled(query):
                        self.assertEqual(multiset(answer), multiset(expected))
                    if question["expect"] == "answer":
                        self.assertTrue(answer, "a gold query without rows tells nobody right from wrong")

    def test_flights(self):
        self.check("flights")

    def test_retail(self):
        self.check("retail")

    def test_finance(self):
        self.check("finance")

    def test_web(self):
        self.check("web")


if __name__ == "__main__":
    unittest.main()
