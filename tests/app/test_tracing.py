"""Laws of traces: a span for each committed step, sent by OTLP; nothing at all unless set."""

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agents.spec import Seconds
from agents.stage import StageTask
from app.settings import Settings
from app.tracing import Tracing, tracers
from models.errors import SettingsError
from models.stage import Output, Step
from tests.agents.fake_kafka import FakeKafka, FakeWriter
from tests.agents.fakes import EchoStage, FakeContext, in_loop, record, spec_of
from tests.integration.harness import until

MS = 1_000_000
NOW_NS = 1_700_000_000_000 * MS


@dataclass
class Collector:
    """What an OTLP collector was sent.

    Attributes:
        endpoint: Where it listens.
        requests: The paths it was asked for, and what came.
    """

    endpoint: str
    requests: list[tuple[str, ExportTraceServiceRequest]] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        """All spans, in the order in which they ended."""
        resources = [r for _, request in self.requests for r in request.resource_spans]
        return [span for r in resources for scope in r.scope_spans for span in scope.spans]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listen for traces."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.requests.append((self.path, ExportTraceServiceRequest.FromString(body)))
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def settings(endpoint: str | None) -> Settings:
    """With that endpoint."""
    return Settings(CLICKSTREAM_OTLP_ENDPOINT=endpoint, CLICKSTREAM_APP_ID="shop")  # type: ignore[call-arg]


def attributes(span: Span) -> dict[str, str | int]:
    """Of a span."""
    return {
        a.key.removeprefix("clickstream."): a.value.string_value or a.value.int_value
        for a in span.attributes
    }


@in_loop
async def test_a_committed_step_is_a_span_with_what_it_read_and_its_two_parts() -> None:
    """It ends when it was committed; deciding comes first, then committing."""
    with collecting() as collector:
        (tracing,) = tracers(settings(collector.endpoint + "/"))
        assert isinstance(tracing, Tracing)
        tracing._clock_ns = lambda: NOW_NS
        task = StageTask(spec_of(EchoStage()), 0, FakeWriter(FakeKafka()), FakeContext())
        step = Step()
        step.send("echo", Output(b"user-1", b"secret"))
        records = [record(7), record(3, topic="other"), record(8)]
        tracing.committed(task, records, step, Seconds(0.002, 0.03))
        tracing.rebalanced(kept=1, taken=2, restored=30, seconds=0.5)
        until(lambda: len(collector.spans) == 4, "all spans to be sent", 20)
        (path, request), *_ = collector.requests
    assert "/v1/traces" == path
    named = {a.key: a.value.string_value for a in request.resource_spans[0].resource.attributes}
    assert "shop" == named["service.name"]
    decide, commit, whole, rebalance = collector.spans
    assert ["step", "commit", "echo step", "rebalance"] == [s.name for s in collector.spans]
    times = [(s.start_time_unix_nano, s.end_time_unix_nano) for s in collector.spans]
    begin, decided = NOW_NS - 32 * MS, NOW_NS - 30 * MS
    expected = [(begin, decided), (decided, NOW_NS), (begin, NOW_NS), (NOW_NS - 500 * MS, NOW_NS)]
    assert expected == times
    assert [whole.span_id] * 2 == [decide.parent_span_id, commit.parent_span_id]
    assert (b"", b"") == (whole.parent_span_id, rebalance.parent_span_id)
    told = {"stage": "echo", "partition": 0, "records": 3, "outputs": 1}
    offsets = {"in.first": 7, "in.last": 8, "other.first": 3, "other.last": 3}
    assert told | offsets == attributes(whole)
    assert {"kept": 1, "taken": 2, "restored": 30} == attributes(rebalance)
    assert b"secret" not in request.SerializeToString()
    assert b"user-1" not in request.SerializeToString()


def test_without_an_endpoint_nothing_is_traced_or_imported() -> None:
    """OpenTelemetry need not be installed."""
    program = (
        "import sys; from app.settings import Settings; from app.tracing import tracers;"
        "print(tracers(Settings()), [name for name in sys.modules if 'opentelemetry' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "[] []\n" == done.stdout


def test_a_missing_extra_is_said_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is connected."""
    name = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SettingsError, match=r"pip install 'clickstream\[tracing\]'"):
        tracers(settings("http://127.0.0.1:4318"))


@pytest.mark.parametrize("endpoint", ["127.0.0.1:4318", "grpc://x", "http://", "http://x?y"])
def test_an_endpoint_is_an_http_address(endpoint: str) -> None:
    """What is none is refused at the start."""
    with pytest.raises(ValueError, match="OTLP_ENDPOINT"):
        settings(endpoint)
