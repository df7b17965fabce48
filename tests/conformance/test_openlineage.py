"""OpenLineage events as an endpoint gets them: valid by the project's own classes, in order, none lost over an outage or
a restart, without values, and no statement waits for them."""
import json
import os
import pathlib
import shutil
import signal
import tempfile
import unittest

from openlineage_receiver import Receiver, check_event
from server import Server, StatementError

BINARY = os.environ["TESTED_BINARY"]


class Events(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            server.__exit__()
        self.receiver.stop()

    def start(self, **settings):
        named = {"openlineage." + name: value for name, value in settings.items()}
        server = Server(BINARY, settings={"openlineage.url": self.receiver.url, **named}).start()
        self.servers.append(server)
        return server

    def of(self, job, kind):
        return [e for e in self.receiver.events if e["job"]["name"] == job and e["eventType"] == kind]

    def wait_for(self, job, kind, count=1):
        self.receiver.wait(lambda _: len(self.of(job, kind)) >= count)
        return self.of(job, kind)[-1]

    def test_a_write_starts_and_completes_with_all_its_facets(self):
        server = self.start(**{"namespace": "lake-7", "api_key": "a secret key"})
        server.sql("CREATE TABLE a (id BIGINT, v VARCHAR)")
        server.sql("INSERT INTO a VALUES (1, 'needle')")
        server.sql("CREATE TABLE t (id BIGINT, n BIGINT)")
        server.sql("INSERT INTO t SELECT id, length(v) FROM a WHERE v <> 'hidden'")
        event = self.wait_for("main.t", "COMPLETE", 2)
        for one in self.receiver.events:
            check_event(one)
        start = self.of("main.t", "START")[-1]
        self.assertEqual(start["run"]["runId"], event["run"]["runId"])
        self.assertEqual(event["job"]["namespace"], "lake-7")
        self.assertEqual(self.receiver.requests[0], ("/api/v1/lineage", "Bearer a secret key", "application/json"))
        recorded = server.sql("SELECT DISTINCT statement_id FROM system.lineage WHERE target = 'main.t'")["rows"]
        self.assertEqual(recorded, [[event["run"]["runId"]]])
        (source,), (target,) = event["inputs"], event["outputs"]
        self.assertEqual((source["name"], source["facets"]["version"]["datasetVersion"]), ("main.a", "1"))
        self.assertEqual([f["name"] for f in source["facets"]["schema"]["fields"]], ["id", "v"])
        self.assertEqual((target["name"], target["facets"]["version"]["datasetVersion"]), ("main.t", "1"))
        self.assertEqual([(f["name"], f["type"]) for f in target["facets"]["schema"]["fields"]],
                         [("id", "BIGINT"), ("n", "BIGINT")])
        statistics = target["outputFacets"]["outputStatistics"]
        self.assertEqual((statistics["rowCount"], statistics["fileCount"]), (1, 1))
        self.assertGreater(statistics["size"], 0)
        lineage = target["facets"]["columnLineage"]
        kinds = {(column, field["field"], kind["type"], kind["subtype"]) for column, value in lineage["fields"].items()
                 for field in value["inputFields"] for kind in field["transformations"]}
        self.assertEqual(kinds, {("id", "id", "DIRECT", "IDENTITY"), ("n", "v", "DIRECT", "TRANSFORMATION")})
        self.assertEqual([(f["field"], [k["subtype"] for k in f["transformations"]]) for f in lineage["dataset"]],
                         [("v", ["FILTER"])])
        # No values, no text.
        everything = json.dumps(self.receiver.events)
        self.assertNotIn("needle", everything)
        self.assertNotIn("hidden", everything)
        self.assertNotIn("sql", event["job"]["facets"])

    def test_a_failure_is_a_failure_and_takes_nothing_anywhere(self):
        server = self.start()
        server.sql("CREATE TABLE t (id BIGINT NOT NULL)")
        with self.assertRaises(StatementError):
            server.sql("INSERT INTO t SELECT CASE WHEN range = 3 THEN NULL ELSE range END FROM range(9)")
        with self.assertRaises(StatementError):
            server.sql("INSERT INTO t SELECT 'needle' FROM nowhere")
        self.receiver.wait(lambda r: sum(e["eventType"] == "FAIL" for e in r.events) == 2)
        for event in self.receiver.events:
            check_event(event)
        fails = [e for e in self.receiver.events if e["eventType"] == "FAIL"]
        self.assertEqual([(e["inputs"], e["outputs"]) for e in fails], [([], []), ([], [])])
        self.assertIn("NotNullViolation", fails[0]["run"]["facets"]["errorMessage"]["message"])
        self.assertNotIn("needle", json.dumps(self.receiver.events))
        for event in fails:
            runs = [e["eventType"] for e in self.receiver.events if e["run"]["runId"] == event["run"]["runId"]]
            self.assertEqual(runs, ["START", "FAIL"])

    def test_queries_and_texts_are_sent_where_they_were_asked_for(self):
        server = self.start(statements="all", sql="true")
        server.sql("CREATE TABLE t AS SELECT 1 AS id")
        server.sql("SELECT id FROM t WHERE id < 4711")
        self.receiver.wait(lambda r: any(e["inputs"] and not e["outputs"] for e in r.events))
        for event in self.receiver.events:
            check_event(event)
        query = next(e for e in self.receiver.events if e["inputs"] and not e["outputs"])
        self.assertEqual([i["name"] for i in query["inputs"]], ["main.t"])
        self.assertEqual(query["job"]["facets"]["sql"]["query"], "select id from t where id < ?")
        self.assertNotIn("4711", json.dumps(self.receiver.events))
        quiet = self.start()
        quiet.sql("CREATE TABLE silent (id BIGINT)")
        quiet.sql("SELECT id FROM silent")
        quiet.sql("CREATE TABLE after (id BIGINT)")
        self.wait_for("main.after", "COMPLETE")
        self.assertEqual({e["job"]["name"] for e in self.receiver.events} - {query["job"]["name"]},
                         {"main.t", "main.silent", "main.after"})

    def test_an_outage_and_a_kill_lose_nothing_and_keep_the_order(self):
        server = self.start()
        for status in (500, 0, 401):
            self.receiver.answer(status)
            server.sql(f"CREATE TABLE t{status} (id BIGINT)")  # It answers all the same.
        self.receiver.wait(lambda r: len(r.requests) > 0)
        server.stop(signal.SIGKILL)
        self.receiver.answer(201)
        server.start()
        server.sql("CREATE TABLE last (id BIGINT)")
        self.wait_for("main.last", "COMPLETE")
        # At least once each; the first time in order.
        seen = list(dict.fromkeys((e["job"]["name"], e["eventType"]) for e in self.receiver.events))
        self.assertEqual(seen, [(f"main.{table}", kind) for table in ("t500", "t0", "t401", "last")
                                for kind in ("START", "COMPLETE")])

    def test_an_endpoint_that_is_not_there_and_one_that_refuses(self):
        port = self.receiver.port
        self.receiver.stop()
        server = self.start(**{"queue_max": "3"})
        for i in range(4):
            server.sql(f"CREATE TABLE t{i} (id BIGINT)")
        metrics = server.request("GET", "/metrics", None, server.admin_token)[2].decode()
        self.assertIn('neurolake_openlineage_events_total{outcome="dropped"} 5', metrics)
        self.receiver = Receiver(port)
        self.receiver.answer(422)  # About the event itself: it is not sent for ever.
        self.receiver.wait(lambda r: len(r.requests) >= 3)
        self.receiver.answer(201)
        server.sql("CREATE TABLE fine (id BIGINT)")
        self.wait_for("main.fine", "COMPLETE")
        self.assertEqual({e["job"]["name"] for e in self.receiver.events}, {"main.fine"})

    def test_to_a_file(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        try:
            server = self.start(url=f"file://{folder}/events.ndjson")
            server.request("PUT", "/v1/uploads/f.csv", b"id,v\n1,x\n", server.admin_token)
            server.sql("COPY INTO loaded FROM 'upload://f.csv' FILEFORMAT = CSV")
            server.stop()
            server.start()  # What was not written yet is written now.
            server.sql("CREATE TABLE end_mark (id BIGINT)")
            server.stop()
            server.start()
            server.stop()
            events = [json.loads(line) for line in (folder / "events.ndjson").read_text().splitlines()]
            for event in events:
                check_event(event)
            loaded = next(e for e in events if e["job"]["name"] == "main.loaded" and e["eventType"] == "COMPLETE")
            self.assertEqual([i["name"] for i in loaded["inputs"]], ["upload://f.csv"])
        finally:
            shutil.rmtree(folder)

    def test_a_wrong_address_is_refused_at_the_start(self):
        for url in ("ftp://host/x", "file://relative", "http://user:password@host/"):
            with self.assertRaises(RuntimeError):
                self.start(url=url)
