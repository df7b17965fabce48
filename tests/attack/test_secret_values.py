"""Statements that fail over secret values: nothing of a value may be in the answer, its headers, the history or the log of
the server at its usual level, whatever the statement does with it. The statements are made of types and functions; each
counts rows, so that one which succeeds shows nothing either."""
import json
import os
import pathlib
import random
import shutil
import tempfile
import unittest

import canaries
import doors
from server import Server

BINARY = os.environ["TESTED_BINARY"]
DIGITS = "".join(random.choice("23456789") for _ in range(9))
TEXT = "canary-" + DIGITS[:6] + "-qzx"
# Long runs of digits that nothing else would write.
NUMBER = int(DIGITS + DIGITS[:6])
SECRETS = [TEXT, DIGITS]

TYPES = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT",
         "DOUBLE", "DECIMAL(4,2)", "DECIMAL(18,17)", "BOOLEAN", "DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_S",
         "TIMESTAMP_NS", "TIMETZ", "INTERVAL", "UUID", "BLOB", "BIT", "JSON", "INTEGER[]", "VARCHAR[]", "INTEGER[3]",
         "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)", "ENUM('a', 'b')", "UNION(a INTEGER)"]
COLUMNS = {
    "s": f"'{TEXT}'", "n": str(NUMBER), "d": f"{NUMBER}.5e200::DOUBLE", "dec": f"{NUMBER}.123::DECIMAL(30,3)",
    "j": f"'{{\"a\": {TEXT}'", "good_json": f"'{{\"{TEXT}\": \"{TEXT}\"}}'", "l": f"['{TEXT}']", "nl": f"[{NUMBER}]",
    "st": f"{{'f': '{TEXT}'}}", "m": f"MAP {{'{TEXT}': {NUMBER}}}", "b": f"'{TEXT}'::BLOB || '\\xFF\\xFE'::BLOB",
    "day": "DATE '9999-12-31'", "ts": "TIMESTAMP '9999-12-31 23:59:59'", "neg": f"-{NUMBER}", "zero": "0"}
