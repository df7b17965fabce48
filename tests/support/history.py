"""A history of mixed DML by several writers, and its judge.

Every statement carries a mark in a comment. Afterwards the tables' logs say which statement made which version; a model
in Python runs the same statements in that order; and what readers saw, at the version they were told, must be what the
model had then. So: every committed statement has its effect exactly once, one that was refused has none, one whose answer
was lost has the effect that the log says, and every snapshot is one version, whole."""
import hashlib
import json
import pathlib
import random
import re
import threading
import time

from server import LOST, StatementError, named
from threads import Threads, stacks

PARTS = 4
ACCOUNTS, DEPOSIT = 40, 1000
#: Longer than a statement and its answer may take.
ANSWER_SECONDS = 150
#: Codes after which nothing of a statement is there. WorkerLost is none: its commit may have been on its way.
NOTHING_HAPPENED = ("Conflict", "Unavailable", "TooManyRequests", "DeadlineExceeded", "Cancelled")
KEPT_SECONDS = 60  # Longer than any statement is let run, so that VACUUM takes nothing from one.
DEFAULT = f"'delta.deletedFileRetentionDuration' = 'interval {KEPT_SECONDS} seconds', 'delta.checkpointInterval' = '7'"
PROPERTIES = f"{DEFAULT}, 'delta.isolationLevel' = 'Serializable'"

TABLES = {
    # Anybody changes any row; whole partitions are overwritten.
    "items": f"CREATE TABLE items (id BIGINT, part INTEGER, value BIGINT) PARTITIONED BY (part) TBLPROPERTIES ({PROPERTIES})",
    # The same without deletion vectors, and not partitioned: files are rewritten.
    "plain": "CREATE TABLE plain (id BIGINT, part INTEGER, value BIGINT) "
             f"TBLPROPERTIES ({PROPERTIES}, 'delta.enableDeletionVectors' = 'false')",
    # Money only moves: the sum is the same in every version. No rows come, so the default level has one order, too.
    "accounts": f"CREATE TABLE accounts (id BIGINT, part INTEGER, value BIGINT) TBLPROPERTIES ({DEFAULT})",
    # At the default level rows that come may be put after what did not see them: no statement here could tell.
    "journal": f"CREATE TABLE journal (id BIGINT, part INTEGER, value BIGINT) TBLPROPERTIES ({DEFAULT})",
}


def digest(rows):
    return hashlib.sha1(repr(sorted(rows)).encode()).hexdigest()


class Operation:
    """One statement, and what it does to {id: (part, value)}."""

    def __init__(self, mark, table, text, effect):
        self.mark, self.table, self.effect = mark, table, effect
        self.text = f"{text} /* op {mark} */"
        self.outcome, self.statement_id, self.found = "unknown", None, False
        self.rows_changed, self.version = 0, None  # As answered.


def values(rows):
    return ", ".join("(" + ", ".join(str(value) for value in row) + ")" for row in rows)


