"""When traces are on, and that they cost nothing while they are off."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from telemetry.traces import wanted


@pytest.mark.parametrize(
    ("environment", "exporter"),
    [
        ({}, None),
        ({"OTEL_SERVICE_NAME": "x"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, None),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        (
            {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector"},
            None,
        ),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, None),
    ],
)
def test_the_standard_variables_decide(environment: dict[str, str], exporter: str | None) -> None:
    assert wanted(environment) == exporter


@pytest.mark.parametrize("module", ["api.app", "worker"])
def test_while_they_are_off_nothing_of_them_is_loaded(module: str) -> None:
    program = f"""
import sys
import {module}
from telemetry import traces
traces.start("keepdate")
assert traces.plugins() == []
heavy = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation")
print([name for name in sys.modules if name.startswith((*heavy, "temporalio.contrib.open"))])
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"


def test_a_collector_that_hangs_holds_up_no_process_that_ends() -> None:
    program = """
import threading
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import get_tracer
from telemetry import traces

class Hanging(SpanExporter):
    given_up = False
    def export(self, spans):
        threading.Event().wait()
    def shutdown(self):
        # What OpenTelemetry does once it has waited for long enough.
        Hanging.given_up = True

traces._SEND_WITHIN_SECONDS = 0.1
traces.switch_on(Hanging(), "keepdate")
get_tracer("keepdate").start_span("what is left").end()
traces.stop()
print(Hanging.given_up)
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "False"


@pytest.mark.parametrize("names", ["", "http/dup"])
def test_neither_what_was_searched_for_nor_a_secret_is_in_a_trace(names: str) -> None:
    asked = [
        f"http://x{path}" for path in ("/v1/calendars/SECRET.ics", "/v1/topics/a-topic?q=SEARCHED")
    ]
    told = _traced(asked, "span.name, dict(span.attributes)", OTEL_SEMCONV_STABILITY_OPT_IN=names)
    assert "/v1/topics/a-topic" in told
    assert "SEARCHED" not in told
    assert "SECRET" not in told


def test_probes_and_streams_are_left_out_of_traces_and_nothing_else_is() -> None:
    paths = (
        "/healthz", "/readyz", "/metrics", "/v1/live", "/v1/live?after=7", "/live?viewer=x",
        "/v1/webhooks/a-webhook/deliveries", "/bookings/live", "/v1/topics/metrics", "/live/1",
    )  # fmt: skip
    hosts = ("api.example.org", "live.example.org:8443")
    asked = [f"https://{host}{path}" for host in hosts for path in paths]
    told = _traced(asked, 'span.attributes["http.target"]')
    traced = [
        "/v1/webhooks/a-webhook/deliveries",
        "/bookings/live",
        "/v1/topics/metrics",
        "/live/1",
    ]
    assert told.split() == 2 * traced


def _traced(asked: Sequence[str], shown: str, **environment: str) -> str:
    """What is traced of requests for these addresses: of each `span` what is to be shown."""
    program = f"""
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from telemetry import traces

kept = InMemorySpanExporter()
traces.switch_on(kept, "keepdate")
app = FastAPI()
traces.follow_requests(app)
for address in {list(asked)}:
    TestClient(app).get(address)
traces._provider.force_flush()
for span in kept.get_finished_spans():
    print({shown})
traces.stop()
"""
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