FUNCTIONS = [
    # numbers
    "n // zero", "n % zero", "n / zero", "n * n * n * n", "n + 9223372036854775807", "-9223372036854775807 - n", "abs(neg) * n * n",
    "sqrt(neg)", "ln(neg)", "log(neg)", "log2(zero)", "factorial(n::INTEGER)", "factorial(40)* n", "power(d, d)", "exp(d)",
    "d::BIGINT", "d::DECIMAL(10,2)", "dec * dec * dec", "dec * dec", "dec::DECIMAL(4,1)", "dec::TINYINT", "round(d, 400)",
    "n << 62", "neg << 1", "n << 70", "gcd(n, neg)", "lcm(n, 9223372036854775806)", "bit_count(s)", "chr(n::INTEGER)", "chr(neg::INTEGER)",
    "to_base(neg, 2)", "to_base(n, 99)", "bin(s::INTEGER)", "hugeint_bad(n)", "acos(n)", "asin(n)", "atanh(n)", "gamma(zero)", "lgamma(zero)",
    "even(d)::INTEGER", "n::UTINYINT + 1::UTINYINT", "(n // 1000000)::SMALLINT", "bitstring(s, 10)", "get_bit(s::BIT, 99)",
    # text
    "regexp_matches('x', '(' || s)", "regexp_replace(s, '[' || s, 'x')", "regexp_extract(s, s || '(', 1)", "regexp_extract(s, '(c)', 9)",
    "regexp_extract_all(s, '(' || s)", "regexp_split_to_array(s, '*' || s)", "regexp_full_match(s, s || '\\')", "s LIKE s || '\\' ESCAPE s",
    "s LIKE 'x' ESCAPE s", "s SIMILAR TO s || '('", "repeat(s, n)", "lpad(s, n::INTEGER, '')", "rpad(s, 2147483647, '')", "substring(s, n, n)",
    "string_split(s, s)[n]", "from_base64(s)", "from_hex(s)", "unhex(s)", "unbin(s)", "decode(b)", "b::VARCHAR::INTEGER", "url_decode('%' || s)",
    "printf(s || '%d', s)", "format('{:d}', s)", "format('{' || s || '}', 1)", "format('{} {}', s)", "printf('%d', s)", "strip_accents(b::VARCHAR)::INTEGER",
    "jaccard(s, '')", "hamming(s, s || 'x')", "mismatches(s, 'x')", "ord(s)::TINYINT - 200::TINYINT", "array_extract(s, n)", "s::BIT",
    "getenv(s)", "error(s)", "read_text(s)", "nfc_normalize(b)", "to_binary(s)::INTEGER", "ascii(s)::DATE", "collation_bad(s)", "s COLLATE nope_collation",
    # json
    "json(j)", "json_extract(j, '$.a')", "json_extract(good_json, s)", "json_extract(good_json, '$.' || s || '[')", "json_extract_string(j, '$')",
    "json_array_length(j)", "json_keys(j)", "json_type(j)", "json_structure(j)", "json_transform(good_json, j)", "json_transform_strict(good_json, '{\"a\": \"INTEGER\"}')",
    "from_json(j, '\"INTEGER\"')", "from_json(good_json, s)", "from_json_strict(good_json, '[\"INTEGER\"]')", "json_merge_patch(j, j)", "json_contains(j, s)", "json_value(j, s)",
    "j::JSON", "j::JSON ->> '$.a'", "(good_json::JSON)::INTEGER", "json_extract(good_json, '$.*')::INTEGER", "json_exists(good_json, '$$' || s)", "json_group_object(s, j::JSON)",
    "good_json::STRUCT(a INTEGER)", "json_valid(s)::DATE", "json_pretty(j)",
    # dates
    "strptime(s, '%Y')", "strptime(s, s)", "strptime(s, ['%Y', '%d'])", "strftime(day, '%' || s)", "strftime(s, '%Y')", "day + INTERVAL 1 DAY * n",
    "day + n::INTEGER", "ts + INTERVAL 5000000 YEAR", "date_trunc(s, day)", "date_part(s, day)", "date_diff(s, day, day)", "date_add(day, s)", "extract(s FROM day)",
    "make_date(n, n, n)", "make_timestamp(n, 13, 99, 99, 99, 99.0)", "make_time(99, 99, n)", "to_timestamp(d)", "epoch_ms(n * 1000000)", "to_days(n::INTEGER)",
    "timezone(s, ts)", "ts AT TIME ZONE s", "time_bucket(INTERVAL (s) DAY, day)", "age(s::TIMESTAMP)", "s::INTERVAL", "to_years(n::INTEGER)", "epoch_ns(day::TIMESTAMP_NS)",
    "s::TIMESTAMP_NS", "monthname(s::DATE)", "last_day(s::DATE)", "date '0001-01-01' - n::INTEGER", "range(day, s::DATE, INTERVAL 1 DAY)",
    # nested
    "l[1]::INTEGER", "l[s]", "list_extract(l, s)", "nl[1]::TINYINT", "list_sum(l)", "list_aggregate(l, s)", "list_aggr(l, 'sum')", "list_sort(l, s)", "list_sort(l, 'ASC', s)",
    "list_slice(l, 1, 2, 0)", "array_value(l, 1)::INTEGER[2]", "l::INTEGER[]", "l::VARCHAR[3]", "list_transform(l, x -> x::INTEGER)", "list_filter(l, x -> x::BOOLEAN)",
    "list_reduce([], (x, y) -> x)", "list_reduce(l, (x, y) -> x::INTEGER)", "list_zip(l, s)", "flatten(l)", "range(n)", "range(zero, n, zero)", "generate_series(0, n, 0)", "unnest(s)",
    "list_resize(l, n)", "list_resize(l, neg)", "list_select(l, [s])", "list_where(l, [s::BOOLEAN])", "list_dot_product(nl, nl || nl)", "list_cosine_distance(nl, [])", "list_distance(nl, [1, 2])",
    "array_cross_product(nl::INTEGER[3], nl::INTEGER[3])", "struct_extract(st, s)", "struct_extract(st, n)", "st.f::INTEGER", "st[s]", "st::STRUCT(f INTEGER)", "struct_insert(st, f := 1)",
    "m['x'] + m[s]::TINYINT", "map([s, s], [1, 2])", "map([NULL], [s])", "map_from_entries([(s, 1), (s, 2)])", "map([s], [1, 2])", "m::MAP(INTEGER, INTEGER)", "element_at(m, n)::TINYINT",
    "map_extract(m, s)[1]::TINYINT", "union_extract(s, 'a')", "enum_range(s)", "s::ENUM('x')", "row(s)::INTEGER", "[s, n]", "[s, 1]::INTEGER[]", "CASE WHEN s THEN 1 END",
    "coalesce(s, 1)::INTEGER", "greatest(s, n)::DATE", "nullif(s, n)", "if(s, 1, 2)", "s BETWEEN 1 AND 2", "s IN (1, 2)", "s = 1", "n = s", "NOT s", "-s", "s + 1", "s AND true",
    # whole statements' worth
    "(SELECT s FROM vault.secrets UNION ALL SELECT s FROM vault.secrets)", "(SELECT s, n FROM vault.secrets)", "quantile_cont(s, 2)", "quantile_disc(n, neg)", "approx_quantile(n, s)",
    "string_agg(s, s::INTEGER)", "sum(s)", "avg(s)", "histogram(s, [s::INTEGER])", "arg_max(s, s::INTEGER)", "min(s, n)", "product(d) * product(d) * sum(d)::BIGINT", "bit_and(s)",
    "bitstring_agg(n)", "bitstring_agg(n, 1, 2)", "sum(n * n * n)", "sum(dec * dec)", "stddev(d)", "var_pop(d)", "stddev_pop(d * d)", "corr(d, d)", "regr_slope(d, d)", "list(s)[1]::INTEGER", "ntile(zero) OVER ()", "ntile(neg) OVER ()",
    "nth_value(s, s) OVER ()", "lag(s, s) OVER ()", "sum(n) OVER (ROWS BETWEEN s PRECEDING AND CURRENT ROW)", "sum(n) OVER (ORDER BY n ROWS BETWEEN neg PRECEDING AND CURRENT ROW)"]
