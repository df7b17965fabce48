"""`neurolake lineage`: what it draws is what happened, in Mermaid that holds to the language whatever tables are called;
and lineage of files, of views, of a backup."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]

LABEL = r'"(?:[^"#<>`&\\{}\[\]|;\x00-\x1f]|#\d+;)*"'
NODE = r"n\d+(?:c\d+)?"
LINES = [rf"  n\d+\[{LABEL}\]", rf"  n\d+\(\[{LABEL}\]\)", rf"  n\d+\[/{LABEL}/\]",
         rf"  {NODE} (?:-->|-\.->)\|{LABEL}\| {NODE}", r"  style n\d+ stroke-width:3px"]


def parse(text):
    """The labels of nodes by name and the arrows of a flow chart; AssertionError for what is none."""
    lines = text.split("\n")
    assert lines[0] == "flowchart LR" and lines[-1] == "", lines[:1]
    nodes, arrows, group = {}, [], None
    for line in lines[1:-1]:
        opened = re.fullmatch(rf"  subgraph (n\d+)\[({LABEL})\]", line)
        if opened:
            assert group is None
            group = opened.group(1)
            nodes[group] = opened.group(2)
        elif line == "  end":
            assert group is not None
            group = None
        elif group is not None:
            inner = re.fullmatch(rf"    (n\d+c\d+)\[({LABEL})\]", line)
            assert inner, line
            nodes[inner.group(1)] = inner.group(2)
        else:
            assert any(re.fullmatch(pattern, line) for pattern in LINES), line
            arrow = re.fullmatch(rf"  ({NODE}) (\S+)\|({LABEL})\| ({NODE})", line)
            if arrow:
                arrows.append(arrow.groups())
            elif "style" not in line:
                nodes[re.match(r"  (n\d+)", line).group(1)] = re.search(LABEL, line).group(0)
    assert group is None
    unescape = lambda label: re.sub(r"#(\d+);", lambda m: chr(int(m.group(1))), label[1:-1])
    for source, _, _, target in arrows:
        assert source in nodes and target in nodes, (source, target)
    return ({name: unescape(label) for name, label in nodes.items()},
            {(unescape(nodes[s]), kind, unescape(label), unescape(nodes[t])) for s, kind, label, t in arrows})


class Lineage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY).start()
        sql = cls.server.sql
        cls.server.request("PUT", "/v1/uploads/f.csv", b"id,v\n1,x\n2,y\n", cls.server.admin_token)
        sql("COPY INTO bronze.raw FROM 'upload://f.csv' FILEFORMAT = CSV")
        sql("PROMOTE FROM bronze.raw INTO silver.clean AS SELECT CAST(id AS BIGINT) AS id, upper(v) AS v, _loaded_at, _load_id FROM source")
        sql("CREATE VIEW silver.seen AS SELECT id, v FROM silver.clean WHERE id > 0")
        sql("CREATE TABLE gold.counts AS SELECT v, count(id) AS n FROM silver.seen GROUP BY v")
        sql("CREATE TABLE gold.copy AS SELECT * FROM gold.counts")

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def run_command(self, *words, user="admin"):
        command = [BINARY, "--server", self.server.url, "lineage", *words]
        environment = {**os.environ, "NEUROLAKE_TOKEN": self.server.token_of(user)}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)

    def draw(self, *words, user="admin"):
        run = self.run_command(*words, user=user)
        self.assertEqual(run.returncode, 0, run.stderr)
        return parse(run.stdout)

    def test_the_way_from_file_to_gold(self):
        nodes, arrows = self.draw("silver.clean")
        # Other tests make more of silver.clean.
        mine = {"upload://f.csv", "bronze.raw", "silver.clean", "silver.seen", "gold.counts", "gold.copy"}
        self.assertLessEqual(mine, set(nodes.values()))
        pairs = {(source, target) for source, _, _, target in arrows if {source, target} <= mine}
        self.assertEqual(pairs, {("upload://f.csv", "bronze.raw"), ("bronze.raw", "silver.clean"), ("silver.clean", "silver.seen"),
                                 ("silver.clean", "gold.counts"), ("silver.seen", "gold.counts"), ("gold.counts", "gold.copy")})

    def test_direction_and_depth(self):
        self.assertEqual(set(self.draw("gold.counts", "--direction", "up", "--depth", "1")[0].values()),
                         {"gold.counts", "silver.clean", "silver.seen"})
        self.assertEqual(set(self.draw("gold.counts", "--direction", "down")[0].values()), {"gold.counts", "gold.copy"})

    def test_from_a_view_on(self):
        self.assertEqual(set(self.draw("silver.seen", "--direction", "down")[0].values()),
                         {"silver.seen", "gold.counts", "gold.copy"})
        self.assertEqual(set(self.draw("silver.seen", "--direction", "up", "--depth", "1")[0].values()),
                         {"silver.seen", "silver.clean"})
        # A view of a view, with a name that JSON has to quote, and one that nothing was made from.
        with Server(BINARY) as server:
            for statement in ("CREATE TABLE a AS SELECT 1 AS x", "CREATE VIEW v1 AS SELECT x FROM a",
                              'CREATE VIEW "v""2\\" AS SELECT x FROM v1', 'CREATE TABLE b AS SELECT * FROM "v""2\\"',
                              "CREATE VIEW v AS SELECT x FROM a"):
                server.sql(statement)
            command = [BINARY, "--server", server.url, "lineage"]
            environment = {**os.environ, "NEUROLAKE_TOKEN": server.admin_token}
            for start, direction, names in (("v1", "down", {"v1", 'v"2\\', "b"}), ('v"2\\', "down", {'v"2\\', "b"}),
                                            ("v", "down", {"v"}), ("b", "up", {"b", 'v"2\\', "v1", "a"})):
                run = subprocess.run([*command, f"main.{start}", "--direction", direction], capture_output=True, text=True,
                                     timeout=60, env=environment)
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertEqual(set(parse(run.stdout)[0].values()), {f"main.{name}" for name in names}, start)

    def test_columns(self):
        _, arrows = self.draw("gold.counts", "--direction", "up", "--depth", "1", "--columns")
        self.assertEqual(arrows, {("v", "-->", "IDENTITY", "v"), ("id", "-->", "AGGREGATION", "n"),
                                  ("id", "-.->", "FILTER", "gold.counts"), ("v", "-.->", "GROUP_BY", "gold.counts"),
                                  ("silver.seen", "-->", "CREATE TABLE AS", "gold.counts")})

    def test_files_and_columns_of_a_load(self):
        rows = self.server.sql("SELECT source_kind, source, source_column, target_column FROM system.column_lineage "
                               "WHERE operation = 'COPY INTO' AND dependence = 'DIRECT' AND target_column IN ('id', 'v') ORDER BY ALL")["rows"]
        self.assertEqual(rows, [["file", "upload://f.csv", "id", "id"], ["file", "upload://f.csv", "v", "v"]])
        # Somebody else's file has no name; its table has.
        others = self.server.sql("SELECT source_kind, source, target FROM system.lineage WHERE operation = 'COPY INTO'", "reader")["rows"]
        self.assertEqual(others, [["file", None, "bronze.raw"]])

    def test_columns_of_json_and_of_rows_set_aside(self):
        with Server(BINARY) as server:
            server.request("PUT", "/v1/uploads/j.json", b'{"id": 1, "who": "x"}\n{"id": 2, "who": "y"}\n', server.admin_token)
            server.sql("COPY INTO j FROM 'upload://j.json' FILEFORMAT = JSON")
            server.sql("CREATE TABLE strict (id BIGINT, n INTEGER)")
            server.request("PUT", "/v1/uploads/c.csv", b"id,n\n1,5\n2,bad\n", server.admin_token)
            server.sql("COPY INTO strict FROM 'upload://c.csv' FILEFORMAT = CSV")
            columns = server.sql("SELECT target, source_column, target_column FROM system.column_lineage WHERE dependence = 'DIRECT' "
                                 "AND target_column IN ('id', 'who', 'n') AND target <> 'main.strict__quarantine' ORDER BY ALL")["rows"]
            self.assertEqual(columns, [["main.j", "id", "id"], ["main.j", "who", "who"],
                                       ["main.strict", "id", "id"], ["main.strict", "n", "n"]])
            targets = server.sql("SELECT source, target FROM system.lineage ORDER BY ALL")["rows"]
            self.assertEqual(targets, [["upload://c.csv", "main.strict"], ["upload://c.csv", "main.strict__quarantine"],
                                       ["upload://j.json", "main.j"]])

    def test_files_of_a_conversion(self):
        place = tempfile.mkdtemp(prefix="neurolake-lineage-")
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        with Server(BINARY) as server:
            server.sql("CREATE TABLE source AS SELECT 1 AS id, 'x' AS name")
            (location,), = server.sql("SELECT id FROM system.tables WHERE table_name = 'source'")["rows"]
            parquet, = pathlib.Path(server.lake, "tables", location).glob("*.parquet")
            for day in ("2024-01-01", "2024-01-02"):
                directory = pathlib.Path(place, "events", f"day={day}")
                directory.mkdir(parents=True)
                shutil.copy(parquet, directory / "part.parquet")
            server.sql(f"CREATE EXTERNAL LOCATION here URL '{place}' WITH (REGISTER = TRUE)")
            server.sql(f"CONVERT TO DELTA parquet.`{place}/events` PARTITIONED BY (day DATE)")
            files = [f"here/events/day=2024-01-0{day}/part.parquet" for day in (1, 2)]
            # The version that has the rows, not the empty one before it.
            edges = server.sql("SELECT operation, source_kind, source, target, target_version FROM system.lineage "
                               "WHERE target = 'main.events' ORDER BY source")["rows"]
            self.assertEqual(edges, [["CONVERT", "file", file, "main.events", 1] for file in files])
            columns = server.sql("SELECT DISTINCT source_column, target_column, dependence, subtype FROM "
                                 "system.column_lineage WHERE target = 'main.events' ORDER BY ALL")["rows"]
            self.assertEqual(columns, [["id", "id", "DIRECT", "IDENTITY"], ["name", "name", "DIRECT", "IDENTITY"]])
            # One that was refused leaves none.
            with self.assertRaises(StatementError):
                server.sql(f"CONVERT TO DELTA parquet.`{place}/events` PARTITIONED BY (day DATE) AS again")
            self.assertEqual(server.sql("SELECT count(*) FROM system.lineage WHERE operation = 'CONVERT'")["rows"], [[2]])

    def test_json(self):
        run = self.run_command("gold.counts", "--format", "json", "--columns", "--direction", "up", "--depth", "1")
        graph = json.loads(run.stdout)
        names = {node["id"]: node["name"] for node in graph["nodes"]}
        self.assertEqual(set(names.values()), {"gold.counts", "silver.clean", "silver.seen"})
        edges = {names[edge["source"]]: edge for edge in graph["edges"]}
        self.assertEqual(len(graph["edges"]), 2)
        self.assertEqual(edges["silver.seen"]["columns"], [])
        edge = edges["silver.clean"]
        self.assertIn({"source": "id", "target": "n", "dependence": "DIRECT", "subtype": "AGGREGATION"}, edge["columns"])

    def test_what_is_not_there(self):
        run = self.run_command("gold.nothing")
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("gold.nothing", run.stderr)

    def test_names_that_would_be_mermaid_if_they_could(self):
        evil = 'a"] --> b; click n0 "javascript:x" %% <b>`#quot;\n|{'
        quoted = '"' + evil.replace('"', '""').replace("\n", " ") + '"'
        self.server.sql(f"CREATE TABLE main.{quoted} AS SELECT id AS {quoted} FROM silver.clean")
        self.server.sql(f"CREATE TABLE main.after_evil AS SELECT * FROM main.{quoted}")
        nodes, arrows = self.draw("main.after_evil", "--direction", "up", "--depth", "1", "--columns")
        self.assertIn("main." + evil.replace("\n", " ").lower(), nodes.values())
        self.assertEqual(len(arrows), 1)
        self.server.sql("DROP TABLE main.after_evil")
        self.server.sql(f"DROP TABLE main.{quoted}")

    def test_a_dropped_table_is_hidden_from_readers(self):
        self.server.sql("CREATE TABLE gold.gone AS SELECT id FROM silver.clean")
        self.assertIn("gold.gone", self.draw("silver.clean", "--direction", "down", user="reader")[0].values())
        self.server.sql("DROP TABLE gold.gone")
        self.assertNotIn("gold.gone", self.draw("silver.clean", "--direction", "down", user="reader")[0].values())
        self.assertIn("gold.gone", self.draw("silver.clean", "--direction", "down", user="engineer")[0].values())

    def test_pages_of_a_long_history(self):
        self.server.sql("CREATE TABLE wide AS SELECT " + ", ".join(f"id AS c{i}" for i in range(700)) + " FROM silver.clean")
        for _ in range(3):
            self.server.sql("INSERT INTO wide SELECT * FROM wide")
        answer = self.server.sql("SELECT target_version, count(*), count(DISTINCT target_column) FROM system.column_lineage "
                                 "WHERE target = 'main.wide' GROUP BY ALL ORDER BY 1")["rows"]
        self.assertEqual(answer, [[version, 700, 700] for version in range(4)])
        both = self.server.sql("SELECT count(*) FROM system.column_lineage AS a JOIN system.column_lineage AS b "
                               "USING (target_id, target_version, source_column, target_column) WHERE a.target = 'main.wide'")["rows"]
        self.assertEqual(both, [[2800]])

    def test_it_is_in_a_backup(self):
        with Server(BINARY) as server:
            server.sql("CREATE TABLE a (id BIGINT)")
            server.sql("CREATE TABLE b AS SELECT * FROM a")
            folder = tempfile.mkdtemp()
            try:
                server.stop()
                for words in (["backup", f"{folder}/copy"], ["restore", f"{folder}/copy", "--force"]):
                    run = subprocess.run([BINARY, "--lake", server.lake, *words], capture_output=True, text=True, timeout=60)
                    self.assertEqual(run.returncode, 0, run.stderr)
                server.start()
                self.assertEqual(server.sql("SELECT source, target FROM system.lineage")["rows"], [["main.a", "main.b"]])
            finally:
                shutil.rmtree(folder)
