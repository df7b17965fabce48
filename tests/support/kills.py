"""SIGKILL in the middle of statements that write, over and over: to the server, or to its workers. After each one the
table has the rows of before the statement or of after it, and which of both an answer that came has said."""
import json
import os
import pathlib
import random
import signal
import time

from server import LOST, StatementError, children, named
from threads import Threads

PARTS = 4
#: Longer than any answer may take, so that a run that hangs ends.
ANSWER_SECONDS = 150
#: What a statement may be refused with because something was killed. Anything else would have been refused anyhow.
AFTER_A_KILL = ("WorkerLost", "CommitUnknown", "Unavailable", "Conflict", "TooManyRequests")
SUMS = ("SELECT count(*), count(DISTINCT id), sum(id)::BIGINT, sum(value)::BIGINT, sum(id * value)::BIGINT, "
        "count(*) FILTER (part = 1) FROM t")


def workers_of(server):
    """Process ids of the server's workers; OSError or AttributeError between two servers."""
    return children(server.process.pid)


def kill_workers(server, chance, done, killed, running):
    """Until `done`: a worker now and then, whatever it does. Appends each one to `killed`. `running` is a lock that who
    starts the server holds: one that cannot start its first worker gives up, as it should."""
    while not done.wait(chance.uniform(0.5, 3)):
        try:
            with running:
                victim = chance.choice(workers_of(server))
                os.kill(victim, signal.SIGKILL)
            killed.append(victim)
        except (AttributeError, OSError, IndexError):
            continue


def sums_of(state):
    rows = [(i, part, value) for i, (part, value) in state.items()]
    return (len(rows), len(rows), sum(i for i, _, _ in rows), sum(value for _, _, value in rows),
            sum(i * value for i, _, value in rows), sum(part == 1 for _, part, _ in rows))


