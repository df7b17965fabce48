"""Statements of which every file operation goes wrong once. Afterwards each has succeeded or failed with a clear error, what
can be seen is as before it or as after it and nothing in between, and the next statement works."""
import dataclasses
import itertools
import os
import pathlib
import shutil
import tempfile

import faults
from faults import DISK_FULL, SHORT_WRITE, Faults
from server import Server, StatementError, named

#: Operations that no statement here comes near; one that goes on failing for ever ends there.
OPERATIONS_MAX = 2000
NEVER = 1 << 40
#: What a failing disk may be answered with. NotFound is none of them: a file that cannot be read is not a missing file.
CLEAR = {"IoError", "DiskFull", "CommitUnknown"}


@dataclasses.dataclass
class Case:
    """Statements hold `{t}` for the table and `{folder}` for files beside it."""

    name: str
    statement: str
    prepare: list
    #: Their answers are what can be seen. The word `files` asks for the number of data files of the table, `columns` for
    #: the names of its columns.
    questions: list
    #: A function of the bench and the table's name, called after `prepare`.
    by_hand: object = None
    #: Nothing that can be seen changes; but the files that are there (VACUUM).
    same: bool = False
    #: Questions whose answer may be that of afterwards though the statement failed: rows that are set aside first.
    ahead: tuple = ()
    #: In the fast tier, too. The others take ways through the code that one of these takes.
    fast: bool = True


ROWS = "SELECT count(*), count(DISTINCT id), sum(id)::BIGINT, string_agg(v, ',' ORDER BY id) FROM {t}"
MADE = ["CREATE TABLE {t} (id BIGINT, v VARCHAR) TBLPROPERTIES ('delta.checkpointInterval' = '1000000')",
        "INSERT INTO {t} SELECT range, 'a' || range FROM range(10)",
        "INSERT INTO {t} SELECT range, 'b' || range FROM range(10, 20)", "DELETE FROM {t} WHERE id IN (3, 12)"]


def lose_a_file(bench, table):
    min(bench.location(table).glob("*.parquet"), key=lambda path: path.stat().st_mtime_ns).unlink()


def parquet_files(bench, table):
    bench.sql(f"CREATE TABLE {table}_source AS SELECT range AS id, 'n' || range AS v FROM range(10)")
    parquet, = bench.location(f"{table}_source").glob("*.parquet")
    for day in ("2024-01-01", "2024-01-02"):
        folder = bench.folder / table / f"day={day}"
        folder.mkdir(parents=True)
        shutil.copy(parquet, folder / "part.parquet")


def csv_files(bench, table):
    # In a folder of its own: looking through one that all tables share would take more operations for each table.
    folder = bench.folder / table
    folder.mkdir()
    for part in range(3):
        lines = [f"{i},name {i}" for i in range(100 * part, 100 * part + 50)] + ["no number,name"] * (part < 2)
        (folder / f"{part}.csv").write_text("id,v\n" + "".join(line + "\n" for line in lines))
    # The first one is loaded, so that the quarantine is there.
    bench.sql(f"COPY INTO {table} FROM 'files/{table}/0.csv' FILEFORMAT = CSV")


