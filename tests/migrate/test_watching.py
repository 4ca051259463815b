"""What leaves the machine while a run is watched: alerts to a webhook, spans and metrics to a collector."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from opentelemetry import metrics, trace
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.util._once import Once
from structlog.testing import capture_logs

from load.target import WrongAccountError
from migrate import alerts, run, runs, telemetry
from migrate.phases import Outcome, Work
from migrate.runs import Run
from migrate.screen import Screen
from migrate.settings import Settings


class Received(BaseHTTPRequestHandler):
    """Keeps what is posted; answers with the status that the class holds."""

    posts: ClassVar[list[tuple[str, bytes]]] = []
    status: ClassVar[int] = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posts.append((self.path, body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Received, "posts", [])
    with _serving() as url:
        yield url


@contextmanager
def _serving() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Received)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listener: str) -> Work:
    """Give work on no warehouse: what is written to OPS is not the matter here."""
    monkeypatch.setenv("ALERT_WEBHOOK_URL", f"{listener}/hook")
    monkeypatch.setattr(runs, "record_phase", lambda *_: None)
    monkeypatch.setattr(runs, "finish", lambda *_: None)
    settings = Settings().model_copy(update={"home": tmp_path})
    return Work(settings, None, "20260101T000000Z-0000", Screen(as_json=True))


def _steps(monkeypatch: pytest.MonkeyPatch, **steps: Any) -> None:
    quiet = {name: lambda _: Outcome({}) for name in runs.PHASES}
    monkeypatch.setattr(run, "STEPS", quiet | steps)


def _alerts() -> list[str]:
    return [json.loads(body)["text"] for path, body in Received.posts if path == "/hook"]


def test_a_shut_gate_is_told_to_the_channel(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    _steps(monkeypatch, load=lambda _: Outcome({}, ["hubspot contacts: 20 of 100 records refused"]))
    run.run_all(work, Run(work.run_id, is_resumed=False))
    [told] = _alerts()
    assert "20260101T000000Z-0000" in told
    assert "gate of load" in told
    assert "20 of 100" in told


def test_an_error_is_told_in_words_that_may_leave(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(error: Exception) -> Any:
        def step(_: Work) -> Outcome:
            raise error

        return step

    _steps(monkeypatch, extract=ends(WrongAccountError("account 1 is not account 2")))
    with pytest.raises(WrongAccountError):
        run.run_all(work, Run(work.run_id, is_resumed=False))
    _steps(monkeypatch, extract=ends(ValueError("ada@example.org")))
    with pytest.raises(ValueError, match="ada"):
        run.run_all(work, Run(work.run_id, is_resumed=False))
    ours, foreign = _alerts()
    assert "account 1 is not account 2" in ours
    assert "ValueError" in foreign
    assert "ada@" not in foreign


def test_a_clean_run_tells_nobody(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    _steps(monkeypatch)
    run.run_all(work, Run(work.run_id, is_resumed=False))
    assert Received.posts == []


def test_a_dead_channel_does_not_end_the_run(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Received, "status", 503)
    _steps(monkeypatch, build=lambda _: Outcome({}, ["a test failed"]))
    with capture_logs() as logged:
        results = run.run_all(work, Run(work.run_id, is_resumed=False))
    assert "alert not sent" in str(logged)
    assert "/hook" not in str(logged), "the address is a secret"
    assert [result.status for result in results] == ["succeeded", "failed"]
    assert len(Received.posts) == alerts.ATTEMPTS


def test_a_long_list_of_findings_is_cut() -> None:
    told = alerts.text("r", "build", [f"finding {number}" for number in range(25)])
    assert "finding 9" in told
    assert "finding 10" not in told
    assert "and 15 more" in told


def test_spans_and_metrics_reach_a_collector(
    work: Work, listener: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", listener)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(metrics._internal, "_METER_PROVIDER_SET_ONCE", Once())
    load = {"targets": {"hubspot": {"calls": 7, "records": 650}}}
    objects = [{"target": "hubspot", "object": "deals", "accuracy": 0.995, "unexplained_loss": 0}]
    _steps(
        monkeypatch,
        load=lambda _: Outcome(load),
        reconcile=lambda _: Outcome({"objects": objects}, ["too little"]),
    )
    run.run_all(work, Run(work.run_id, is_resumed=False))
    assert {span.name for span in _spans()} == {"run", *runs.PHASES}
    points = {
        (metric.name, *sorted(attribute.value.string_value for attribute in point.attributes)): point
        for metric in _metrics()
        for point in (*metric.sum.data_points, *metric.gauge.data_points)
    }
    assert points["migrate.records", "hubspot"].as_int == 650
    assert points["migrate.reconcile.accuracy", "deals", "hubspot"].as_double == 0.995
    assert points["migrate.findings", "reconcile"].as_int == 1


def test_without_an_endpoint_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in telemetry.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    before = trace._TRACER_PROVIDER
    with telemetry.exported(), telemetry.span("run"):
        telemetry.measure("extract", 1.0, 0, {})
    assert trace._TRACER_PROVIDER is before


def _spans() -> list[Any]:
    bodies = [body for path, body in Received.posts if path == "/v1/traces"]
    requests = [ExportTraceServiceRequest.FromString(body) for body in bodies]
    scopes = [scope for one in requests for resource in one.resource_spans for scope in resource.scope_spans]
    return [span for scope in scopes for span in scope.spans]


def _metrics() -> list[Any]:
    bodies = [body for path, body in Received.posts if path == "/v1/metrics"]
    requests = [ExportMetricsServiceRequest.FromString(body) for body in bodies]
    scopes = [
        scope for one in requests for resource in one.resource_metrics for scope in resource.scope_metrics
    ]
    return [metric for scope in scopes for metric in scope.metrics]