class Chooser:
    """Makes operations; one for each writer, with ids of its own for new rows."""

    def __init__(self, writer, seed):
        self.writer, self.chance, self.number = writer, random.Random(seed), 0

    def new_ids(self, count):
        return [self.writer * 1_000_000 + self.number * 10 + i for i in range(count)]

    def next(self, known):
        self.number += 1
        table = self.chance.choice(("items", "items", "items", "plain", "plain", "accounts", "journal"))
        mark = f"w{self.writer}n{self.number}"
        kinds = {"accounts": (self.transfer, self.transfer_by_merge),
                 "journal": (self.insert, self.insert, self.update, self.delete_ids, self.merge, self.move)}.get(table, (
                     self.insert, self.insert, self.insert, self.update, self.update, self.update_part, self.delete,
                     self.delete_ids, self.merge, self.merge, self.overwrite, self.move))
        text, effect = self.chance.choice(kinds)(table, sorted(known) or [0])
        return Operation(mark, table, text, effect)

    def some(self, known, most=4):
        return self.chance.sample(known, min(len(known), self.chance.randint(1, most)))

    def insert(self, table, _):
        rows = [(i, self.chance.randrange(PARTS), self.chance.randrange(1000)) for i in self.new_ids(self.chance.randint(1, 6))]

        def effect(state):
            assert not any(i in state for i, _, _ in rows), "an INSERT twice"
            state.update({i: (part, value) for i, part, value in rows})
        return f"INSERT INTO {table} VALUES {values(rows)}", effect

    def update(self, table, known):
        ids, add = self.some(known), self.chance.randint(1, 9)

        def effect(state):
            for i in set(ids) & set(state):
                state[i] = (state[i][0], state[i][1] + add)
        return f"UPDATE {table} SET value = value + {add} WHERE id IN ({', '.join(map(str, ids))})", effect

    def update_part(self, table, _):
        part, add = self.chance.randrange(PARTS), self.chance.randint(1, 9)

        def effect(state):
            for i, (of, value) in state.items():
                if of == part:
                    state[i] = (of, value + add)
        return f"UPDATE {table} SET value = value + {add} WHERE part = {part}", effect

    def move(self, table, known):
        ids, part = self.some(known), self.chance.randrange(PARTS)

        def effect(state):
            for i in set(ids) & set(state):
                state[i] = (part, state[i][1])
        return f"UPDATE {table} SET part = {part} WHERE id IN ({', '.join(map(str, ids))})", effect

    def delete_ids(self, table, known):
        ids = self.some(known, 8)

        def effect(state):
            for i in ids:
                state.pop(i, None)
        return f"DELETE FROM {table} WHERE id IN ({', '.join(map(str, ids))})", effect

    def delete(self, table, _):
        part, rest = self.chance.randrange(PARTS), self.chance.randrange(5)

        def effect(state):
            for i in [i for i, (of, value) in state.items() if of == part and value % 5 == rest]:
                del state[i]
        return f"DELETE FROM {table} WHERE part = {part} AND value % 5 = {rest}", effect

    def merge(self, table, known):
        """Deletes some, updates some, inserts some; a source row may match or not, as it comes."""
        ids = self.some(known, 6) + self.new_ids(self.chance.randint(1, 3))
        rows = [(i, self.chance.randrange(PARTS), self.chance.randrange(1000), self.chance.randrange(2)) for i in ids]

        def effect(state):
            for i, part, value, gone in rows:
                if i not in state:
                    state[i] = (part, value)
                elif gone:
                    del state[i]
                else:
                    state[i] = (state[i][0], state[i][1] + value)
        return (f"MERGE INTO {table} AS t USING (VALUES {values(rows)}) AS s(id, part, value, gone) ON t.id = s.id "
                "WHEN MATCHED AND s.gone = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET value = t.value + s.value "
                "WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.part, s.value)"), effect

    def overwrite(self, table, _):
        part = self.chance.randrange(PARTS)
        rows = [(i, part, self.chance.randrange(1000)) for i in self.new_ids(self.chance.randint(0, 8))]

        def effect(state):
            for i in [i for i, (of, _) in state.items() if of == part]:
                del state[i]
            state.update({i: (of, value) for i, of, value in rows})
        source = f"VALUES {values(rows)}" if rows else "SELECT 0, 0, 0 WHERE false"
        return f"INSERT INTO {table} REPLACE WHERE part = {part} {source}", effect

    def transfer(self, table, _):
        one, other = self.chance.sample(range(ACCOUNTS), 2)
        amount = self.chance.randint(1, 50)

        def effect(state):
            for i, sign in ((one, -1), (other, 1)):
                state[i] = (state[i][0], state[i][1] + sign * amount)
        return (f"UPDATE {table} SET value = value + CASE id WHEN {one} THEN -{amount} ELSE {amount} END "
                f"WHERE id IN ({one}, {other})"), effect

    def transfer_by_merge(self, table, _):
        """All of one's money: the amount is read in the statement itself."""
        one, other = self.chance.sample(range(ACCOUNTS), 2)

        def effect(state):
            amount = state[one][1]
            state[one] = (state[one][0], 0)
            state[other] = (state[other][0], state[other][1] + amount)
        return (f"MERGE INTO {table} AS t USING (SELECT k.id, k.sign * a.value AS amount FROM {table} a, "
                f"(VALUES ({one}, -1), ({other}, 1)) AS k(id, sign) WHERE a.id = {one}) AS s ON t.id = s.id "
                "WHEN MATCHED THEN UPDATE SET value = t.value + s.amount"), effect