STATEMENTS = [
    "SELECT count(*) FROM vault.secrets LIMIT (SELECT s FROM vault.secrets)", "SELECT count(*) FROM vault.secrets LIMIT (SELECT neg FROM vault.secrets)",
    "SELECT count(*) FROM vault.secrets OFFSET (SELECT neg FROM vault.secrets)", "SELECT count(*) FROM vault.secrets ORDER BY s::INTEGER", "SELECT s::INTEGER FROM vault.secrets ORDER BY 1",
    "SELECT count(*) FROM vault.secrets GROUP BY s::INTEGER", "SELECT count(*) FROM vault.secrets WHERE s", "SELECT count(*) FROM vault.secrets HAVING max(s)::INTEGER = 1",
    "SELECT count(*) FROM vault.secrets a JOIN vault.secrets b ON a.s::INTEGER = b.n", "SELECT count(*) FROM vault.secrets a ASOF JOIN vault.secrets b ON a.s::DATE >= b.day",
    "SELECT count(*) FROM range((SELECT n FROM vault.secrets))", "SELECT count(*) FROM unnest((SELECT s FROM vault.secrets))", "SELECT count(*) FROM vault.secrets, range(n, neg, zero)",
    "SELECT count(*) FROM vault.secrets QUALIFY s::INTEGER = 1", "SELECT count(*) FROM (VALUES ((SELECT s FROM vault.secrets)::INTEGER), (1))", "SELECT count(*) FROM vault.secrets TABLESAMPLE 200%",
    "WITH RECURSIVE r AS (SELECT s FROM vault.secrets UNION ALL SELECT s::INTEGER::VARCHAR FROM r) SELECT count(*) FROM r", "SELECT count(*) FROM vault.secrets VERSION AS OF 99",
    "SELECT count(*) FROM vault.secrets TIMESTAMP AS OF '1999-01-01'", "PIVOT vault.secrets ON s USING count(*)", "SELECT count(*) FROM (UNPIVOT vault.secrets ON s, n)", "SELECT count(*) FROM (SELECT s FROM vault.secrets UNION SELECT n::DATE FROM vault.secrets)",
    "INSERT INTO vault.narrow (small) SELECT n FROM vault.secrets", "INSERT INTO vault.narrow (small) SELECT s FROM vault.secrets", "INSERT INTO vault.narrow (small, filled) SELECT 1, NULL FROM vault.secrets", "INSERT INTO vault.narrow SELECT s, s, s, s FROM vault.secrets",
    "INSERT INTO vault.narrow (day) SELECT s FROM vault.secrets", "INSERT INTO vault.narrow (price) SELECT dec FROM vault.secrets", "INSERT INTO vault.narrow SELECT * FROM vault.secrets", "INSERT INTO vault.narrow (nope) SELECT s FROM vault.secrets",
    "INSERT INTO vault.narrow (small, filled) SELECT 1, s FROM vault.secrets RETURNING filled", "INSERT INTO vault.narrow (small, filled) SELECT 1, s FROM vault.secrets ON CONFLICT DO NOTHING",
    "UPDATE vault.narrow SET small = (SELECT n FROM vault.secrets)", "UPDATE vault.narrow SET small = (SELECT s FROM vault.secrets)", "UPDATE vault.narrow SET filled = NULL", "UPDATE vault.narrow SET day = s FROM vault.secrets",
    "UPDATE vault.narrow t SET filled = x.s FROM (SELECT s FROM vault.secrets UNION ALL SELECT s || '2' FROM vault.secrets) x", "UPDATE vault.narrow SET price = (SELECT dec FROM vault.secrets)", "UPDATE vault.narrow SET nope = (SELECT s FROM vault.secrets)",
    "DELETE FROM vault.narrow WHERE (SELECT s FROM vault.secrets)", "DELETE FROM vault.narrow WHERE small = (SELECT s FROM vault.secrets)::INTEGER", "DELETE FROM vault.narrow USING vault.secrets WHERE small = s::INTEGER",
    "MERGE INTO vault.narrow t USING vault.secrets x ON t.filled = x.s WHEN NOT MATCHED THEN INSERT (small) VALUES (x.n)", "MERGE INTO vault.narrow t USING vault.secrets x ON t.small = x.s::INTEGER WHEN MATCHED THEN DELETE",
    "MERGE INTO vault.narrow t USING (SELECT s FROM vault.secrets UNION ALL SELECT s FROM vault.secrets) x ON true WHEN MATCHED THEN UPDATE SET filled = x.s", "MERGE INTO vault.narrow t USING vault.secrets x ON true WHEN MATCHED THEN UPDATE SET filled = error(x.s)",
    "CREATE TABLE vault.made AS SELECT s::INTEGER AS i FROM vault.secrets", "CREATE TABLE vault.made PARTITIONED BY (s) AS SELECT s, n::TINYINT AS t FROM vault.secrets", "CREATE TABLE vault.made AS SELECT error(s) AS e FROM vault.secrets",
    "BEGIN; INSERT INTO vault.narrow (small, filled) SELECT 1, s FROM vault.secrets; INSERT INTO vault.narrow (small) SELECT n FROM vault.secrets; COMMIT", "EXPLAIN ANALYZE SELECT s::INTEGER FROM vault.secrets",
    "COPY INTO vault.narrow FROM 'upload://bad.csv' FILEFORMAT = CSV COPY_OPTIONS ('on_error' = 'abort')", "COPY INTO vault.narrow FROM 'upload://bad.json' FILEFORMAT = JSON COPY_OPTIONS ('on_error' = 'abort')", "COPY INTO vault.narrow FROM 'upload://bad.csv' FILEFORMAT = PARQUET", "COPY INTO vault.narrow FROM 'upload://ragged.csv' FILEFORMAT = CSV COPY_OPTIONS ('on_error' = 'abort')",
    "COPY INTO vault.narrow FROM 'upload://binary.csv' FILEFORMAT = CSV"]


