"""Monotonicity: what is added to restrict, or taken that allows, never adds a row or unmasks a cell. Random walks over
all kinds of restrictions; each cell of the table is a canary of its own, so that one that is shown is known. The seed is
printed."""
import os
import random
import unittest

import canaries
from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]
COLUMNS = ("a", "b", "c")
ROWS = range(1, 9)
USER = "walker"  # Its role is a reader's, its groups change.


class Walk:
    """A table of its own, what restricts it so far, and what the user sees of it: {id: {column: value}}."""

    def __init__(self, server, random_, number):
        self.server, self.random, self.number = server, random_, number
        self.table = f"main.walk{number}"
        self.cells = {i: {c: canaries.canary(f"{c}{i}") for c in COLUMNS} for i in ROWS}
        self.groups = [f"walk{number}_{name}" for name in ("one", "two", "three")]
        self.members = set(self.groups)
        self.bound = set()  # Groups that something restricts, so that who leaves one would see more.
        self.permissive, self.excepted, self.masked, self.denied, self.done = [], {}, set(), set(), []
        self.restrictive = False
        self.count = 0

    def sql(self, statement):
        self.server.sql(statement)
        self.done.append(statement)

    def begin(self):
        self.sql(f"CREATE TABLE {self.table} (id BIGINT, a VARCHAR, b VARCHAR, c VARCHAR)")
        self.sql(f"INSERT INTO {self.table} VALUES " + ", ".join(
            f"({i}, " + ", ".join(f"'{row[c]}'" for c in COLUMNS) + ")" for i, row in self.cells.items()))
        for group in self.groups:
            self.sql(f"CREATE GROUP {group}")
            self.sql(f"ALTER GROUP {group} ADD USER {USER}")
        if self.random.random() < 0.7:
            self.add_permissive()

    def name(self):
        self.count += 1
        return f"walk{self.number}_{self.count}"

    def condition(self):
        pick = self.random.choice
        column, row = pick(COLUMNS), pick(list(ROWS))
        return pick([f"id % {pick([2, 3, 4])} <> {pick([0, 1])}", f"id <= {pick([3, 5, 7, 8])}", f"id <> {row}",
                     f"{column} <> '{self.cells[row][column]}'", f"{column} IS NOT NULL",
                     f"is_member('{pick(self.groups)}') OR id > {row}",
                     f"current_principal() = '{USER}' AND id <> {row}",
                     f"NOT ({column} = '{self.cells[row][column]}' AND id < {pick([4, 8])})"])

    def whom(self, restricts=True):
        found = self.random.choice(["PUBLIC", f"USER {USER}", "ROLE reader",
                                    *(f"GROUP {group}" for group in self.groups)])
        if restricts and found.startswith("GROUP "):
            self.bound.add(found.removeprefix("GROUP "))
        return found

    def mask(self):
        return self.random.choice(["NULL", "REDACT", "FIRST 2", "LAST 2", "HASH", "CONSTANT 'x'",
                                   "(upper(left({c}, 3)))",
                                   "(CASE WHEN is_member('" + self.groups[0] + "') AND false THEN {c} ELSE 'x' END)"])

    # ---- restrictions: each returns whether it found something to do ----

    def add_restrictive(self):
        self.restrictive = True
        self.sql(f"CREATE ROW POLICY {self.name()} ON {self.table} AS RESTRICTIVE TO {self.whom()} USING "
                 f"({self.condition()})")
        return True

    def add_permissive(self):
        """The first of a table's row policies is a restriction, whatever it lets through; those that come with it are made at
        once, and seen together. (Of a table with restrictive ones alone nobody sees a row.)"""
        if self.permissive or self.restrictive:
            return False
        for _ in range(3):
            self.permissive.append((self.name(), self.whom(restricts=False), self.condition()))
            name, whom, condition = self.permissive[-1]
            self.sql(f"CREATE ROW POLICY {name} ON {self.table} TO {whom} USING ({condition})")
        return True

    def narrow_permissive(self):
        if not self.permissive:
            return False
        at = self.random.randrange(len(self.permissive))
        name, whom, condition = self.permissive[at]
        self.permissive[at] = (name, whom, f"({condition}) AND ({self.condition()})")
        self.sql(f"CREATE OR REPLACE ROW POLICY {name} ON {self.table} TO {whom} USING ({self.permissive[at][2]})")
        return True

    def drop_permissive(self):
        if len(self.permissive) < 2:  # Without any, a table is not restricted by rows.
            return False
        name, _, _ = self.permissive.pop(self.random.randrange(len(self.permissive)))
        self.sql(f"DROP ROW POLICY {name} ON {self.table}")
        return True

    def add_mask(self):
        free = [column for column in COLUMNS if column not in self.masked]
        if not free:
            return False
        column, name = self.random.choice(free), self.name()
        excepted = self.random.choice(["", f" EXCEPT {self.random.choice(self.groups)}", " EXCEPT ROLE admin"])
        self.masked.add(column)
        self.excepted[column] = (name, excepted)
        self.sql(f"CREATE MASK POLICY {name} ON {self.table} ({column}){excepted} USING "
                 f"{self.mask().replace('{c}', column)}")
        return True

    def take_exception(self):
        lenient = [column for column, (_, excepted) in self.excepted.items() if excepted]
        if not lenient:
            return False
        column = self.random.choice(lenient)
        name = self.excepted[column][0]
        self.excepted[column] = (name, "")
        self.sql(f"CREATE OR REPLACE MASK POLICY {name} ON {self.table} ({column}) USING "
                 f"{self.mask().replace('{c}', column)}")
        return True

    def deny_column(self):
        column = self.random.choice(COLUMNS)
        if column in self.denied or len(self.denied) == 2:
            return False
        self.denied.add(column)
        self.sql(f"DENY SELECT ({column}) ON {self.table} TO {self.whom()}")
        return True

    def leave_group(self):
        free = sorted(self.members - self.bound)
        if not free:
            return False
        group = self.random.choice(free)
        self.members.remove(group)
        self.sql(f"ALTER GROUP {group} DROP USER {USER}")
        return True

    def tag(self):
        tag = self.name()
        if self.random.random() < 0.5:
            self.sql(f"ALTER TABLE {self.table} SET TAGS ('{tag}')")
            restrictive = self.random.choice(["", " AS RESTRICTIVE"])
            self.sql(f"CREATE ROW POLICY {tag} ON TAG {tag}{restrictive} TO {self.whom(bool(restrictive))} USING "
                     f"({self.condition()})")
            return True
        free = [column for column in COLUMNS if column not in self.masked]
        if not free:
            return False
        column = self.random.choice(free)
        self.masked.add(column)
        self.sql(f"ALTER TABLE {self.table} ALTER COLUMN {column} SET TAGS ('{tag}')")
        self.sql(f"CREATE MASK POLICY {tag} ON COLUMN TAG {tag} USING {self.mask().replace('{c}', 'value')}")
        return True

    def purposes(self):
        purpose = self.name()
        self.sql(f"CREATE PURPOSE {purpose}")
        self.sql(f"ALTER TABLE {self.table} SET ALLOWED PURPOSES ('{purpose}')")
        return True

    def step(self, last):
        kinds = [self.add_restrictive, self.add_permissive, self.narrow_permissive, self.drop_permissive, self.add_mask,
                 self.take_exception, self.deny_column, self.leave_group, self.tag]
        if last:
            kinds = [self.purposes]
        while not self.random.choice(kinds)():
            pass

    # ---- what is seen ----

    def answer(self, what):
        try:
            return self.server.sql(f"SELECT {what} FROM {self.table} ORDER BY id", USER)["rows"]
        except StatementError as error:
            if error.sqlstate not in ("42501", "42P01"):
                raise
            return None

    def seen(self):
        rows = self.answer("id, " + ", ".join(COLUMNS))
        if rows is not None:
            return {row[0]: dict(zip(COLUMNS, row[1:])) for row in rows}
        found = {row[0]: {} for row in self.answer("id") or []}
        for column in COLUMNS:
            for i, value in self.answer(f"id, {column}") or []:
                found[i][column] = value
        return found