class History:
    """Runs writers, readers and maintenance against `server`, whose setting vacuum.short_retention may be off."""

    def __init__(self, server, seed, writers=8, readers=3):
        self.server, self.seed = server, seed
        self.operations, self.observations, self.problems = [], [], []
        self.newest = {name: 0 for name in TABLES}  # Versions that were acknowledged.
        self.refused = {}
        self.lock, self.done = threading.Lock(), threading.Event()
        for text in TABLES.values():
            server.sql(text)
        server.sql(f"INSERT INTO accounts SELECT range, range % {PARTS}, {DEPOSIT} FROM range({ACCOUNTS})")
        self.writers, self.readers, self.threads = writers, readers, Threads()

    def start(self):
        for writer in range(1, self.writers + 1):
            self.threads.start(self.write, writer)
        for reader in range(self.readers):
            self.threads.start(self.read, reader)
        self.threads.start(self.maintain)

    def wait_for(self, statements, seconds=300):
        """Until so many were begun. AssertionError if that does not come to pass."""
        end = time.monotonic() + seconds
        while len(self.operations) < statements:
            if self.threads.failures or time.monotonic() > end:
                raise AssertionError(f"{len(self.operations)} statements of {statements}: "
                                     + ("\n".join(self.threads.failures) or stacks(self.threads.threads)))
            self.done.wait(0.02)

    def stop(self):
        """Nobody begins another statement."""
        self.done.set()

    def finish(self):
        """Waits for what was begun. A thread that met what it should not have met is a problem like others."""
        self.stop()
        self.threads.join(ANSWER_SECONDS)
        self.problems += self.threads.failures

    def run(self, operation):
        try:
            answer = self.server.sql(operation.text, timeout="20s")
            operation.outcome, operation.statement_id = "done", answer["id"]
            operation.rows_changed = answer["statistics"].get("rows_changed", 0)
            operation.version = answer["statistics"].get("committed_version")
            if operation.version is not None:
                with self.lock:
                    self.newest[operation.table] = max(self.newest[operation.table], operation.version)
        except StatementError as error:
            code = error.problem["code"]
            operation.outcome = "refused" if code in NOTHING_HAPPENED else "unknown"
            with self.lock:
                self.refused[code] = self.refused.get(code, 0) + 1
            if code not in NOTHING_HAPPENED + ("WorkerLost", "CommitUnknown"):
                self.problems.append(f"{operation.text}: {error}")
        except LOST:
            self.done.wait(0.2)

    def write(self, writer):
        chooser, known = Chooser(writer, self.seed * 1000 + writer), set()
        while not self.done.is_set():
            if chooser.number % 10 == 0:
                try:  # What others have, to change it.
                    known = {row[0] for row in self.server.sql(
                        "SELECT id FROM items UNION SELECT id FROM plain UNION SELECT id FROM journal")["rows"]}
                except (StatementError, *LOST):
                    self.done.wait(0.2)
                    continue
            operation = chooser.next(known)
            with self.lock:
                self.operations.append(operation)
            self.run(operation)

    def maintain(self):
        chance = random.Random(self.seed + 17)
        number = 0
        while not self.done.wait(chance.uniform(0.1, 0.8)):
            table, number = chance.choice(list(TABLES)), number + 1
            kind = chance.choice(("OPTIMIZE {}", "OPTIMIZE {}", "VACUUM {}", "VACUUM {} LITE", "RESTORE"))
            if kind == "RESTORE" and table != "journal":
                version = max(0 if table != "accounts" else 1, self.newest[table] - chance.randint(0, 6))
                operation = Operation(f"m{number}", table, f"RESTORE TABLE {table} TO VERSION AS OF {version}", version)
                with self.lock:
                    self.operations.append(operation)
            else:
                operation = Operation(f"m{number}", table, kind.replace("RESTORE", "OPTIMIZE {}").format(table), None)
            self.run(operation)

    def read(self, reader):
        chance = random.Random(self.seed * 77 + reader)
        while not self.done.is_set():
            table = chance.choice(list(TABLES))
            with self.lock:
                least = self.newest[table]
            back = chance.randint(0, 10) if chance.random() < 0.3 else None
            at = "" if back is None else f" VERSION AS OF {max(0, least - back)}"
            try:
                answer = self.server.sql(f"SELECT id, part, value FROM {table}{at}")
            except StatementError as error:
                if error.problem["code"] not in ("Unavailable", "TooManyRequests", "WorkerLost"):
                    self.problems.append(f"reader of {table}{at}: {error}")
                continue
            except LOST:
                self.done.wait(0.2)
                continue
            version = next(used["version"] for used in answer["statistics"]["tables"] if used["access"] == "read")
            if back is None and version < least:
                self.problems.append(f"{table}: version {version} was read after {least} was acknowledged")
            if back is not None and version != max(0, least - back):
                self.problems.append(f"{table}{at} read version {version}")
            rows = [tuple(row) for row in answer["rows"]]
            if table == "accounts" and version > 0 and sum(row[2] for row in rows) != ACCOUNTS * DEPOSIT:
                self.problems.append(f"version {version} of accounts has another sum")
            self.observations.append((table, version, digest(rows), len(rows)))


