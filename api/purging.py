"""Once a day, what the API has kept for its own use for long enough is deleted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from db import outages
from db.stores.purging import purge

# A process that has only just started has more urgent things to do.
_FIRST_AFTER_SECONDS = 60.0
_EVERY_SECONDS = 24 * 3600.0

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def purging(engine: AsyncEngine, *, kept_for: timedelta) -> AsyncIterator[None]:
    """Purges for as long as the application runs, beside its requests."""
    task = asyncio.create_task(_purge_daily(engine, kept_for), name="purging")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _purge_daily(engine: AsyncEngine, kept_for: timedelta) -> None:
    await asyncio.sleep(_FIRST_AFTER_SECONDS)
    while True:
        try:
            purged = await purge(engine, before=datetime.now(UTC) - kept_for)
            _log.info(
                "Deleted %d idempotency keys, %d creations that are done with and %d sign-outs",
                purged.idempotency_keys,
                purged.booking_intents,
                purged.sign_outs,
            )
        except (SQLAlchemyError, OSError) as error:
            _log.warning("Purging waits for tomorrow: %s", outages.in_brief(error))
        await asyncio.sleep(_EVERY_SECONDS)
