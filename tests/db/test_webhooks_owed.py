"""A recording owes its events to whoever subscribes to them and may see them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.recording import record_booking
from db.schema import events, notices
from db.stores.webhooks import delete_webhook, disable_webhook, enable_webhook
from domain.booking import commands as do
from domain.booking.record import Recorded
from domain.notices.ledger import Channel, Owed
from domain.party import Party, Role
from domain.standing import commands as standing_do
from tests.db.endpoints import BILLING, endpoint
from tests.db.player import NOW, SOON, SUPPORT, PlayedBooking, in_days, requested, untouched

ADA = Party(role=Role.PROVIDER, id="ada")
BOB = Party(role=Role.PROVIDER, id="bob")


async def _told(engine: AsyncEngine, webhook_id: str) -> Sequence[str]:
    """Which types of events an endpoint is owed."""
    async with engine.connect() as conn:
        found = await conn.scalars(
            select(events.c.type)
            .join(notices, notices.c.event_id == events.c.id)
            .where(notices.c.webhook_id == webhook_id, notices.c.state == "owed")
            .order_by(notices.c.id)
        )
        return found.all()


async def _confirmed(engine: AsyncEngine) -> PlayedBooking:
    played = await requested(engine, in_days(4))
    await played.give(do.Confirm(start=in_days(4)), played.provider)
    return played


async def test_everything_public_goes_to_services_and_support(engine: AsyncEngine) -> None:
    service = await endpoint(engine)
    staff = await endpoint(engine, owner=SUPPORT)
    played = await _confirmed(engine)
    await played.refuse()
    await untouched(engine, "bob").give(standing_do.Suspend(reason="Spam."), SUPPORT)
    for webhook_id in (service, staff):
        assert await _told(engine, webhook_id) == [
            "booking.requested",
            "booking.confirmed",
            "command.refused",
            "topics.suspended",
        ]


async def test_a_provider_is_told_of_their_own_alone(engine: AsyncEngine) -> None:
    of_ada, of_bob = await endpoint(engine, owner=ADA), await endpoint(engine, owner=BOB)
    namesake = await endpoint(engine, owner=Party(role=Role.CLIENT, id="ada"))
    await _confirmed(engine)
    await untouched(engine, "bob").give(standing_do.Suspend(reason="Spam."), SUPPORT)
    assert await _told(engine, of_ada) == ["booking.requested", "booking.confirmed"]
    assert await _told(engine, of_bob) == ["topics.suspended"]
    assert await _told(engine, namesake) == []


async def test_an_endpoint_is_told_of_the_types_that_it_subscribes_to(engine: AsyncEngine) -> None:
    some = await endpoint(engine, "booking.confirmed", "booking.cancelled")
    await _confirmed(engine)
    assert await _told(engine, some) == ["booking.confirmed"]


async def test_what_is_our_own_goes_to_nobody(engine: AsyncEngine) -> None:
    # Half a day ahead, reminders are skipped: an event that is not public.
    everything = await endpoint(engine)
    ours = await endpoint(engine, "reminder.skipped")
    played = await requested(engine, in_days(0.5))
    await played.give(do.Confirm(start=in_days(0.5)), played.provider)
    assert await _told(engine, everything) == ["booking.requested", "booking.confirmed"]
    assert await _told(engine, ours) == []


async def test_disabled_and_deleted_endpoints_are_told_of_nothing(engine: AsyncEngine) -> None:
    off, gone, again = [await endpoint(engine) for _ in range(3)]
    async with engine.begin() as conn:
        await disable_webhook(conn, off, now=NOW, reason="It is off.")
        await disable_webhook(conn, again, now=NOW, reason="It is off.")
        await enable_webhook(conn, again, now=NOW)
        await delete_webhook(conn, gone, now=NOW)
    await requested(engine)
    assert await _told(engine, off) == []
    assert await _told(engine, gone) == []
    assert await _told(engine, again) == ["booking.requested"]


async def test_the_workflow_is_told_what_is_owed_and_told_again(engine: AsyncEngine) -> None:
    webhook_id = await endpoint(engine, "booking.confirmed")
    played = await requested(engine, in_days(4))
    recorded = await played.give(do.Confirm(start=in_days(4)), played.provider)
    (owed,) = recorded.owed
    assert owed == Owed.to(BILLING, id=owed.id, channel=Channel.WEBHOOK, kind="booking.confirmed")
    assert await record_booking(engine, played.records[-1], within=SOON) == Recorded(owed=(owed,))
    assert await _told(engine, webhook_id) == ["booking.confirmed"]


async def test_a_row_says_what_it_is_about(engine: AsyncEngine) -> None:
    webhook_id = await endpoint(engine)
    played = await requested(engine)
    async with engine.connect() as conn:
        row = (await conn.execute(select(notices).where(notices.c.webhook_id == webhook_id))).one()
    assert (row.recipient_role, row.recipient_id) == ("service", "billing")
    assert (row.booking_id, row.provider_id) == (played.booking.id, "ada")
    # It tells of what happened, whatever happens to the date.
    assert (row.session_start, row.booking_revision, row.attempts) == (None, None, 0)


async def test_what_an_endpoint_is_owed_ends_with_it(engine: AsyncEngine) -> None:
    gone, off = await endpoint(engine), await endpoint(engine)
    await requested(engine)
    async with engine.begin() as conn:
        assert await delete_webhook(conn, gone, now=NOW)
        assert not await delete_webhook(conn, gone, now=NOW)
        await disable_webhook(conn, off, now=NOW, reason="It is off.")
    async with engine.connect() as conn:
        rows = await conn.execute(
            select(notices.c.webhook_id, notices.c.state, notices.c.reason, notices.c.ended_at)
            .where(notices.c.webhook_id.is_not(None))
            .order_by(notices.c.webhook_id)
        )
        assert [tuple(row) for row in rows] == [
            (gone, "skipped", "endpoint deleted", NOW),
            (off, "failed", "endpoint disabled", NOW),
        ]