class Kills:
    """`server` has the setting vacuum.short_retention and no table t yet. Every version makes a checkpoint."""

    def __init__(self, server, seed, checkpoints="classic"):
        self.server, self.chance = server, random.Random(seed)
        self.state, self.versions, self.next_id = {}, {}, 1
        self.durations, self.counts, self.answered = {}, {}, set()
        self.last = "the first kill"
        server.sql("CREATE TABLE t (id BIGINT, part INTEGER, value BIGINT) PARTITIONED BY (part) TBLPROPERTIES "
                   f"('delta.checkpointInterval' = '1', 'delta.checkpointPolicy' = '{checkpoints}', "
                   "'neurolake.log_compaction_interval' = '5')")
        server.sql("INSERT INTO t VALUES (0, 1, 1)")
        self.state = {0: (1, 1)}
        self.location = pathlib.Path(named(server.sql("DESCRIBE DETAIL t"))[0]["location"])
        self.statements = (self.insert, self.insert, self.insert_rows, self.update, self.delete, self.merge, self.overwrite,
                           self.optimize, self.zorder, self.vacuum, self.vacuum_lite, self.restore, self.restore)

    # Each gives a statement and the rows there are after it.

    def insert(self):
        first, count = self.next_id, self.chance.randint(500, 3000)
        self.next_id += count
        new = {i: (i % PARTS, i % 1000) for i in range(first, first + count)}
        return (f"INSERT INTO t SELECT range, range % {PARTS}, range % 1000 FROM range({first}, {first + count})",
                {**self.state, **new})

    def insert_rows(self):
        first, count = self.next_id, self.chance.randint(1, 5)
        self.next_id += count
        new = {i: (i % PARTS, 7) for i in range(first, first + count)}
        return "INSERT INTO t VALUES " + ", ".join(f"({i}, {i % PARTS}, 7)" for i in new), {**self.state, **new}

    def update(self):
        rest = self.chance.randrange(50)
        return (f"UPDATE t SET value = value + 3 WHERE id % 50 = {rest}",
                {i: (part, value + 3 if i % 50 == rest else value) for i, (part, value) in self.state.items()})

    def delete(self):
        rest = self.chance.randrange(5)
        return (f"DELETE FROM t WHERE id % 5 = {rest}",
                {i: row for i, row in self.state.items() if i % 5 != rest})

    def merge(self):
        first, count = max(0, self.next_id - 200), 400
        self.next_id = first + count
        after = dict(self.state)
        for i in range(first, first + count):
            if i not in after:
                after[i] = (i % PARTS, 1)
            elif i % 3 == 0:
                del after[i]
            else:
                after[i] = (after[i][0], after[i][1] + 1)
        return (f"MERGE INTO t USING range({first}, {first + count}) AS s(k) ON t.id = s.k WHEN MATCHED AND s.k % 3 = 0 THEN "
                f"DELETE WHEN MATCHED THEN UPDATE SET value = t.value + 1 WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.k % {PARTS}, 1)",
                after)

    def overwrite(self):
        part, first = self.chance.randrange(PARTS), self.next_id
        self.next_id += 300
        after = {i: row for i, row in self.state.items() if row[0] != part}
        after.update({i: (part, 5) for i in range(first, first + 300)})
        return f"INSERT INTO t REPLACE WHERE part = {part} SELECT range, {part}, 5 FROM range({first}, {first + 300})", after

    def optimize(self):
        return "OPTIMIZE t", self.state

    def zorder(self):
        return "OPTIMIZE t ZORDER BY (id, value)", self.state

    def vacuum(self):
        return "VACUUM t RETAIN 0 HOURS", self.state

    def vacuum_lite(self):
        return "VACUUM t LITE RETAIN 0 HOURS", self.state

    def restore(self):
        version = self.chance.choice(sorted(self.versions)[-4:])
        return f"RESTORE t TO VERSION AS OF {version}", self.versions[version]

    def once(self):
        """One kill; its description. AssertionError for a table that is not what it should be, and for a refusal that
        has nothing to do with a kill."""
        kind = self.chance.choice(self.statements)
        if kind == self.restore and not self.versions:
            kind = self.insert
        statement, after = kind()
        self.last = statement
        outcome = []

        def run():
            begin = time.monotonic()
            try:
                outcome.append(("answered", self.server.sql(statement)))
                self.durations[kind.__name__] = time.monotonic() - begin
            except StatementError as error:
                outcome.append(("refused", error.problem))
            except LOST:
                outcome.append(("lost", None))

        before_files, runner = self.files(), Threads()
        point = self.chance.choice(("any time", "any time", "a data file", "the commit", "the checkpoint"))
        runner.start(run)
        self.wait_for(point, runner.threads[0], before_files, self.durations.get(kind.__name__, 0.1))
        victim = self.chance.choice(("server", "server", "server", "workers"))
        self.kill(victim)
        runner.join(ANSWER_SECONDS)
        if victim == "server":
            self.server.start()
        assert not runner.failures, f"{statement}: " + "\n".join(runner.failures)
        said, answer = outcome[0]
        self.last = f"{statement}, killed at {point}: {victim}; {said}"
        assert said != "refused" or answer["code"] in AFTER_A_KILL, f"{statement}: {answer}"
        if said == "answered":
            self.answered.add(kind.__name__)
        self.check(statement, after, said, answer)
        description = (kind.__name__, point, victim, said)
        self.counts[description] = self.counts.get(description, 0) + 1
        return description

    def finish(self):
        """Statements of each kind that every kill met, once in peace: had they been wrong in themselves, all that was
        lost and refused of them would show nothing."""
        for kind in self.statements:
            if kind.__name__ in self.answered:
                continue
            statement, after = kind()
            self.last = f"{statement}, in peace"
            self.check(statement, after, "answered", self.sql(statement))
            self.answered.add(kind.__name__)
        assert self.answered == {kind.__name__ for kind in self.statements}

    def files(self):
        return {entry.path for folder in [self.location, *self.location.glob("*")] if folder.is_dir()
                for entry in os.scandir(folder) if entry.is_file()}

    def wait_for(self, point, runner, before, duration):
        if point == "any time":
            runner.join(self.chance.uniform(0, 1.2 * duration))
            return
        ends = {"a data file": (".parquet", ".bin", ".tmp"), "the commit": (".json",), "the checkpoint": (".parquet",)}[point]
        while runner.is_alive():
            new = self.files() - before
            if any(path.endswith(ends) and ("_delta_log" in path) == (point != "a data file") for path in new):
                break
        runner.join(self.chance.choice((0, 0, 0.001, 0.003)))

    def kill(self, victim):
        if victim == "server":
            self.server.stop(signal.SIGKILL)
            return
        for worker in workers_of(self.server):
            try:
                os.kill(worker, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def sql(self, statement):
        """A worker that was killed before its first statement takes that one with it."""
        for _ in range(10):
            try:
                return self.server.sql(statement)
            except StatementError as error:
                if error.problem["code"] not in ("WorkerLost", "Unavailable"):
                    raise
        raise AssertionError(f"no worker comes up for: {statement}")

    def check(self, statement, after, said, answer):
        before = self.state
        found = tuple(value or 0 for value in self.sql(SUMS)["rows"][0])
        allowed = {"answered": [after], "lost": [before, after], "refused": [before]}[said]
        if said == "refused" and answer["code"] in ("WorkerLost", "CommitUnknown"):
            # "Nothing was committed" is a promise; only the other one leaves it open.
            allowed = [before] if "nothing was committed" in answer["detail"] else [before, after]
        state = next((one for one in allowed if sums_of(one) == found), None)
        assert state is not None, f"{statement}: {said} {answer if said == 'refused' else ''}: {found} is none of " \
                                  f"{[sums_of(one) for one in allowed]}"
        self.state = state
        assert self.sql("FSCK REPAIR TABLE t DRY RUN")["rows"] == [], f"{statement}: files are missing"
        if statement.startswith("VACUUM"):
            self.versions = {}  # Older versions may be gone in part.
        self.check_log(statement)
        version = named(self.sql("DESCRIBE HISTORY t LIMIT 1"))[0]["version"]
        for known in sorted(self.versions)[-1:]:
            rows = tuple(value or 0 for value in self.sql(SUMS + f" VERSION AS OF {known}")["rows"][0])
            assert rows == sums_of(self.versions[known]), f"{statement}: version {known} has changed"
        self.versions[version] = self.state
        self.versions = dict(sorted(self.versions.items())[-6:])

    def check_log(self, statement):
        log = sorted((self.location / "_delta_log").glob("*.json"))
        versions = [int(path.stem) for path in log if path.stem.isdigit()]
        assert versions == list(range(versions[0], versions[-1] + 1)), f"{statement}: the log has a gap"
        assert all(path.read_bytes().endswith(b"\n") for path in log if path.stem.isdigit()), f"{statement}: a commit is cut off"
        last = self.location / "_delta_log" / "_last_checkpoint"
        if last.exists():
            assert json.loads(last.read_text())["version"] <= versions[-1], f"{statement}: a checkpoint of the future"