class Restrictions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.token_of(USER, role="reader")

    def check_less(self, walk, before, after):
        self.assertLessEqual(set(after), set(before), "rows came")
        for i, row in after.items():
            for column, value in row.items():
                if value == walk.cells[i][column]:
                    self.assertEqual(before[i].get(column), value, f"row {i}, column {column} was uncovered")
                else:
                    self.assertIn(column, before[i], f"row {i}, column {column} came")
                    self.assertEqual(canaries.leaks(str(value), [walk.cells[i][column]]), [])

    def test_no_restriction_shows_more(self):
        seed = int(os.environ.get("ORACLE_SEED", random.SystemRandom().randrange(1 << 32)))
        walks, steps = int(os.environ.get("WALKS", "24")), 10
        print(f"restrictions: seed {seed}, {walks} walks of {steps} steps")
        fewer = 0
        for number in range(walks):
            walk = Walk(self.server, random.Random(f"{seed} {number}"), number)
            walk.begin()
            before = walk.seen()
            if not walk.permissive:
                self.assertEqual(before, walk.cells)
            for step in range(steps):
                walk.step(last=step == steps - 1)
                after = walk.seen()
                with self.subTest(seed=seed, walk=number, done=walk.done):
                    self.check_less(walk, before, after)
                    # Who counts sees the same rows; guesses of what is covered find none.
                    counted = walk.answer("count(*) OVER (), id")
                    self.assertEqual(len(counted or []), len(after))
                fewer += after != before
                before = after
            self.assertEqual(before, {}, "a purpose was asked for that nobody has")
        self.assertGreater(fewer, walks * steps // 4)

    def test_taking_a_right_shows_nothing_more(self):
        """The same from the other end: each of the rights that lead to a row, taken alone, and all of them."""
        server = self.server
        server.token_of("member")
        cell = canaries.canary("right")
        for statement in ("CREATE SCHEMA rights", f"CREATE TABLE rights.t AS SELECT 1 AS id, '{cell}' AS v",
                          "CREATE GROUP let_in",
                          "CREATE PURPOSE needed", "ALTER TABLE rights.t SET ALLOWED PURPOSES ('needed')",
                          "CREATE ROW POLICY r ON rights.t TO let_in USING (principal_attribute('area') = 'EU')",
                          "CREATE MASK POLICY m ON rights.t (v) EXCEPT let_in USING REDACT"):
            server.sql(statement)
        rights = {"GRANT SELECT ON TABLE rights.t TO USER member": "REVOKE SELECT ON TABLE rights.t FROM USER member",
                  "GRANT USE PURPOSE needed TO USER member": "REVOKE USE PURPOSE needed FROM USER member",
                  "ALTER GROUP let_in ADD USER member": "ALTER GROUP let_in DROP USER member",
                  "ALTER USER member SET ATTRIBUTES ('area' = 'EU')": "ALTER USER member UNSET ATTRIBUTES ('area')"}

        def seen():
            try:
                return server.sql("SELECT v FROM rights.t", "member", purpose="needed")["rows"]
            except StatementError as error:
                self.assertIn(error.sqlstate, ("42501", "42P01", "3F000"))
                return None

        for given in range(1 << len(rights)):
            for bit, (give, take) in enumerate(rights.items()):
                if given >> bit & 1:
                    server.sql(give)
            with self.subTest(given=bin(given)):
                if given == (1 << len(rights)) - 1:
                    self.assertEqual(seen(), [[cell]])
                else:
                    self.assertIn(seen(), (None, []))
            for bit, (give, take) in enumerate(rights.items()):
                if given >> bit & 1:
                    server.sql(take)


if __name__ == "__main__":
    unittest.main()