CASES = [
    Case("OPTIMIZE", "OPTIMIZE {t}", MADE, [ROWS, "files"]),
    Case("OPTIMIZE ZORDER", "OPTIMIZE {t} ZORDER BY (v, id)", MADE, [ROWS, "files"]),
    Case("OPTIMIZE of a clustered table", "OPTIMIZE {t} FULL",
         [MADE[0].replace(" TBL", " CLUSTER BY (v) TBL"), *MADE[1:]], [ROWS, "files"], fast=False),
    Case("RESTORE", "RESTORE TABLE {t} TO VERSION AS OF 1", MADE, [ROWS, "files"]),
    Case("VACUUM", "VACUUM {t} RETAIN 0 HOURS", [*MADE, "OPTIMIZE {t}"], [ROWS, "files"], same=True),
    Case("VACUUM LITE", "VACUUM {t} LITE RETAIN 0 HOURS", [*MADE, "OPTIMIZE {t}"], [ROWS, "files"], same=True, fast=False),
    Case("CLONE", "CREATE TABLE {t}_clone CLONE {t}", MADE, [ROWS, ROWS.replace("{t}", "{t}_clone")]),
    Case("SHALLOW CLONE", "CREATE TABLE {t}_clone SHALLOW CLONE {t}", MADE, [ROWS, ROWS.replace("{t}", "{t}_clone")]),
    Case("CONVERT TO DELTA", "CONVERT TO DELTA parquet.`{folder}/{t}` PARTITIONED BY (day DATE)", [],
         ["SELECT count(*), count(DISTINCT id), sum(id)::BIGINT, count(DISTINCT day) FROM {t}"], by_hand=parquet_files),
    Case("ALTER, a column added", "ALTER TABLE {t} ADD COLUMN more BIGINT AFTER id", MADE, [ROWS, "columns"]),
    Case("ALTER, rows looked at", "ALTER TABLE {t} ADD CONSTRAINT small CHECK (id < 100)", MADE,
         [ROWS, "SHOW TBLPROPERTIES {t}"], fast=False),
    Case("COPY INTO", "COPY INTO {t} FROM 'files/{t}/*.csv' FILEFORMAT = CSV",
         ["CREATE TABLE {t} (id BIGINT, v VARCHAR)"],
         [ROWS, "SELECT count(*) FROM {t}__quarantine"], by_hand=csv_files, ahead=(1,)),
    Case("quarantine of an expectation", "INSERT INTO {t} VALUES (70, 'x'), (-70, 'y')",
         [*MADE, "CREATE EXPECTATION {t}_positive ON {t} CHECK (id >= 0) ON VIOLATION QUARANTINE",
          "INSERT INTO {t} VALUES (-1, 'z')"], [ROWS, "SELECT count(*) FROM {t}_quarantine"], ahead=(1,)),
    Case("ANALYZE", "ANALYZE TABLE {t} COMPUTE STATISTICS FOR ALL COLUMNS", MADE,
         [ROWS, "SELECT row_count, files FROM system.table_statistics WHERE table_name = '{t}'"]),
    Case("FSCK REPAIR", "FSCK REPAIR TABLE {t}", MADE[:3], ["files"], by_hand=lose_a_file),
    Case("CREATE TABLE AS", "CREATE TABLE {t}_copy AS SELECT * FROM {t}", MADE, [ROWS, ROWS.replace("{t}", "{t}_copy")],
         fast=False),
    Case("INSERT OVERWRITE", "INSERT OVERWRITE {t} VALUES (1, 'o')", MADE, [ROWS], fast=False),
    Case("TRUNCATE", "TRUNCATE TABLE {t}", MADE, [ROWS], fast=False),
    Case("MERGE", "MERGE INTO {t} USING range(15, 25) s(k) ON {t}.id = s.k WHEN MATCHED AND s.k = 16 THEN DELETE WHEN MATCHED "
         "THEN UPDATE SET v = 'm' WHEN NOT MATCHED THEN INSERT VALUES (s.k, 'i')",
         [MADE[0].replace("TBLPROPERTIES (", "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', "), *MADE[1:]],
         [ROWS, "SELECT count(*), sum(id)::BIGINT FROM table_changes('{t}', 1)"], fast=False),
]


