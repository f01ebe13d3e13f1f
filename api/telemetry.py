"""What operators see of the API: a request id, one log line and one measurement for each request.

Neither holds personal data: paths are logged and counted by their template.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import PROBLEM_CODE, internal, unavailable
from api.tallies import Tallies
from db.ids import new_id
from domain.party import is_id
from telemetry.correlation import request_id

_log = logging.getLogger(__name__)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


class Metrics:
    """The measurements of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.tallies = Tallies(self.registry)
        self.requests = Counter(
            "keepdate_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.problems = Counter(
            "keepdate_http_problems",
            "Requests answered by a problem document, by its code.",
            ("code",),
            registry=self.registry,
        )
        self.duration = Histogram(
            "keepdate_http_request_duration_seconds",
            "How long requests took to answer.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )


class Telemetry:
    """Names each request, times it, and answers 500 for what nobody else caught."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = _named(scope)
        token = request_id.set(name)
        began = time.perf_counter()
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = name
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except asyncio.CancelledError:
            # Nobody else ends a request: the process does, which has waited for as long as it may.
            if status:
                raise
            await unavailable("The service is restarting.").response(scope, receive, send_named)
        except Exception:  # the last resort of a request: whatever it was is a bug of ours
            _log.exception("request failed")
            if status:
                raise
            await internal().response(scope, receive, send_named)
        finally:
            self._measure(scope, status or 500, time.perf_counter() - began)
            request_id.reset(token)

    def _measure(self, scope: Scope, status: int, seconds: float) -> None:
        route = _template(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.duration.labels(method, route).observe(seconds)
        if PROBLEM_CODE in scope:
            self._metrics.problems.labels(scope[PROBLEM_CODE]).inc()
        level = logging.DEBUG if route in _QUIET else logging.INFO
        told = {"method": method, "route": route, "status": status, "seconds": round(seconds, 4)}
        _log.log(level, "request answered", extra={**told, "booking_id": _booking_id(scope)})


def _named(scope: Scope) -> str:
    """The caller's own id of the request, so that it can be followed across services; else ours."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else new_id()


def _booking_id(scope: Scope) -> str | None:
    """The booking that a path is about. Whoever is nobody yet may write anything in its place."""
    given: str = scope.get("path_params", {}).get("booking_id", "")
    return given if is_id(given) else None


def _template(scope: Scope) -> str:
    """The path of a request without its ids, or `unmatched`."""
    route: Any = scope.get("route")
    return getattr(route, "path", None) or "unmatched"
