"""A lake without a semantic model is drafted one and asked with it: `semantic` and `eval`, over a server and a directory."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from server import Server

BINARY = os.environ["TESTED_BINARY"]

SETUP = [
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.cust (cust_id BIGINT, cust_nm STRING, ctry STRING, email STRING, is_vip BOOLEAN)",
    "INSERT INTO shop.cust VALUES (1, 'Ann', 'Germany', 'ann@example.org', true), (2, 'Bob', 'France', 'bob@example.org', false), "
    "(3, 'Cleo', 'Atlantis', 'cleo@example.org', false)",
    "CREATE TABLE shop.ord (ord_no BIGINT, cust_id BIGINT, ord_dt DATE, ship_dt DATE, sts STRING, qty INT, amt_eur DECIMAL(10,2))",
    "INSERT INTO shop.ord VALUES (11, 1, DATE '2025-03-01', DATE '2025-03-09', 'done', 4, 100), "
    "(12, 1, DATE '2025-03-20', NULL, 'open', 2, 50), (13, 2, DATE '2025-02-10', DATE '2025-02-11', 'done', 1, 30), "
    "(14, 2, DATE '2025-03-05', DATE '2025-03-06', 'done', 9, 1000)",
    "COMMENT ON TABLE shop.ord IS 'What customers ordered.'",
    "CREATE TABLE shop.salaries (employee STRING, salary BIGINT)",
    "INSERT INTO shop.salaries VALUES ('Zoe', 4242), ('Yan', 4000)",
    "DENY SELECT ON TABLE shop.salaries TO ROLE reader",
    "CREATE ROW POLICY no_atlantis ON shop.cust TO ROLE reader USING (ctry <> 'Atlantis')",
    "CREATE ROW POLICY everything ON shop.cust TO ROLE admin USING (true)",
]

# Times that are no dates by type, an own reference, a snapshot, codes, what was called off.
ODD = [
    "CREATE SCHEMA odd",
    "CREATE TABLE odd.employees AS SELECT i AS emp_id, 'E' || i AS emp_nm, CASE WHEN i > 1 THEN 1 + i % 3 END AS manager_id, "
    "strftime(DATE '2020-01-15' + CAST(i * 20 AS INTEGER), '%d.%m.%Y') AS hired_on FROM range(1, 31) t(i)",
    "CREATE TABLE odd.tickets AS SELECT i AS ticket_id, 1 + i % 30 AS created_by, 1735689600 + i * 3600 AS opened_ts, "
    "CASE WHEN i % 10 > 0 THEN 1735689600 + i * 3600 + 7200 * (1 + i % 3) END AS closed_ts FROM range(1, 201) t(i)",
    "CREATE TABLE odd.stock AS SELECT p AS sku, s AS site, DATE '2025-01-31' + CAST(d * 7 AS INTEGER) AS stock_dt, "
    "p * 10 + d AS qty_on_hand FROM range(1, 21) a(p), (VALUES ('North'), ('South')) b(s), range(0, 5) c(d)",
]

ODD_QUESTIONS = [
    {"id": "1", "question": "number of employees by manager",
     "gold_sql": "SELECT m.emp_nm, count(*) FROM employees e LEFT JOIN employees m ON e.manager_id = m.emp_id GROUP BY 1"},
    {"id": "2", "question": "employees hired in 2020",
     "gold_sql": "SELECT count(*) FROM employees WHERE year(strptime(hired_on, '%d.%m.%Y')) = 2020"},
    {"id": "3", "question": "tickets opened in January 2025 per week",
     "gold_sql": "SELECT date_trunc('week', make_timestamp(opened_ts * 1000000)), count(*) FROM tickets WHERE "
                 "make_timestamp(opened_ts * 1000000) < TIMESTAMP '2025-02-01' GROUP BY 1"},
    {"id": "4", "question": "average resolution time",
     "gold_sql": "SELECT avg(closed_ts - opened_ts) / 3600.0 FROM tickets"},
    {"id": "5", "question": "stock by site in February 2025",
     "gold_sql": "SELECT site, sum(qty_on_hand) FROM stock WHERE stock_dt = DATE '2025-02-28' GROUP BY 1"},
]


QUESTIONS = [
    {"id": "1", "question": "total amount by country last month", "expect": "answer",
     "gold_sql": ["SELECT 1", "SELECT ctry, sum(amt_eur) FROM ord JOIN cust USING (cust_id) WHERE ord_dt >= '2025-03-01' GROUP BY 1"]},
    {"id": "2", "follows": "1", "question": "only Germany", "expect": "answer",
     "gold_sql": "SELECT ctry, sum(amt_eur) FROM ord JOIN cust USING (cust_id) WHERE ord_dt >= '2025-03-01' AND ctry = 'Germany' GROUP BY 1"},
    {"id": "3", "question": "how many vip customers are there", "gold_sql": "SELECT count(*) FROM cust WHERE is_vip"},
    {"id": "4", "question": "orders shipped in March 2025", "expect": "answer",
     "gold_sql": "SELECT count(*) FROM ord WHERE ship_dt >= '2025-03-01' AND ship_dt < '2025-04-01'"},
    {"id": "5", "question": "average temperature by country", "expect": "refuse"},
    {"id": "6", "question": "quantity by status", "expect": "refuse", "class": "trap"},
]


def lines(questions):
    return "\n".join(json.dumps({"as_of": "2025-04-02", **question}) for question in questions) + "\n"


class Semantic(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(BINARY).start()
        for statement in SETUP:
            cls.server.sql(statement)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def run_cli(self, *arguments, user="admin", code=0, remote=True):
        where = ["--server", self.server.url] if remote else []
        run = subprocess.run([BINARY, *where, *arguments], capture_output=True, text=True, cwd=self.folder.name,
                             env={**os.environ, "NEUROLAKE_TOKEN": self.server.token_of(user)})
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return run

    def write(self, name, text):
        pathlib.Path(self.folder.name, name).write_text(text)
        return name

    def draft(self, user="admin"):
        return self.run_cli("semantic", "infer", "--schema", "shop", user=user).stdout

    def test_a_draft_says_what_the_data_says(self):
        draft = self.draft()
        for part in ("semantic_model: shop", "name: customers", "name: orders", "ord_dt", "total_amt_eur", 'unit: "EUR"',
                     "What customers ordered."):
            self.assertIn(part, draft)
        self.assertRegex(draft, r"joins:\n(.*\n)*.*from: orders\n.*to: customers")
        self.write("drafted.yaml", draft)
        self.run_cli("semantic", "lint", "drafted.yaml", remote=False)

    def test_what_no_type_says_is_found_in_the_data(self):
        for statement in ODD:
            self.server.sql(statement)
        questions = self.write("odd.jsonl", lines(ODD_QUESTIONS))
        run = self.run_cli("--format", "json", "eval", "--questions", questions, "--schema", "odd", "--infer", "--show", "missed")
        whole = json.loads(run.stdout)[-1]
        self.assertEqual((whole["accuracy"], whole["coverage"]), ("100.0 %", "100.0 %"), run.stderr)
        self.run_cli("semantic", "infer", "--schema", "odd", "-o", "odd.yaml")
        self.run_cli("semantic", "lint", "odd.yaml", "--strict", remote=False)
        draft = pathlib.Path(self.folder.name, "odd.yaml").read_text()
        self.assertRegex(draft, r"# Guessed: .*\n +- name: total_qty_on_hand")

    def test_a_draft_holds_no_rows_and_nothing_its_caller_may_not_see(self):
        self.assertIn("salaries", self.draft())
        reader = self.draft(user="reader")
        self.assertNotIn("salar", reader)
        self.assertIn("name: orders", reader)
        for value in ("Ann", "Atlantis", "example.org", "4242"):
            self.assertNotIn(value, self.draft())

    def test_e_mails_are_not_offered_unless_asked_for(self):
        self.assertRegex(self.draft(), r"name: email\n(.*\n){1,8}?.*hidden: true")
        offered = self.run_cli("semantic", "infer", "--schema", "shop", "--tables", "cust", "--with-personal").stdout
        self.assertNotRegex(offered, r"name: email\n(.*\n){1,8}?.*hidden: true")
        self.assertRegex(offered, r'name: email\n(.*\n){1,8}?.*personal: "email"')

    def test_a_file_that_somebody_may_have_edited_is_not_replaced(self):
        self.run_cli("semantic", "infer", "--schema", "shop", "-o", "kept.yaml")
        self.write("kept.yaml", "mine")
        self.run_cli("semantic", "infer", "--schema", "shop", "-o", "kept.yaml", code=1)
        self.assertEqual(pathlib.Path(self.folder.name, "kept.yaml").read_text(), "mine")
        self.run_cli("semantic", "infer", "--schema", "shop", "-o", "kept.yaml", "--force")
        self.assertIn("semantic_model", pathlib.Path(self.folder.name, "kept.yaml").read_text())

    def test_what_is_not_there_is_said(self):
        self.assertIn("nowhere", self.run_cli("semantic", "infer", "--schema", "nowhere", code=1).stderr)
        self.assertIn("shop.none", self.run_cli("semantic", "infer", "--tables", "shop.none", code=1).stderr)
        hidden = self.run_cli("semantic", "infer", "--tables", "shop.salaries", user="reader", code=1).stderr
        self.assertEqual(hidden.replace("salaries", "none"),
                         self.run_cli("semantic", "infer", "--tables", "shop.none", user="reader", code=1).stderr)

    def test_lint_says_where_and_fails_for_what_does_not_load(self):
        wrong = self.write("wrong.yaml", "semantic_model: m\nentities:\n  - {name: a, tabel: t}\n")
        run = self.run_cli("--format", "json", "semantic", "lint", wrong, remote=False, code=1)
        finding, = json.loads(run.stdout)
        self.assertEqual(finding["severity"], "error")
        self.assertIn("line 3", finding["text"])
        twice = self.write("twice.yaml", "semantic_model: m\nentities:\n  - name: a\n    table: t\n    measures:\n"
                           "      - {name: x, synonyms: [sales]}\n      - {name: y, synonyms: [sales]}\n")
        run = self.run_cli("--format", "json", "semantic", "lint", twice, remote=False)
        self.assertIn("ambiguous-word", [finding["rule"] for finding in json.loads(run.stdout)])
        self.run_cli("semantic", "lint", twice, "--strict", remote=False, code=1)

    def test_models_of_other_tools(self):
        one = self.write("models.yml", "semantic_models:\n  - name: orders\n    model: ref('orders')\n    defaults: {agg_time_dimension: day}\n"
                         "    entities: [{name: id, type: primary}]\n    dimensions: [{name: day, type: time, type_params: "
                         "{time_granularity: day}}]\n    measures: [{name: revenue, agg: sum, expr: amount}]\n")
        two = self.write("metrics.yml", "metrics:\n  - {name: sales, label: Sales, type: simple, type_params: {measure: revenue}}\n")
        self.run_cli("semantic", "import", "dbt", one, two, "--schema", "shop", "-o", "imported.yaml", remote=False)
        text = pathlib.Path(self.folder.name, "imported.yaml").read_text()
        self.assertIn("name: sales", text)
        exported = self.run_cli("semantic", "export", "osi", "imported.yaml", remote=False).stdout
        self.assertIn("datasets", exported)
        self.run_cli("semantic", "import", "cube", one, remote=False, code=1)

    def eval(self, *arguments, **more):
        run = self.run_cli("--format", "json", "eval", "--questions", self.write("q.jsonl", lines(QUESTIONS)), "--schema", "shop",
                           *arguments, **more)
        return json.loads(run.stdout), run.stderr

    def test_a_lake_without_a_model_is_asked_with_a_draft(self):
        table, _ = self.eval("--infer", "--out", "report.json", "--show", "wrong")
        self.assertEqual([row["class"] for row in table], ["(none)", "trap", "all"])
        whole = table[-1]
        self.assertEqual((whole["questions"], whole["accuracy"], whole["coverage"], whole["silently wrong"], whole["refusals right"]),
                         ("6", "100.0 %", "100.0 %", "16.7 %", "50.0 %"))
        report, = json.loads(pathlib.Path(self.folder.name, "report.json").read_text())["reports"]
        self.assertTrue(report["inferred"])
        outcomes = {question["id"]: question["outcome"] for question in report["questions"]}
        self.assertEqual(outcomes, {"1": "right", "2": "right", "3": "right", "4": "right", "5": "right", "6": "WRONG"})

    def test_a_file_and_a_draft_are_reported_side_by_side(self):
        self.write("shop.yaml", self.draft())
        table, _ = self.eval("--infer", "--model", "shop.yaml")
        of = {row["model"]: row for row in table if row["class"] == "all"}
        self.assertEqual(set(of), {"shop", "inferred"})
        self.assertEqual(of["shop"]["accuracy"], of["inferred"]["accuracy"])

    def test_a_model_of_ones_own_gives_no_right(self):
        self.write("shop.yaml", self.draft())
        asked = [{"id": "1", "question": "total salary", "expect": "answer", "gold_sql": "SELECT 8242"},
                 {"id": "2", "question": "number of customers by country", "expect": "answer",
                  "gold_sql": "SELECT ctry, count(*) FROM cust WHERE ctry <> 'Atlantis' GROUP BY 1"}]
        self.write("rights.jsonl", lines(asked))
        for user, outcomes in (("admin", ["right", "WRONG"]), ("reader", ["not answered", "right"])):
            self.run_cli("eval", "--questions", "rights.jsonl", "--schema", "shop", "--model", "shop.yaml", "--out", "r.json", user=user)
            report, = json.loads(pathlib.Path(self.folder.name, "r.json").read_text())["reports"]
            self.assertEqual([question["outcome"] for question in report["questions"]], outcomes, user)

    def test_lines_that_are_wrong_are_named(self):
        for text, said in (('{"id": "1", "question": "x"}\n{"id": ', "line 2"), ('{"id": "1"}', '"question"'),
                           ('{"id": "1", "question": "x", "expect": "maybe"}', "refuse"), ("\n", "no question"),
                           ('{"id": "1", "question": "x", "as_of": "soon"}', "as_of"), ('{"id": "1", "question": "x", "sql": 1}', "sql"),
                           ('{"id": "2", "question": "x", "follows": "1"}', "follows"),
                           ('{"id": "1", "question": "x"}\n\n{"id": "1", "question": "y"}', "line 3")):
            with self.subTest(text):
                run = self.run_cli("eval", "--questions", self.write("bad.jsonl", text), "--infer", "--schema", "shop", code=1)
                self.assertIn(said, run.stderr)

    def test_a_gold_query_that_does_not_run_is_no_measure(self):
        asked = [{"id": "1", "question": "how many orders", "gold_sql": "SELECT count(*) FROM nothing"}, QUESTIONS[2]]
        self.write("gold.jsonl", lines(asked))
        run = self.run_cli("--format", "json", "eval", "--questions", "gold.jsonl", "--schema", "shop", "--infer", code=1)
        self.assertIn("gold query of line 1", run.stderr)
        self.assertEqual(json.loads(run.stdout)[-1]["questions"], "1")

    def test_limits_decide_the_exit_code(self):
        self.eval("--infer", "--wrong-max", "0.5")
        self.eval("--infer", "--wrong-max", "0.01", code=1)


class Embedded(unittest.TestCase):
    def test_a_directory_is_drafted_and_measured_without_a_server(self):
        with tempfile.TemporaryDirectory() as folder:
            lake = str(pathlib.Path(folder, "lake"))

            def run(*arguments, code=0):
                done = subprocess.run([BINARY, "--lake", lake, *arguments], capture_output=True, text=True, cwd=folder)
                self.assertEqual(done.returncode, code, done.stdout + done.stderr)
                return done.stdout

            run("sql", "-c", "; ".join(SETUP))
            run("semantic", "infer", "--tables", "shop.ord,shop.cust", "-o", "shop.yaml")
            pathlib.Path(folder, "q.jsonl").write_text(lines(QUESTIONS[:4]))
            table = json.loads(run("--format", "json", "eval", "--questions", "q.jsonl", "--schema", "shop", "--infer", "--model", "shop.yaml"))
            for row in table:
                self.assertEqual(row["accuracy"], "100.0 %", row)
                self.assertEqual(row["coverage"], "100.0 %", row)


if __name__ == "__main__":
    unittest.main()
