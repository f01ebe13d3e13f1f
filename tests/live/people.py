"""Who follows the live stream, and what happens between them."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from db.stores.conversations import find_or_create, post_message
from domain.party import Party, Role
from tests.api.marketplace import until
from tests.db.player import NOW
from tests.live.conftest import Api

ADA = Party(role=Role.PROVIDER, id="ada")
BOB = Party(role=Role.PROVIDER, id="bob")
CARL = Party(role=Role.CLIENT, id="carl")
DORA = Party(role=Role.CLIENT, id="dora")
SERVICE = Party(role=Role.SERVICE, id="payments")


async def say(engine: AsyncEngine, author: Party, client: Party = CARL) -> str:
    """A message in the conversation of Ada and a client."""
    async with engine.begin() as conn:
        talk = await find_or_create(conn, provider_id=ADA.id, client_id=client.id, now=NOW)
        await post_message(
            conn, conversation_id=talk, author=author, text="The secret word.", at=NOW
        )
    return talk


async def has_come_to(api: Api, place: int) -> None:
    """Wait until a process has read what happened up to a place."""

    async def reached() -> int:
        return api.hub.place or 0

    await until(reached, lambda found: found >= place)
