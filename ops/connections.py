"""What an operator's command talks to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.service import RPCError

from config import Settings
from config_temporal import temporal_connection
from db import outages
from db.engine import create_engine
from ops import OperatorError
from workflows.encryption import converter

_CONNECTIONS = 20


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Temporal and the database, as the worker sees them."""

    client: Client
    engine: AsyncEngine
    task_queue: str


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Connections to the database alone. Raises OperatorError where it is not as it should be."""
    engine = create_engine(
        settings.require_database_url(),
        pool_size=_CONNECTIONS,
        application_name="keepdate-operator",
    )
    try:
        yield engine
    except DBAPIError as error:
        reason = outages.told(error)
        if reason is None:
            raise
        raise OperatorError(reason) from None
    finally:
        await engine.dispose()


@asynccontextmanager
async def stack(settings: Settings) -> AsyncIterator[Stack]:
    """Both. Raises OperatorError where Temporal does not answer, or refuses what it is asked."""
    async with database(settings) as engine:
        try:
            client = await Client.connect(
                **temporal_connection(settings), data_converter=converter(settings.codec_keyring)
            )
        except RuntimeError as error:
            raise OperatorError(f"Temporal does not answer: {error}") from None
        try:
            yield Stack(client=client, engine=engine, task_queue=settings.task_queue)
        except RPCError as error:
            raise OperatorError(f"Temporal refuses: {error.message}") from None
