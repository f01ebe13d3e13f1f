"""The API deletes by itself what it has kept for long enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from api.purging import purging
from db.schema import idempotency_keys
from tests.api.marketplace import Marketplace, created, fresh_key, until


async def test_old_keys_are_deleted_again_and_again(
    market: Marketplace, market_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.purging._FIRST_AFTER_SECONDS", 0)
    monkeypatch.setattr("api.purging._EVERY_SECONDS", 0.01)
    topic = {"title": "Fugues", "description": "", "duration_minutes": 60}
    keys = [fresh_key() for _ in range(2)]

    async def left() -> set[str]:
        mine = idempotency_keys.c.key.in_(keys)
        async with market_engine.connect() as conn:
            return set(await conn.scalars(select(idempotency_keys.c.key).where(mine)))

    async with purging(market_engine, kept_for=timedelta(days=7)):
        for key in keys:
            created(await market.provider().post("/v1/topics", topic, key))
            assert key in await left()
            async with market_engine.begin() as conn:
                await conn.execute(
                    update(idempotency_keys)
                    .where(idempotency_keys.c.key == key)
                    .values(created_at=datetime.now(UTC) - timedelta(days=8))
                )
            await until(left, partial(_lacks, key))


def _lacks(key: str, found: set[str]) -> bool:
    return key not in found
