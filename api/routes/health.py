"""Whether the API is alive, whether it can serve, and what it measures."""

from __future__ import annotations

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import JSONResponse

from api.models.base import Answer
from api.problems import MEDIA_TYPE, unavailable
from api.services import Parts
from api.telemetry import Metrics
from db.queries.migrated import is_migrated
from domain.refusal import FieldError

_PROBE_SECONDS = 3
_SILENT = "does not answer"

router = APIRouter(tags=["operations"])


class Health(Answer):
    """How the API is."""

    status: Literal["alive", "ready"]


@router.get("/healthz", operation_id="getHealth", summary="Whether the process is alive")
async def healthz() -> Health:
    """Alive, whatever else is down."""
    return Health(status="alive")


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Whether requests can be served",
    response_model=Health,
    responses={503: {"description": "What is missing.", "content": {MEDIA_TYPE: {}}}},
)
async def readyz(parts: Parts) -> Response:
    """Ready when the database and Temporal answer; otherwise `errors` says which does not.

    A database that was not migrated yet is as good as none, as is Temporal without our namespace.
    """
    database, answers = await asyncio.gather(
        _lack_of(parts.engine), parts.gateway.is_ready(within_seconds=_PROBE_SECONDS)
    )
    temporal = "" if answers else _SILENT
    missing = [
        FieldError(field=name, message=lack)
        for name, lack in (("database", database), ("temporal", temporal))
        if lack
    ]
    if missing:
        raise unavailable("Not ready to serve.", missing)
    return JSONResponse(Health(status="ready").model_dump())


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Measurements for Prometheus",
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, parts: Parts) -> Response:
    """Every name begins with `keepdate_`; no label holds an id."""
    found: Metrics = request.app.state.metrics
    await found.tallies.refresh(parts.engine)
    return Response(generate_latest(found.registry), media_type=CONTENT_TYPE_LATEST)


async def _lack_of(engine: AsyncEngine) -> str:
    """What is wrong with the database; empty where nothing is."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS), engine.connect() as conn:
            return "" if await is_migrated(conn) else "is not migrated"
    except (TimeoutError, OSError, SQLAlchemyError):
        return _SILENT
