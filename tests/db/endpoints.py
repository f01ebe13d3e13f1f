"""Endpoints of webhooks, as the API would add them."""

from __future__ import annotations

import base64
import os
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from db.ids import new_id
from db.stores.webhooks import insert_webhook
from domain.party import Party, Role
from tests.db.player import NOW

BILLING = Party(role=Role.SERVICE, id="billing")


def secret() -> str:
    """A secret that nobody else has."""
    return f"whsec_{base64.b64encode(os.urandom(32)).decode()}"


async def endpoint(
    engine: AsyncEngine,
    *types: str,
    owner: Party = BILLING,
    url: str = "https://hooks.example.org/",
    signing: str | None = None,
    now: datetime = NOW,
) -> str:
    """The id of a new endpoint."""
    webhook_id = new_id()
    async with engine.begin() as conn:
        await insert_webhook(
            conn,
            webhook_id=webhook_id,
            owner=owner,
            url=url,
            description="",
            types=types,
            secret=signing or secret(),
            now=now,
        )
    return webhook_id