class Judge:
    """Compares a history that has ended with the tables' logs."""

    def __init__(self, history):
        self.history, self.server, self.problems = history, history.server, list(history.problems)
        self.versions = {}  # table -> [ids of the statements of that version]
        self.rows = {}  # table -> rows of its newest version, as they have to be
        self.committed = 0

    def judge(self):
        ids = self.marks()
        by_id = {}
        for operation in self.history.operations:
            operation.statement_id = operation.statement_id or ids.get(operation.mark)
            if operation.statement_id:
                by_id[operation.statement_id] = operation
        for table in TABLES:
            self.versions[table] = self.read_log(table)
            self.replay(table, by_id)
        self.outcomes()
        return self.problems

    def marks(self):
        """mark -> statement id, of all that was ever begun: for answers that were lost."""
        found = {}
        rows = self.server.sql("SELECT id, text FROM system.queries WHERE contains(text, '/* op ')")["rows"]
        for statement_id, text in rows:
            mark = re.search(r"/\* op (\w+) \*/", text)
            if mark:
                found[mark.group(1)] = statement_id
        return found

    def read_log(self, table):
        location = named(self.server.sql(f"DESCRIBE DETAIL {table}"))[0]["location"]
        files = sorted(path for path in (pathlib.Path(location) / "_delta_log").glob("*.json") if path.stem.isdigit())
        numbers = [int(path.stem) for path in files]
        if numbers != list(range(len(numbers))):
            self.problems.append(f"the log of {table} has a gap")
        versions = []
        for path in files:
            text = path.read_text()
            if not text.endswith("\n"):
                self.problems.append(f"{path} is cut off")
            info = next((json.loads(line)["commitInfo"] for line in text.splitlines() if line.startswith('{"commitInfo"')), {})
            grouped = info.get("tags", {}).get("neurolake.statements", "")
            versions.append(grouped.split(",") if grouped else [info.get("statementId", "")])
        return versions

    def replay(self, table, by_id):
        """The model's state after each version, by its digest; states that RESTORE may want are kept."""
        wanted = {}
        for at, version, seen, rows in self.history.observations:
            if at == table:
                wanted.setdefault(version, set()).add((seen, rows))
        state, states, done = {}, [], {}
        for version, statements in enumerate(self.versions[table]):
            for statement in statements:
                operation = by_id.get(statement)
                if operation is None:
                    if table == "accounts" and version == 1:
                        state = {i: (i % PARTS, DEPOSIT) for i in range(ACCOUNTS)}
                    continue  # Maintenance, and what made the table.
                if statement in done:
                    self.problems.append(f"{table}: versions {done[statement]} and {version} are of one statement, {operation.mark}")
                done[statement] = version
                self.committed += 1
                try:
                    if isinstance(operation.effect, int):
                        state = dict(states[operation.effect])
                    else:
                        operation.effect(state)
                except (AssertionError, KeyError) as error:
                    self.problems.append(f"{table}, version {version}: {operation.text}: {error!r}")
            states.append(dict(state))
            rows = [(i, *row) for i, row in state.items()]
            for seen, count in wanted.pop(version, ()):
                if seen != digest(rows):
                    self.problems.append(f"{table}: a reader's version {version} has {count} rows which are not the {len(rows)} "
                                         f"of the statements before it; its own statement: {self.shown(statements, by_id)}")
        if wanted:
            self.problems.append(f"{table}: readers saw versions that the log does not have: {sorted(wanted)[:5]}")
        for operation in self.history.operations:
            if operation.table != table:
                continue
            operation.found = operation.statement_id in done
            if operation.version is not None and done.get(operation.statement_id) != operation.version:
                self.problems.append(f"{table}: answered with version {operation.version}, the log has "
                                     f"{done.get(operation.statement_id)}: {operation.text}")
        self.compare_versions(table, states)
        self.rows[table] = sorted((i, *row) for i, row in states[-1].items())

    def others(self, readers):
        """Other engines read the newest versions, too."""
        for table, rows in self.rows.items():
            location = named(self.server.sql(f"DESCRIBE DETAIL {table}"))[0]["location"]
            for reader in readers:
                if sorted(reader.rows(location, "id, part, value")[1]) != rows:
                    self.problems.append(f"{table}: {reader.name} reads other rows")

    def shown(self, statements, by_id):
        return "; ".join(by_id[one].text[:200] for one in statements if one in by_id)

    def compare_versions(self, table, states):
        """The newest version and older ones by time travel, as far as VACUUM left their files."""
        last = len(states) - 1
        for version in sorted({last, *random.Random(self.history.seed).sample(range(len(states)), min(40, len(states)))}):
            try:
                rows = [tuple(row) for row in
                        self.server.sql(f"SELECT id, part, value FROM {table} VERSION AS OF {version}")["rows"]]
            except StatementError as error:
                if version == last or error.problem["code"] != "VersionNotFound":
                    self.problems.append(f"{table}, version {version}: {error}")
                continue
            if sorted(rows) != sorted((i, *row) for i, row in states[version].items()):
                self.problems.append(f"{table}: version {version} has other rows by time travel")
        if self.server.sql(f"FSCK REPAIR TABLE {table} DRY RUN")["rows"]:
            self.problems.append(f"{table}: files are missing")

    def outcomes(self):
        for operation in self.history.operations:
            if operation.outcome == "refused" and operation.found:
                self.problems.append(f"a statement was refused and has an effect: {operation.text}")
            # What changed no row makes no version.
            if operation.rows_changed > 0 and not operation.found:
                self.problems.append(f"a statement was acknowledged and has no effect: {operation.text}")
        self.outcome_counts = {}
        for operation in self.history.operations:
            key = (operation.outcome, "in the log" if operation.found else "not in the log")
            self.outcome_counts[key] = self.outcome_counts.get(key, 0) + 1


def settle(server, seconds=30):
    """Until statements of before a kill, and their workers, are gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if not server.sql("SELECT id FROM system.running WHERE kind <> 'SELECT'")["rows"]:
                return
        except (StatementError, *LOST):
            pass
        time.sleep(0.1)
