"""Traces, from an HTTP request through workflow and activity to SQL: off unless `OTEL_…` asks.

While they are off, neither its SDK nor an instrumentation is loaded, and nothing here is done.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI
    from opentelemetry.sdk.trace.export import SpanExporter
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin, ReplaySafeTracerProvider

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_UNTRACED = r"^[a-z]+://[^/]*/(healthz|readyz|metrics|v1/live|live)$"
"""The addresses of probes, and of streams that last for long: whole ones, without the query."""

_CALENDARS = "/v1/calendars/"
"""Whoever knows the rest of such a path reads somebody's calendar: the database has its hash."""

_SEND_WITHIN_SECONDS = 2.0
"""So long the end of a process waits for a collector, on top of what it finishes by itself."""

_provider: ReplaySafeTracerProvider | None = None


def wanted(environment: Mapping[str, str]) -> str | None:
    """The exporter that the standard variables ask for: `otlp`, `console`, or none at all."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    named = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if named in {"otlp", "console"}:
        return named
    if named:
        return None
    return "otlp" if any(environment.get(name) for name in _ENDPOINTS) else None


def start(service: str) -> None:
    """Switch traces on if the environment wants them; `service` is our name in them."""
    exporter = wanted(os.environ)
    if exporter == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        switch_on(OTLPSpanExporter(), service)
    elif exporter == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        switch_on(ConsoleSpanExporter(), service)


def switch_on(exporter: SpanExporter, service: str) -> None:
    """Trace from now on. `OTEL_SERVICE_NAME` and `OTEL_TRACES_SAMPLER` have the last word."""
    global _provider  # noqa: PLW0603 - OpenTelemetry knows one provider in a process
    from opentelemetry import trace
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from temporalio.contrib.opentelemetry import create_tracer_provider

    ours = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: service}
    _provider = create_tracer_provider(resource=Resource.create(ours))
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(_provider)


def stop() -> None:
    """Send what has not been sent yet, as far as it is taken soon, and trace no more."""
    global _provider  # noqa: PLW0603
    if _provider is not None:
        # OpenTelemetry waits for half a minute for a collector that hangs. Whoever has asked the
        # process to end has killed it by then.
        sending = threading.Thread(target=_provider.shutdown, name="last traces", daemon=True)
        sending.start()
        sending.join(_SEND_WITHIN_SECONDS)
        _provider = None


def plugins() -> list[OpenTelemetryPlugin]:
    """What makes a Temporal client, and the workers that use it, part of a trace."""
    if _provider is None:
        return []
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin

    return [OpenTelemetryPlugin(add_temporal_spans=True)]


def follow_requests(app: FastAPI) -> None:
    """Have every request to an application begin a trace, or go on with its caller's."""
    if _provider is None:
        return
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    FastAPIInstrumentor.instrument_app(
        app,
        excluded_urls=_UNTRACED,
        tracer_provider=_provider,
        server_request_hook=_without_query,
        exclude_spans=["receive", "send"],
    )


def follow_statements(engine: AsyncEngine) -> None:
    """Have every statement be a span; it shows the statement, never its values."""
    if _provider is None:
        return
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor

    SQLAlchemyInstrumentor().instrument(
        engine=engine.sync_engine,
        tracer_provider=_provider,
        # It knows SQLAlchemy up to 2.0 by name. With 2.1 it works all the same, and is tested.
        skip_dep_check=True,
    )


def _without_query(span: Any, scope: Mapping[str, Any]) -> None:
    """People search by names and words: what they look for is not for the trace, nor are secrets.

    What a span is told of an address has one name or another, by OTEL_SEMCONV_STABILITY_OPT_IN.
    """
    if span is None or not span.is_recording():
        return
    path = scope.get("path", "")
    if path.startswith(_CALENDARS):
        path = _CALENDARS
    told = {"http.url": path, "http.target": path, "url.full": path, "url.path": path}
    for name, value in {**told, "url.query": ""}.items():
        if name in span.attributes:
            span.set_attribute(name, value)
