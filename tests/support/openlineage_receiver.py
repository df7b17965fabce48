"""An endpoint for OpenLineage events on 127.0.0.1, which fails when it is told to, and a check of events by the classes
that the OpenLineage project generates from its JSON schemas (PyPI openlineage-python, Apache-2.0), and of the formats that
the schemas give, which the classes leave out."""
import http.server
import json
import threading
import types
import typing
import urllib.parse
import uuid

from openlineage.client import facet_v2
from openlineage.client.generated import base
import attr
from rfc3339_validator import validate_rfc3339

# Members by name that the schemas give a format, wherever they stand.
URIS = ("producer", "schemaURL", "_producer", "_schemaURL", "namespaceUri")
TIMES = ("eventTime",)
IDS = ("runId",)

# Where in an event the facets of a name stand, and the class of each.
FACETS = {
    "run": {"parent": facet_v2.parent_run.ParentRunFacet, "errorMessage": facet_v2.error_message_run.ErrorMessageRunFacet,
            "processing_engine": facet_v2.processing_engine_run.ProcessingEngineRunFacet},
    "job": {"jobType": facet_v2.job_type_job.JobTypeJobFacet, "sql": facet_v2.sql_job.SQLJobFacet},
    "dataset": {"schema": facet_v2.schema_dataset.SchemaDatasetFacet,
                "version": facet_v2.dataset_version_dataset.DatasetVersionDatasetFacet,
                "columnLineage": facet_v2.column_lineage_dataset.ColumnLineageDatasetFacet},
    "output": {"outputStatistics": facet_v2.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet},
}


def build(cls, value, path):
    """`value` as an object of `cls`, its members checked down to the leaves: none missing, none unknown, none of
    another type."""
    origin, arguments = typing.get_origin(cls), typing.get_args(cls)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            raise AssertionError(f"{path}: null")
        return build(next(a for a in arguments if a is not type(None)), value, path)
    if origin is list:
        assert isinstance(value, list), path
        return [build(arguments[0], item, f"{path}[{i}]") for i, item in enumerate(value)]
    if origin is dict:
        assert isinstance(value, dict), path
        return {key: build(arguments[1], item, f"{path}.{key}") for key, item in value.items()}
    if not attr.has(cls):
        assert cls is typing.Any or type(value) is cls, f"{path}: {value!r} is no {cls}"
        return value
    assert isinstance(value, dict), path
    hints = typing.get_type_hints(cls)
    members = dict(value)
    if issubclass(cls, base.BaseFacet):
        for member in ("_producer", "_schemaURL"):
            assert isinstance(members.get(member), str), f"{path}: no {member}"
        assert members.pop("_schemaURL") == cls._get_schema(), f"{path}: {value['_schemaURL']}"
        members.pop("_producer")
    known = {field.name: field for field in attr.fields(cls) if not field.name.startswith("_")}
    unknown = set(members) - set(known)
    assert not unknown, f"{path}: unknown members {unknown}"
    for name, field in known.items():
        assert name in members or field.default is not attr.NOTHING, f"{path}: no {name}"
    return cls(**{name: build(hints[name], item, f"{path}.{name}") for name, item in members.items()})


def check_facets(kind, facets, path):
    for name, facet in facets.items():
        build(FACETS[kind][name], facet, f"{path}.{name}")


def check_formats(value, path=""):
    """`date-time`, `uri` and `uuid` as JSON Schema has them, all through `value`."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            check_formats(item, f"{path}[{i}]")
    if not isinstance(value, dict):
        return
    for name, member in value.items():
        place = f"{path}.{name}"
        if name in TIMES:
            assert validate_rfc3339(member), f"{place}: {member!r} is no date-time"
        if name in IDS:
            assert str(uuid.UUID(member)) == member, f"{place}: {member!r} is no uuid"
        if name in URIS:
            url = urllib.parse.urlsplit(member)
            assert url.scheme and (url.netloc or url.path) and member.isascii() and " " not in member, f"{place}: {member!r} is no uri"
        check_formats(member, place)


def check_event(event):
    """Raises AssertionError or ValueError unless `event` is what the specification calls a RunEvent."""
    assert set(event) == {"eventType", "eventTime", "producer", "schemaURL", "run", "job", "inputs", "outputs"}, event
    assert event["schemaURL"] == base.RunEvent._get_schema()
    check_formats(event)
    uuid.UUID(event["run"]["runId"])
    # The class checks the time, the producer's URI and the run's id.
    base.RunEvent(eventTime=event["eventTime"], producer=event["producer"],
                  run=base.Run(runId=event["run"]["runId"]),
                  job=base.Job(namespace=event["job"]["namespace"], name=event["job"]["name"]),
                  eventType=base.EventType[event["eventType"]])
    check_facets("run", event["run"].get("facets", {}), "run")
    check_facets("job", event["job"].get("facets", {}), "job")
    for kind in ("inputs", "outputs"):
        for dataset in event[kind]:
            assert set(dataset) <= {"namespace", "name", "facets", "outputFacets"}, dataset
            assert dataset["namespace"] and dataset["name"], dataset
            check_facets("dataset", dataset.get("facets", {}), kind)
            check_facets("output", dataset.get("outputFacets", {}), kind)


class Receiver:
    """Keeps what is posted to it. `status` is what it answers; 0 closes the connection without an answer."""

    def __init__(self, port=0):
        self.events, self.requests, self.status = [], [], 201
        self.changed = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.changed:
                    status = receiver.status
                    receiver.requests.append((self.path, self.headers.get("Authorization"), self.headers.get("Content-Type")))
                    if 200 <= status < 300:
                        receiver.events.append(json.loads(body))
                    receiver.changed.notify_all()
                if status == 0:
                    self.connection.close()
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/api/v1/lineage"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, status):
        with self.changed:
            self.status = status

    def wait(self, condition, timeout=60):
        """Until `condition` holds of this receiver."""
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self), timeout):
                raise AssertionError(f"events so far: {[(e['eventType'], e['job']['name']) for e in self.events]}")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
