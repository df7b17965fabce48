"""A shop that people ask about: its tables, what readers may not see of them, its semantic model, and how tests ask."""
import json
import os
import subprocess

BINARY = os.environ.get("TESTED_BINARY", "")
#: The day that is today for questions over it.
AS_OF = "2025-04-02"

MODEL = """semantic_model: shop
entities:
  - name: orders
    table: shop.orders
    description: One row per order.
    primary_key: id
    default_time: ordered_on
    dimensions:
      - {name: ordered_on, type: time, label: order date}
      - {name: status}
    measures:
      - {name: revenue, expr: amount, unit: EUR, synonyms: [sales]}
      - {name: orders_count, aggregation: count, label: number of orders}
  - name: customers
    table: shop.customers
    description: One row per customer.
    primary_key: id
    dimensions:
      - {name: customer, expr: name, is_label: true}
      - {name: country}
      - {name: email, personal: email}
    measures:
      - {name: customers_count, aggregation: count, label: number of customers}
  - name: salaries
    table: shop.salaries
    description: One row per employee.
    primary_key: employee
    dimensions:
      - {name: employee}
    measures:
      - {name: payroll, expr: salary}
joins:
  - {name: ordered_by, label: customer, from: orders, to: customers, on: {customer_id: id}}
"""

#: A second model, of what readers may not see.
STAFF = """semantic_model: staff
entities:
  - name: salaries
    table: shop.salaries
    description: One row per employee.
    primary_key: employee
    dimensions:
      - {name: employee}
    measures:
      - {name: payroll, expr: salary}
"""

SETUP = [
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.customers (id BIGINT, name STRING, country STRING, email STRING)",
    "INSERT INTO shop.customers VALUES (1, 'Ann', 'Germany', 'ann@example.org'), (2, 'Bob', 'France', 'bob@example.org'), "
    "(3, 'Cleo', 'Atlantis', 'cleo@example.org')",
    "CREATE TABLE shop.orders (id BIGINT, customer_id BIGINT, ordered_on DATE, status STRING, amount DECIMAL(10,2))",
    "INSERT INTO shop.orders VALUES (1, 1, DATE '2025-03-01', 'done', 100), (2, 1, DATE '2025-03-20', 'open', 50), "
    "(3, 2, DATE '2025-02-10', 'done', 30), (4, 3, DATE '2025-03-05', 'done', 1000), (5, 9, DATE '2025-03-06', 'done', 7)",
    "CREATE TABLE shop.salaries (employee STRING, salary BIGINT)",
    "INSERT INTO shop.salaries VALUES ('Zoe', 4242)",
    # Readers know nothing of Atlantis, and nothing at all of salaries.
    "CREATE ROW POLICY no_atlantis ON shop.customers TO ROLE reader USING (country <> 'Atlantis')",
    "CREATE ROW POLICY everything ON shop.customers TO ROLE admin USING (true)",
    "CREATE ROW POLICY writers ON shop.customers TO ROLE writer USING (true)",
    "DENY SELECT ON TABLE shop.salaries TO ROLE reader",
]


def create_model(name, text, clause="ON SCHEMA shop"):
    """The statement that makes `text` a model of the catalogue."""
    return f"CREATE OR REPLACE SEMANTIC MODEL {name} {clause} AS $yaml${text}$yaml$"


class Asks:
    """Of test cases that have a `server`."""

    def call(self, method, path, body=None, user="admin", status=200, headers=None):
        code, _, text = self.server.request(method, path, body, self.server.token_of(user), headers)
        self.assertEqual(code, status, text)
        return json.loads(text) if text else None

    def ask(self, question=None, user="admin", status=200, **more):
        body = {"as_of": AS_OF, **({"question": question} if question is not None else {}), **more}
        return self.call("POST", "/v1/ask", body, user, status)

    def rows(self, *arguments, **more):
        answer = self.ask(*arguments, **more)
        self.assertEqual(answer["status"], "answered", answer)
        return answer["rows"]

    def run_cli(self, *arguments, given=None, user="admin"):
        return subprocess.run([BINARY, "--server", self.server.url, *arguments], capture_output=True, text=True, input=given,
                              env={**os.environ, "NEUROLAKE_TOKEN": self.server.token_of(user)})
