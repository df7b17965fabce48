"""The server killed with SIGKILL in the middle of OPTIMIZE, VACUUM and RESTORE, over and over: after each start the
table has the rows that one of its versions had, and the log tells which."""
import os
import pathlib
import random
import signal
import threading
import urllib.error

from server import StatementError

STATEMENTS = ("OPTIMIZE t", "VACUUM t RETAIN 0 HOURS", "VACUUM t LITE RETAIN 0 HOURS", "RESTORE t TO VERSION AS OF {}")
SUMS = "SELECT count(*), count(DISTINCT id), sum(id)::BIGINT FROM t"


def named(answer):
    names = [column["name"] for column in answer["columns"]]
    return [dict(zip(names, row)) for row in answer["rows"]]


def workers_of(server):
    """Process ids of the server's workers; OSError or AttributeError between two servers."""
    return [int(pid) for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()
            for pid in (task / "children").read_text().split()]


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


class MaintenanceKills:
    """`server` has the setting vacuum.short_retention and no table t yet."""

    def __init__(self, server, seed):
        self.server, self.chance = server, random.Random(seed)
        self.next_id, self.sums = 0, {}
        server.sql("CREATE TABLE t (id BIGINT)")
        for _ in range(4):
            self.append()

    def append(self):
        self.server.sql(f"INSERT INTO t SELECT range FROM range({self.next_id}, {self.next_id + 2000})")
        self.next_id += 2000
        self.server.sql(f"DELETE FROM t WHERE id = {self.next_id - 7}")
        self.remember()

    def version(self):
        return named(self.server.sql("DESCRIBE HISTORY t LIMIT 1"))[0]["version"]

    def remember(self):
        self.sums[self.version()] = tuple(self.server.sql(SUMS)["rows"][0])

    def once(self):
        """One kill; raises AssertionError for a table that is not what it should be."""
        before = self.sums[max(self.sums)]
        version = self.chance.choice(sorted(self.sums)[-4:])
        statement = self.chance.choice(STATEMENTS).format(version)
        outcome = []

        def run():
            try:
                self.server.sql(statement)
                outcome.append("answered")
            except (StatementError, urllib.error.URLError, OSError, ValueError):
                outcome.append("failed")

        runner = threading.Thread(target=run)
        runner.start()
        # Anywhere in the statement; also behind it.
        runner.join(self.chance.uniform(0.0, 0.15))
        self.server.stop(signal.SIGKILL)
        runner.join()
        self.server.start()
        after = tuple(self.server.sql(SUMS)["rows"][0])
        allowed = {before} | ({self.sums[version]} if statement.startswith("RESTORE") else set())
        assert after in allowed, f"{statement}: {after} is none of {allowed}"
        if outcome == ["answered"] and statement.startswith("RESTORE"):
            assert after == self.sums[version], f"{statement} was answered, the table has {after}"
        assert self.server.sql("FSCK REPAIR TABLE t DRY RUN")["rows"] == [], f"{statement}: files are missing"
        if statement.startswith("VACUUM"):
            self.sums = {}  # Older versions may be gone in part.
        self.remember()
        self.append()
        self.check_log()

    def check_log(self):
        detail = named(self.server.sql("DESCRIBE DETAIL t"))[0]
        log = sorted((pathlib.Path(detail["location"]) / "_delta_log").glob("*.json"))
        versions = [int(path.stem) for path in log if path.stem.isdigit()]
        assert versions == list(range(versions[0], versions[-1] + 1)), "the log has a gap"
        assert all(path.read_text().endswith("\n") for path in log if path.stem.isdigit()), "a commit is cut off"