class FileFaults:
    """A server under faults, with one worker."""

    def __init__(self, binary):
        self.faults = Faults(binary)
        self.server = Server(binary, settings={"workers.count": "1", "workers.count_max": "1", "vacuum.short_retention": "true",
                                               "log_level": "error"}, environment=self.faults.environment).start()
        # As the system calls it: the calls are told of by real paths.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="neurolake-files-")).resolve()
        self.watched = [pathlib.Path(self.server.lake).resolve() / "tables", self.folder]
        self.numbers = itertools.count()
        self.sql(f"CREATE EXTERNAL LOCATION files URL '{self.folder}' WITH (REGISTER = TRUE)")

    def close(self):
        self.server.stop()
        self.faults.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.server.lake, ignore_errors=True)
        pathlib.Path(self.server.lake + ".log").unlink(missing_ok=True)

    def sql(self, statement):
        return self.server.sql(statement)

    def location(self, table):
        return pathlib.Path(named(self.sql(f"DESCRIBE DETAIL {table}"))[0]["location"])

    def filled(self, text, table):
        return text.replace("{t}", table).replace("{folder}", str(self.folder))

    def made(self, case):
        table = f"t{next(self.numbers)}"
        for statement in case.prepare:
            self.sql(self.filled(statement, table))
        if case.by_hand is not None:
            case.by_hand(self, table)
        return table

    def answer(self, question, table):
        """Rows, or what the question is refused with."""
        try:
            if question == "files":
                return named(self.sql(f"DESCRIBE DETAIL {table}"))[0]["numFiles"]
            if question == "columns":
                return [column["name"] for column in self.sql(f"SELECT * FROM {table} LIMIT 0")["columns"]]
            return self.sql(self.filled(question, table))["rows"]
        except StatementError as error:
            return error.sqlstate

    def state(self, case, table):
        return [self.answer(question, table) for question in case.questions]

    def files_of(self, table):
        return sum(len(files) for folder, _, files in os.walk(self.location(table)) if "_delta_log" not in folder)

    def run(self, case, kind, most=None):
        """How many operations went wrong: all there are, each on a table of its own. With `most` at least so many of them, evenly
        spread, and a table that a statement failed on is kept, as is what the worker knows of it. AssertionError with all that
        was not as it should be."""
        table = self.made(case)
        before = self.state(case, table)
        in_peace = self.made(case)
        assert self.state(case, in_peace) == before, f"{case.name}: the cases are not alike"
        error, _ = self.once(case.statement, in_peace, kind, NEVER)
        assert error is None, f"{case.name}: {error}"
        step = max(1, self.faults.seen() // most) if most else 1
        after = self.state(case, in_peace)
        assert (after == before) == case.same, f"{case.name}: {before} and {after}"
        problems = []
        for count, nth in enumerate(range(1, OPERATIONS_MAX, step)):
            error, struck = self.once(case.statement, table, kind, nth)
            found = self.state(case, table)
            problem = self.problem(case, kind, error, (before, after, found))
            if problem is None and case.same and error is None and self.files_of(table) != self.files_of(in_peace):
                problem = f"{self.files_of(table)} files are left, and not {self.files_of(in_peace)}"
            if problem is None and struck is None and error is not None:
                problem = "nothing went wrong, and it failed"
            if problem is not None:
                what = error.problem["code"] + ": " + error.problem["detail"] if error else "done"
                problems.append(f"{faults.NAMES[kind]} at operation {nth}, {struck}; {what}\n    {problem}")
            if struck is None:
                assert not problems, "\n".join([f"{case.name}, problems: {len(problems)}"] + problems)
                return count
            # Of a VACUUM that failed history tells.
            if error is None or most is None or case.same or found != before:
                table = self.made(case)
        raise AssertionError(f"{case.name}: no end")

    def once(self, statement, table, kind, nth):
        """(the error, if any; the operation that failed, if its turn came)"""
        error = None
        self.faults.arm(kind, nth, self.watched)
        try:
            self.sql(self.filled(statement, table))
        except StatementError as refusal:
            error = refusal
        finally:
            struck = self.faults.disarm()
        return error, struck

    def problem(self, case, kind, error, states):
        """What is wrong about an answer and what is seen after it."""
        before, after, found = states
        if error is None:
            return None if found == after else f"{found}, and not {after}"
        code, detail = error.problem["code"], error.problem["detail"]
        if code == "CommitUnknown":
            return None if found in (before, after) else f"{found} is none of {before}, {after}"
        seen = [after[i] if i in case.ahead and found[i] == after[i] else answer for i, answer in enumerate(before)]
        if found != seen:
            return f"{found}, and not {before}"
        clear = {"DiskFull"} if kind in (DISK_FULL, SHORT_WRITE) else CLEAR
        return None if code in clear and detail else "that is no clear error"
