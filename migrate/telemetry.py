"""Spans and metrics for whoever watches the machines: sent only when an OpenTelemetry endpoint is configured.

The endpoint and all else come from OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`,
`OTEL_RESOURCE_ATTRIBUTES`, …). Nothing of a record is sent: names of phases, targets and objects, counts and times.
Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ .
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

SERVICE = "salesforce-exit"
ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)


def is_wanted() -> bool:
    """Say whether anybody has configured an endpoint."""
    return any(os.environ.get(name) for name in ENDPOINTS)


@contextmanager
def exported() -> Iterator[None]:
    """Send what is measured inside, and flush it at the end; does nothing without an endpoint.

    A collector that cannot be reached costs a line in the log, never the run: that is how the exporters behave.
    """
    if not is_wanted():
        yield
        return
    from opentelemetry import metrics, trace
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME", SERVICE)})
    tracers, meters = (
        TracerProvider(resource=resource),
        MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource=resource),
    )
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(meters)
    try:
        yield
    finally:
        tracers.shutdown()
        meters.shutdown()


@contextmanager
def span(name: str, **attributes: str | float | bool) -> Iterator[None]:
    """Measure a part of the run; an exception that passes is noted by its type, not by its text."""
    if not is_wanted():
        yield
        return
    from opentelemetry import trace
    from opentelemetry.trace import Status, StatusCode

    tracer = trace.get_tracer(SERVICE)
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except BaseException as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def measure(phase: str, seconds: float, findings: int, detail: Mapping[str, Any]) -> None:
    """Send what a phase counted: its seconds and findings, records and calls by target, accuracy by object."""
    if not is_wanted():
        return
    from opentelemetry import metrics

    meter = metrics.get_meter(SERVICE)
    meter.create_histogram("migrate.phase.duration", unit="s").record(seconds, {"phase": phase})
    meter.create_counter("migrate.findings").add(findings, {"phase": phase})
    for target, writes in detail.get("targets", {}).items():
        for what in ("calls", "records"):
            meter.create_counter(f"migrate.{what}").add(writes[what], {"target": target})
    for one in detail.get("objects", ()):
        _measure_object(meter, phase, one)


def _measure_object(meter: Any, phase: str, one: Mapping[str, Any]) -> None:
    names = {name: str(one[name]) for name in ("target", "object") if name in one}
    for what in (
        "landed_count",
        "verified",
        "quarantined",
        "refused",
        "failed",
        "unexplained_loss",
        "accuracy",
    ):
        if one.get(what) is not None:
            meter.create_gauge(f"migrate.{phase}.{what}").set(one[what], names)
