"""One feature of Delta as the conformance suites check it, and as a row of docs/delta-support.md."""
import dataclasses
import hashlib
import importlib
import json
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent / "features"


@dataclasses.dataclass(frozen=True)
class Refused:
    """A statement or a read that ends in a clear error. `text` is part of the message and names what is missing."""

    text: str


@dataclasses.dataclass(frozen=True)
class Differs:
    """A judge that reads, but not what is in the table: its fault, shown by the other judges. `why` goes on the page."""

    why: str


#: The judge answers as we do, at every version of the table.
SAME = "same"
#: Not tried, as there is nothing to try.
NONE = None


MAPPED_PARTITIONS = Differs("DuckDB's extension gives NULL for partition columns of tables with column mapping, Spark's too")


@dataclasses.dataclass
class Feature:
    """Statements hold `{t}` where the table's name goes; a list of them runs in order. Instead of a statement of ours there
    may be a function of the bench and the table's name: what else happens, or a check.

    What we write: `write` are our statements, `rows` what the table then holds (compared by value, any order), and
    `delta_rs`, `duckdb` and `spark` what these judges make of every version. With `write=Refused(…)` the first statement
    is refused with that text and nothing is left behind.

    What others write: `theirs` are Spark's statements (slow tier), `theirs_by_delta_rs` a function of a path (fast tier).
    `read` says whether we read each version of it as its writer does. `change` are our statements on that table, after
    which the judges read what we do; `change=Refused(…)` with `change_attempt` says that they are refused by name and
    leave the table as it was.
    """

    title: str
    write: object = NONE
    attempt: str = ""
    rows: object = NONE
    delta_rs: object = SAME
    duckdb: object = SAME
    spark: object = SAME
    theirs: object = NONE
    theirs_by_delta_rs: object = NONE
    read: object = SAME
    change: object = NONE
    change_attempt: str = "INSERT INTO {t} SELECT * FROM {t}"
    #: What delta-rs and DuckDB make of the table after `change`; Spark has to agree always.
    changed_delta_rs: object = SAME
    changed_duckdb: object = SAME
    #: Spark's statements on the table that we wrote; after each of them we read what Spark reads.
    spark_changes: object = ("INSERT INTO {t} SELECT * FROM {t}",)
    #: Our statements after Spark's.
    again: object = ("INSERT INTO {t} SELECT * FROM {t}",)
    #: Pairs of a query of ours and one of Spark's whose rows are the same; `{path}` is the table's directory.
    probes: object = ()
    #: What those judges that can tell say of the table itself: {"comment": …, "columns": {name: comment},
    #: "properties": {name: value, or None for one that is not there}}.
    description: object = NONE
    #: Columns compared when not all can be, as a list of expressions that every judge understands.
    columns: str = "*"
    #: Versions that another reader cannot go to, for a reason of the protocol (vacuumed files, cleaned logs).
    versions: object = "all"
    note: str = ""

    @property
    def slug(self):
        return "".join(c if c.isalnum() else "_" for c in self.title.lower()).strip("_")

    def digest(self):
        """Of all that a judge is asked: another one has not been tried."""
        def spelled(value):
            return value.__name__ if callable(value) else repr(value)
        parts = [[spelled(item) for item in value] if isinstance(value, (list, tuple)) else spelled(value)
                 for value in (getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "note")]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def all_groups():
    """[(heading, [Feature…])…] of every module in features/, in the order of their names' numbers."""
    groups = []
    for path in sorted(FOLDER.glob("[a-z]*.py")):
        module = importlib.import_module(f"features.{path.stem}")
        groups.append((module.ORDER, module.HEADING, module.FEATURES))
    return [(heading, features) for _, heading, features in sorted(groups, key=lambda group: group[0])]


def all_features():
    return [feature for _, features in all_groups() for feature in features]
