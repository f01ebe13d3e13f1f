"""Everything on record about a person, to be handed to them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.personal.columns import TABLES
from db.personal.concerns import OWN_KEYS
from db.personal.erasing import theirs
from db.personal.rules import secret
from db.schema import idempotency_keys
from domain.party import Party


async def export(
    conn: AsyncConnection, person: Party
) -> AsyncGenerator[tuple[str, list[dict[str, Any]]]]:
    """The rows about a person, table by table; keys and fingerprints of keys are left out."""
    whose = await theirs(conn, person)
    for personal in TABLES:
        concerns = personal.concerns(whose)
        if personal.table is idempotency_keys:
            concerns = or_(concerns, OWN_KEYS(whose))
        shown = [
            personal.table.c[name] for name, rule in personal.columns.items() if rule is not secret
        ]
        found = await conn.execute(
            select(*shown).where(concerns).order_by(*personal.table.primary_key)
        )
        yield personal.table.name, [dict(row._mapping) for row in found]
