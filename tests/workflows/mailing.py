"""A marketplace that sends mail, to an outlet that does as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from config import Settings
from db.ids import new_id
from db.queries.contacts import Source
from db.schema import notices
from db.stores.contacts import keep_address
from domain.booking.decide import NewRequest
from domain.notices.ledger import Channel, NoticeState, Owed
from domain.party import Party, Role
from tests.workflows.scripted_outlet import ScriptedOutlet, once
from tests.workflows.world import World, in_days
from worker import build_worker

CLIENT = Party(role=Role.CLIENT, id="client-1")
NOBODY_CONNECTS = "smtp://mail.invalid"


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """A marketplace that sends mail, and the post office that it goes to."""

    world: World
    office: ScriptedOutlet

    async def confirmed(self, start: datetime | None = None) -> NewRequest:
        """A booking that is confirmed, of two people who get mail."""
        start = start or in_days(30)
        wanted = await self.requested(start)
        await self.world.update(wanted.booking_id, "confirm", start=start)
        return wanted

    async def requested(self, start: datetime, history_limit: int | None = None) -> NewRequest:
        """A request of a client who gets mail, to a provider who does."""
        provider = await self.world.provider_with_topic()
        async with self.world.engine.begin() as conn:
            party = Party(role=Role.PROVIDER, id=provider[0])
            await keep_address(conn, party, "provider@example.org", Source.SERVICE)
        return await self.world.request(start, provider=provider, history_limit=history_limit)

    async def ledger(self, booking_id: str) -> dict[tuple[str, str], Any]:
        """The mails about a booking, by kind and recipient: of several of a kind, the newest."""
        async with self.world.engine.connect() as conn:
            found = await conn.execute(
                select(notices)
                .where(notices.c.booking_id == booking_id, notices.c.channel == Channel.EMAIL)
                .order_by(notices.c.id)
            )
            return {(row.kind, row.recipient_role): row for row in found}

    async def declined(self, booking_id: str) -> asyncio.Event:
        """Declines a request; its mails were refused once, and are taken once the event is set."""
        opened = asyncio.Event()
        self.office.plan(booking_id, "booking.declined", once(opened))
        await self.world.update(booking_id, "decline", reason="No time.")
        await self.tried(booking_id, "booking.declined")
        return opened

    async def ended(self, booking_id: str, kind: str, role: str) -> Any:
        """A mail once it has ended in the ledger."""
        rows = await self.world.until(
            lambda: self.ledger(booking_id),
            lambda it: (kind, role) in it and it[kind, role].state != NoticeState.OWED,
        )
        return rows[kind, role]

    async def tried(self, booking_id: str, kind: str, times: int = 1) -> None:
        """Wait until the post office has been tried so often."""

        async def attempts() -> int:
            return self.office.attempts(booking_id, kind)

        await self.world.until(attempts, lambda it: it >= times)

    async def owed(self, *, kind: str = "webhook.disabled", **others: Any) -> Owed:
        """A mail in the ledger of which no workflow knows; `others` are columns of its row."""
        values: dict[str, Any] = {
            "id": new_id(),
            "recipient_role": CLIENT.role,
            "recipient_id": CLIENT.id,
            "kind": kind,
            "channel": Channel.EMAIL,
            "provider_id": "provider-1",
            "due_at": in_days(0),
            "state": NoticeState.OWED,
            "source": f"test/{new_id()}",
        }
        async with self.world.engine.begin() as conn:
            await conn.execute(notices.insert().values(values | others))
        return Owed.to(CLIENT, id=values["id"], channel=Channel.EMAIL, kind=kind)

    def times_taken(self, notice_id: str) -> int:
        """How often the post office has taken a mail."""
        return sum(each.id == notice_id for each in self.office.taken)


@asynccontextmanager
async def mail_is_sent(world: World, settings: Settings, **changes: Any) -> AsyncIterator[Mailing]:
    """A marketplace with a worker of its own; `changes` are made to its settings."""
    queue, office = f"mailing-{new_id()}", ScriptedOutlet()
    own = settings.model_copy(update={"task_queue": queue, "smtp_url": NOBODY_CONNECTS, **changes})
    async with world.engine.begin() as conn:
        await keep_address(conn, CLIENT, "client@example.org", Source.SERVICE)
    outlets = {Channel.EMAIL: office}
    async with build_worker(world.client, world.engine, own, outlets=outlets):
        yield Mailing(world=replace(world, task_queue=queue), office=office)
