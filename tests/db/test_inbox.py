"""The inbox: what it holds, in what order, and by which index its number is found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.documents import standing_event_document
from db.ids import new_id
from db.queries.inbox import (
    UNREAD_COUNTED,
    count_unread_notices,
    list_inbox,
    unread_statement,
)
from db.queries.mail import get_mail
from db.schema import events, notices, webhooks
from db.stores.inbox import mark_seen
from db.stores.people import note_person
from db.stores.webhooks import delete_webhook
from domain.booking.deadlines import next_deadline
from domain.booking.decide import elapse
from domain.booking.events import ReminderSent
from domain.notices.about import Endpoint
from domain.party import SUPPORT_DESK, Party, Role
from domain.standing.events import CaseOpened
from domain.standing.state import Case
from tests.db.player import NOW, in_days, requested

ADA = Party(role=Role.PROVIDER, id="ada")
CARL = Party(role=Role.CLIENT, id="carl")


def row(who: Party, **fields: Any) -> dict[str, Any]:
    """A notice that belongs to no booking."""
    notice_id = new_id()
    return {
        "id": notice_id,
        "recipient_role": who.role.value,
        "recipient_id": who.id,
        "kind": "topics.suspended",
        "channel": "inbox",
        "provider_id": "ada",
        "due_at": NOW,
        "state": "sent",
        "read_at": None,
        "source": f"standing/ada/{notice_id}",
        **fields,
    }


async def test_an_inbox_holds_what_its_owner_was_told_newest_first(engine: AsyncEngine) -> None:
    played = await requested(engine, in_days(4))
    deadline = next_deadline(played.booking)
    assert deadline is not None
    await played.record(elapse(played.booking, deadline, deadline.at), "remind")
    async with engine.begin() as conn:
        await conn.execute(
            insert(notices), [row(ADA, channel="email"), row(ADA, state="skipped"), row(CARL)]
        )

        newest, first = await list_inbox(conn, ADA, limit=10)
        (rest,) = await list_inbox(conn, ADA, limit=10, after=newest.id)

    assert rest == first
    assert isinstance(newest.event, ReminderSent)
    assert (newest.kind, first.kind) == ("answer-half-time", "booking.requested")
    assert first.booking is not None
    assert first.booking.booking.id == played.booking.id
    assert not first.is_of_standing


async def test_what_was_seen_counts_no_more_and_stays_seen(engine: AsyncEngine) -> None:
    await requested(engine)
    async with engine.begin() as conn:
        assert await count_unread_notices(conn, ADA) == 1
        (found,) = await list_inbox(conn, ADA, limit=10)
        await mark_seen(conn, [found.id], now=NOW)
        await mark_seen(conn, [found.id], now=NOW + timedelta(days=1))
        assert await count_unread_notices(conn, ADA) == 0
        (found,) = await list_inbox(conn, ADA, limit=10)
    assert found.read_at == NOW


async def test_a_notice_of_an_endpoint_says_which_and_why(engine: AsyncEngine) -> None:
    told = row(
        SUPPORT_DESK,
        kind="webhook.disabled",
        provider_id=None,
        source="webhook/hook-1/2026-03-02T09:00:00Z/support/inbox",
    )
    endpoint = {
        "id": "hook-1",
        "owner_role": "service",
        "owner_id": "payments",
        "url": "https://example.org/hook",
        "description": "",
        "types": [],
        "secret": "whsec_",
        "old_secrets": [],
        "created_at": NOW,
        "updated_at": NOW,
        "disabled_at": NOW,
        "disabled_reason": "It has failed for 5 days.",
    }
    async with engine.begin() as conn:
        await conn.execute(insert(webhooks), endpoint)
        await conn.execute(insert(notices), told)
        (found,) = await list_inbox(conn, SUPPORT_DESK, limit=10)

    assert found.event is None
    assert found.endpoint == Endpoint(
        url="https://example.org/hook", reason="It has failed for 5 days.", id="hook-1"
    )
    async with engine.begin() as conn:
        await delete_webhook(conn, "hook-1", now=NOW)
        (found,) = await list_inbox(conn, SUPPORT_DESK, limit=10)

    assert found.endpoint is not None
    assert found.endpoint.id is None


async def test_a_mail_knows_whom_it_names(engine: AsyncEngine) -> None:
    await requested(engine)
    async with engine.begin() as conn:
        await note_person(conn, CARL, name="Carl Ito", zone="Asia/Tokyo")
        notice_id = (await conn.execute(select(notices.c.id))).scalar_one()

        mail = await get_mail(conn, notice_id)

        assert mail is not None
        assert mail.name_of(Role.CLIENT, "carl") == "Carl Ito"
        assert mail.name_of(Role.PROVIDER, "ada") == "ada"
        assert mail.reach.email is None
        assert await get_mail(conn, new_id()) is None


async def test_a_case_comes_with_the_bookings_that_it_names(engine: AsyncEngine) -> None:
    played = await requested(engine)
    reasons = ("3 late cancellations.", f"Booking {played.booking.id}: a cancellation.")
    case = Case(opened_at=NOW, due_at=NOW, reasons=(*reasons, "Booking unknown: a reschedule."))
    told = row(ADA, kind="case.opened", source="standing/ada/1/provider/inbox")
    opened = {
        "subject": "standing",
        "subject_id": "ada",
        "seq": 1,
        "type": "case.opened",
        "occurred_at": NOW,
        "provider_id": "ada",
        "data": standing_event_document(CaseOpened(at=NOW, case=case)),
    }
    async with engine.begin() as conn:
        await note_person(conn, CARL, name="Carl Ito", zone="Asia/Tokyo")
        await conn.execute(insert(events), opened)
        await conn.execute(insert(notices), told)

        mail = await get_mail(conn, told["id"])

    assert mail is not None
    (heading,) = mail.notice.named
    assert heading.id == played.booking.id
    assert mail.name_of(Role.CLIENT, heading.client_id) == "Carl Ito"


@pytest.mark.parametrize("unread", [3, UNREAD_COUNTED + 20])
async def test_unread_notices_are_counted_by_their_index_up_to_a_number(
    engine: AsyncEngine, unread: int
) -> None:
    async with engine.begin() as conn:
        seen = [row(ADA, read_at=NOW) for _ in range(500)]
        await conn.execute(insert(notices), [*seen, *(row(CARL) for _ in range(500))])
        await conn.execute(insert(notices), [row(ADA) for _ in range(unread)])
        await conn.execute(text("ANALYZE notices"))
        # What earlier tests have left in the table makes a scan of it all as cheap, now and then.
        await conn.execute(text("SET LOCAL enable_seqscan = off"))
        assert await count_unread_notices(conn, ADA) == min(unread, UNREAD_COUNTED)
        compiled = unread_statement(ADA).compile(
            engine.sync_engine, compile_kwargs={"literal_binds": True}
        )
        plan = "\n".join(await conn.scalars(text(f"EXPLAIN {compiled}")))
    assert "ix_notices_unread" in plan