def statements():
    made = [f"SELECT count(CAST({column} AS {kind})) FROM vault.secrets"
            for column in ("s", "n", "neg", "d", "dec", "j", "l", "st", "m", "b") for kind in TYPES]
    made += [f"SELECT count({call}) FROM vault.secrets" if " OVER " not in call and not call.startswith(("sum(", "avg(", "min(", "string_agg(", "list(s)",
             "quantile", "approx_q", "histogram(s,", "arg_max", "product", "bit", "std", "var", "corr", "regr_s", "json_group"))
             else f"SELECT count(*) FROM (SELECT {call} AS x FROM vault.secrets) WHERE x IS NOT NULL" for call in FUNCTIONS]
    return made + STATEMENTS


class SecretValues(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="neurolake-secret-")
        cls.server = Server(BINARY, lake=cls.folder + "/lake", settings={"log_level": "info"}).start()
        sql = cls.server.sql
        sql("CREATE SCHEMA vault", "engineer")
        # As another principal: the values are in the text of this statement, which is its own.
        sql("CREATE TABLE vault.secrets AS SELECT " + ", ".join(f"{v} AS {k}" for k, v in COLUMNS.items()))
        sql("CREATE TABLE vault.narrow (small TINYINT, filled VARCHAR NOT NULL, day DATE, price DECIMAL(4,2))", "engineer")
        sql("INSERT INTO vault.narrow VALUES (1, 'x', DATE '2020-01-01', 1)", "engineer")
        for name, body in {"bad.csv": f"small,filled,day,price\n{TEXT},{TEXT},{TEXT},{TEXT}\n", "bad.json": f'{{"small": "{TEXT}", "filled": {TEXT}\n',
                           "ragged.csv": f"small,filled,day,price\n1,{TEXT},{TEXT},{TEXT},{TEXT}\n\"{TEXT}\n", "binary.csv": f"small,filled,day,price\n1,\0{TEXT},{TEXT},{TEXT}"}.items():
            cls.server.request("PUT", "/v1/uploads/" + name, body.encode(), cls.server.token_of("engineer"))
        cls.server.log_path.write_text("")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.folder)

    def test_nothing_shows_a_secret_value(self):
        door, failures = doors.Http(self.server), []
        made = statements()
        for statement in made:
            with self.subTest(statement=statement):
                answer = door.run("engineer", statement)
                self.assertEqual(canaries.leaks(answer.raw, SECRETS), [], answer.raw)
                self.assertNotIn(answer.code, ("Internal", "WorkerLost", "Corruption"), f"{answer.code} {answer.message}")
                if answer.failed:
                    failures.append(statement)
        self.assertGreater(len(failures), 150)
        # The other doors carry the same errors; a part of them is enough to see that they add nothing.
        for door in (doors.Asynchronous(self.server), doors.CommandLine(self.server)):
            for statement in random.Random(1).sample(failures, 25):
                with self.subTest(statement=statement, door=door.name):
                    answer = door.run("engineer", statement)
                    self.assertTrue(answer.failed)
                    self.assertEqual(canaries.leaks(answer.raw, SECRETS), [], answer.raw)
        self.check_history_and_log(len(failures))

    def check_history_and_log(self, failures):
        history = self.server.sql("SELECT * FROM system.queries", "engineer")
        self.assertGreater(len(history["rows"]), failures)
        for row in history["rows"]:
            self.assertEqual(canaries.leaks(json.dumps(row), SECRETS), [], row)
        _, headers, body = self.server.request("GET", "/v1/history", None, self.server.token_of("engineer"))
        self.assertEqual(canaries.leaks(f"{headers} {body.decode()}", SECRETS), [])
        for line in pathlib.Path(self.server.log_path).read_text(errors="replace").splitlines():
            self.assertEqual(canaries.leaks(line, SECRETS), [], line)


if __name__ == "__main__":
    unittest.main()
