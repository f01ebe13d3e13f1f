"""The composition root of the API: what it is made of, and in which order it starts and stops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from api import codec_server, openapi, problems
from api.auth import Authenticator
from api.description import page as description
from api.gateway import Gateway
from api.live import route as live
from api.live.hub import Hub
from api.methods import Methods
from api.portal import site
from api.portal.headers import SecurityHeaders
from api.purging import purging
from api.recordings import Recordings
from api.routes import (
    booking_commands,
    bookings,
    calendars,
    conversations,
    events,
    health,
    late_events,
    people,
    standings,
    topics,
    webhooks,
)
from api.services import Services
from api.telemetry import Metrics, Telemetry
from config import Settings
from db.engine import create_engine, singly
from telemetry import traces


def create_app(settings: Settings) -> FastAPI:
    """The API. It starts without PostgreSQL or Temporal, and says at `/readyz` what is missing."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = settings.require_database_url()
        engine = create_engine(url, application_name="keepdate-api")
        traces.follow_statements(engine)
        recordings = Recordings(singly(engine))
        hub = Hub(engine, url, application_name="keepdate-api live")
        try:
            app.state.services = Services(
                engine=engine,
                gateway=await Gateway.open(settings),
                recordings=recordings,
                authenticator=Authenticator(settings),
                live=hub,
            )
            kept_for = timedelta(days=settings.repeatable_days)
            async with hub.running(), purging(engine, kept_for=kept_for):
                yield
        finally:
            await recordings.close()
            await engine.dispose()

    app = FastAPI(
        title="Keepdate",
        summary="The booking engine of a marketplace.",
        version=_version(),
        lifespan=lifespan,
        # Those of FastAPI load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        # One schema for each model, whether it is sent or answered.
        separate_input_output_schemas=False,
    )
    app.state.metrics = Metrics()
    problems.install(app)
    # What is added later lies further out: the measurements include the portal's session, and
    # the headers reach whatever is answered.
    app.add_middleware(Methods)
    site.install(app, settings)
    app.add_middleware(Telemetry, metrics=app.state.metrics)
    app.add_middleware(SecurityHeaders, behind_tls=settings.behind_tls)
    for module in (
        topics,
        bookings,
        booking_commands,
        calendars,
        standings,
        late_events,
        conversations,
        people,
        events,
        webhooks,
        live,
        health,
    ):
        app.include_router(module.router)
    if settings.codec_keys is not None:
        app.mount(codec_server.PATH, codec_server.codec_server(settings))
    openapi.describe(app)
    description.install(app)
    traces.follow_requests(app)
    return app


def _version() -> str:
    try:
        return version("keepdate")
    except PackageNotFoundError:
        return "0"
