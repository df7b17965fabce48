"""Random queries over the tables of test_policies.py, whose answers depend on the tables' rows alone: what an order decides
is ordered by everything. `Queries(random.Random(seed)).query()` names tables as {people} and {visits}."""

TEXTS, NUMBERS, STRUCTS, HOMES, LISTS, MAPS = "text", "number", "struct", "home", "list", "map"
# doc has a field inner_ssn, attrs a key k, home fields street and town, and that name and code.
PEOPLE = {"id": NUMBERS, "name": TEXTS, "ssn": TEXTS, "doc": STRUCTS, "home": HOMES, "tags": LISTS, "attrs": MAPS}
VISITS = {"id": NUMBERS, "person": NUMBERS, "city": TEXTS, "amount": NUMBERS}


class Queries:
    def __init__(self, random):
        self.random = random
        self.names = 0

    def pick(self, *choices):
        return self.random.choice(choices)

    def alias(self):
        self.names += 1
        return f"q{self.names}"

    # ---- scalars; `scope` is {"alias.column": type} ----

    def column(self, scope, kind):
        names = [name for name, of in scope.items() if of == kind]
        return self.random.choice(names) if names else self.literal(kind)

    def literal(self, kind):
        if kind == NUMBERS:
            return str(self.random.randint(-2, 8))
        return "'" + self.pick("n1", "n2", "n3", "[redacted]", "gone", "Lyon", "x", "", "canary", "%") + "'"

    def nested(self, scope):
        """A column that is no scalar, (name, kind), or None."""
        return self.random.choice([(name, kind) for name, kind in scope.items()
                                   if kind not in (TEXTS, NUMBERS)] or [None])

    def text_of(self, name, kind):
        inner = self.pick("upper(x)", "x || '!'", "left(x, 2)")
        return {STRUCTS: lambda: self.pick(f"{name}.inner_ssn", f"struct_extract({name}, 'inner_ssn')",
                                           f"CAST(to_json({name}) AS VARCHAR)",
                                           f"CAST({name} AS VARCHAR)"),
                HOMES: lambda: self.pick(f"{name}.street", f"{name}.town.name", f"{name}.town.code",
                                         f"struct_extract(struct_extract({name}, 'town'), 'code')",
                                         f"{name}['street']", f"to_json({name})->>'$.town.code'",
                                         f"CAST({name}.town AS VARCHAR)", f"CAST({name} AS VARCHAR)"),
                LISTS: lambda: self.pick(f"{name}[1]", f"{name}[-1]",
                                         f"CAST(list_transform({name}, x -> {inner}) AS VARCHAR)",
                                         f"list_aggregate({name}, 'max')"),
                MAPS: lambda: self.pick(f"{name}['k']", f"map_values({name})[1]", f"map_keys({name})[1]",
                                        f"CAST({name} AS VARCHAR)")}[kind]()

    def number_of(self, name, kind):
        return {STRUCTS: f"length({name}.inner_ssn)", HOMES: f"length({name}.town.code)",
                LISTS: f"len(list_filter({name}, x -> x LIKE 'c%'))",
                MAPS: f"cardinality({name})"}[kind]

    def text(self, scope, depth):
        found = self.nested(scope)
        if found and self.random.random() < 0.15:
            return self.text_of(*found)
        if depth == 0 or self.random.random() < 0.4:
            return self.column(scope, TEXTS) if self.random.random() < 0.8 else self.literal(TEXTS)
        a, b = self.text(scope, depth - 1), self.text(scope, depth - 1)
        n = self.number(scope, 0)
        return self.pick(f"upper({a})", f"({a} || {b})", f"substring({a}, 1, 3)", f"coalesce({a}, {b})",
                         f"reverse({a})",
                         f"CASE WHEN {self.condition(scope, depth - 1)} THEN {a} ELSE {b} END", f"md5({a})",
                         f"CAST({n} AS VARCHAR)", f"replace({a}, 'n', {b})", f"nullif({a}, {b})", f"left({a}, 2)")

    def number(self, scope, depth):
        found = self.nested(scope)
        if found and depth > 0 and self.random.random() < 0.1:
            return self.number_of(*found)
        if depth == 0 or self.random.random() < 0.4:
            return self.column(scope, NUMBERS) if self.random.random() < 0.8 else self.literal(NUMBERS)
        a, b = self.number(scope, depth - 1), self.number(scope, depth - 1)
        t = self.text(scope, depth - 1)
        return self.pick(f"({a} + {b})", f"({a} - {b})", f"({a} * 3)", f"length({t})", f"({a} // (7 - {b}))",
                         f"abs({a})",
                         f"CASE WHEN {self.condition(scope, depth - 1)} THEN {a} ELSE {b} END",
                         # Fails on what is hidden, and on nothing else.
                         f"CAST(CASE WHEN {a} > 1000 THEN {t} ELSE '1' END AS INTEGER)", f"TRY_CAST({t} AS INTEGER)",
                         f"levenshtein({t}, 'n1')")

    def condition(self, scope, depth):
        if depth > 0 and self.random.random() < 0.35:
            a, b = self.condition(scope, depth - 1), self.condition(scope, depth - 1)
            return self.pick(f"({a} AND {b})", f"({a} OR {b})", f"(NOT {a})")
        a, b = self.number(scope, depth), self.number(scope, depth)
        t, u = self.text(scope, depth), self.text(scope, depth)
        comparison = self.pick("=", "<>", "<", ">", "<=", ">=", "IS DISTINCT FROM")
        choices = [f"{a} {comparison} {b}", f"{t} {comparison} {u}", f"{t} LIKE 'n%'", f"{t} IS NULL",
                   f"{t} IS NOT NULL",
                   f"{a} BETWEEN {b} AND 5", f"{a} IN (1, 2, 4)", f"{t} IN ({u}, 'n2')", f"starts_with({t}, 'c')",
                   f"contains({t}, {u})", f"regexp_matches({t}, '^[cn]')", f"{a} IS NOT NULL"]
        if depth > 0 and self.random.random() < 0.3:
            inner, inner_scope = self.source(0)
            n = self.number(inner_scope, 0)
            choices = [f"{a} IN (SELECT {n} FROM {inner})",
                       f"{a} NOT IN (SELECT {n} FROM {inner} WHERE {n} IS NOT NULL)",
                       f"EXISTS (SELECT 1 FROM {inner} WHERE {self.condition({**scope, **inner_scope}, 0)})",
                       f"{a} {comparison} (SELECT max({n}) FROM {inner})"]
        return self.random.choice(choices)

    # ---- sources ----

    def source(self, depth):
        alias = self.alias()
        kind = self.random.random()
        if depth > 0 and kind < 0.25:
            query, columns = self.select(depth - 1)
            return f"({query}) AS {alias}", {f"{alias}.{name}": of for name, of in columns.items()}
        if depth > 0 and kind < 0.55:
            left, left_scope = self.source(depth - 1)
            right, right_scope = self.source(0)
            scope = {**left_scope, **right_scope}
            how = self.pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN")
            on = f"{self.number(left_scope, 0)} = {self.number(right_scope, 0)}"
            if how == "JOIN" and self.random.random() < 0.4:
                on += f" AND {self.condition(scope, 1)}"
            return f"{left} {how} {right} ON {on}", left_scope if how[:4] in ("SEMI", "ANTI") else scope
        table, columns = ("{people}", PEOPLE) if self.random.random() < 0.7 else ("{visits}", VISITS)
        return f"{table} AS {alias}", {f"{alias}.{name}": of for name, of in columns.items()}

    def windowed(self, scope):
        over = f"(PARTITION BY {self.number(scope, 0)} ORDER BY {', '.join(scope)})"
        return self.pick(f"count(*) OVER {over}", f"sum({self.number(scope, 0)}) OVER {over}", f"rank() OVER {over}",
                         f"lag({self.number(scope, 0)}) OVER {over}")

    def aggregate(self, scope):
        n, t = self.number(scope, 1), self.text(scope, 1)
        return self.pick((f"count(*)", NUMBERS), (f"count(DISTINCT {t})", NUMBERS), (f"min({t})", TEXTS),
                         (f"max({t})", TEXTS),
                         (f"sum({n})", NUMBERS), (f"string_agg({t}, ',' ORDER BY {t})", TEXTS),
                         (f"count(*) FILTER (WHERE {self.condition(scope, 1)})", NUMBERS),
                         (f"max({n})", NUMBERS))

    # ---- queries: (text, {column: type}) ----

    def select(self, depth):
        source, scope = self.source(depth)
        where = f" WHERE {self.condition(scope, 2)}" if self.random.random() < 0.7 else ""
        columns, parts = {}, []
        if self.random.random() < 0.3:
            key_kind = self.pick(TEXTS, NUMBERS)
            key = self.text(scope, 1) if key_kind == TEXTS else self.number(scope, 1)
            parts, columns = [f"{key} AS c0"], {"c0": key_kind}
            for i in range(self.random.randint(1, 2)):
                text, kind = self.aggregate(scope)
                parts.append(f"{text} AS c{i + 1}")
                columns[f"c{i + 1}"] = kind
            having = " HAVING count(*) > 0" if self.random.random() < 0.3 else ""
            return f"SELECT {', '.join(parts)} FROM {source}{where} GROUP BY c0{having}", columns
        for i in range(self.random.randint(1, 3)):
            kind = self.pick(TEXTS, NUMBERS)
            text = self.text(scope, 2) if kind == TEXTS else self.number(scope, 2)
            if kind == NUMBERS and depth > 0 and self.random.random() < 0.15:
                text = self.windowed(scope)
            found = self.nested(scope)
            if found and self.random.random() < 0.1:
                text, kind = found
            parts.append(f"{text} AS c{i}")
            columns[f"c{i}"] = kind
        distinct = self.pick("", "", "", "DISTINCT ")
        return f"SELECT {distinct}{', '.join(parts)} FROM {source}{where}", columns

    def query(self):
        text, columns = self.select(2)
        if self.random.random() < 0.15:
            other = self.select(0)[0]
            names = ", ".join(columns)
            one = self.pick("UNION ALL", "UNION", "EXCEPT", "INTERSECT")
            text = f"SELECT * FROM ({text}) {one} SELECT {names} FROM ({text.replace('SELECT ', 'SELECT ', 1)}) WHERE 1 = 1"
            if self.random.random() < 0.5:
                text = f"WITH w AS {self.pick('MATERIALIZED', 'NOT MATERIALIZED', '')} ({other}) SELECT x.c0 FROM w x JOIN w y ON x.c0 = y.c0"
                columns = ["c0"]
        if self.random.random() < 0.3:
            text = f"SELECT * FROM ({text}) ORDER BY ALL LIMIT {self.random.randint(1, 4)}"
        return text
