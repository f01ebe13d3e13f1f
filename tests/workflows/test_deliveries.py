"""What is owed is delivered beside everything else, and holds up nothing but the workflow's end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import WorkflowExecutionStatus

from activities.delivering import (
    NotDeliveredError,
    NotWantedError,
    Outgoing,
    Sent,
    UndeliverableError,
)
from config import Settings
from domain.notices.ledger import NoticeState
from tests.workflows.mailing import CLIENT, Mailing, mail_is_sent
from tests.workflows.scripted_outlet import failing, once, taken
from tests.workflows.wire import troubles
from tests.workflows.world import PATIENCE, RefusedError, World, in_days
from workflows import deliveries


@pytest.fixture(scope="module")
async def mailing(world: World, shared_settings: Settings) -> AsyncIterator[Mailing]:
    """A marketplace that sends mail."""
    async with mail_is_sent(world, shared_settings) as found:
        yield found


async def test_each_step_is_told_by_mail(mailing: Mailing) -> None:
    start = in_days(30)
    booking_id = (await mailing.confirmed(start)).booking_id
    confirmed = await mailing.ended(booking_id, "booking.confirmed", "client")
    assert (confirmed.state, confirmed.attempts, confirmed.reason) == ("sent", 1, None)
    assert (confirmed.session_start, confirmed.answer) == (start, "250 Taken.")
    requested = await mailing.ended(booking_id, "booking.requested", "provider")
    assert requested.state in {"sent", "superseded"}
    [sent] = [it for it in mailing.office.taken if it.id == confirmed.id]
    assert (sent.to, sent.attempt, sent.booking_revision) == (CLIENT, 1, 2)


async def test_what_fails_is_tried_again_and_nothing_waits_for_it(mailing: Mailing) -> None:
    start = in_days(30)
    booking = await mailing.requested(start)
    mailing.office.plan(booking.booking_id, "booking.confirmed", failing(2))
    await mailing.world.update(booking.booking_id, "confirm", start=start)
    asked = await mailing.world.update(booking.booking_id, "ask-cancel", reason="Ill.")
    assert asked["cancellation"]["status"] == "asked"
    row = await mailing.ended(booking.booking_id, "booking.confirmed", "client")
    assert (row.state, row.attempts, row.answer) == ("sent", 3, "250 Taken.")


async def test_an_attempt_that_hangs_holds_nothing_up(mailing: Mailing) -> None:
    start, gate = in_days(30), asyncio.Event()
    booking = await mailing.requested(start)

    async def hang(_: Outgoing) -> Sent:
        await gate.wait()
        return Sent(answer="250 At last.")

    mailing.office.plan(booking.booking_id, "booking.confirmed", hang)
    await mailing.world.update(booking.booking_id, "confirm", start=start)
    await mailing.tried(booking.booking_id, "booking.confirmed", times=2)
    await mailing.world.update(booking.booking_id, "ask-cancel", reason="Ill.")
    await mailing.ended(booking.booking_id, "cancellation.asked", "client")
    assert (await mailing.ledger(booking.booking_id))["booking.confirmed", "client"].attempts == 1
    gate.set()
    row = await mailing.ended(booking.booking_id, "booking.confirmed", "client")
    assert (row.state, row.answer) == ("sent", "250 At last.")


async def test_no_more_is_under_way_at_once_than_a_workflow_may_wait_for(
    mailing: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, start, gate = mailing.world, in_days(30), asyncio.Event()
    booking = await mailing.requested(start)
    handle = world.booking(booking.booking_id)
    mailing.office.plan(booking.booking_id, "booking.confirmed", once(gate))
    await world.update(booking.booking_id, "confirm", start=start)
    await mailing.tried(booking.booking_id, "booking.confirmed")
    monkeypatch.setattr(deliveries, "MOST_AT_ONCE", 1)
    await world.update(booking.booking_id, "ask-cancel", reason="Ill.")
    # It is in the ledger, where the sweep finds it; the booking does not wait for it.
    left = (await mailing.ledger(booking.booking_id))["cancellation.asked", "client"]
    assert (left.state, left.attempts) == ("owed", 0)
    assert left.id not in await handle.query("delivering")
    gate.set()
    await mailing.ended(booking.booking_id, "booking.confirmed", "client")
    assert await troubles(handle) == []
    # So that no sweep of another test finds it, however much later that is.
    monkeypatch.undo()
    await world.update(handle, "cancel", reason="They asked.")
    await handle.result()
    left = (await mailing.ledger(booking.booking_id))["cancellation.asked", "client"]
    assert left.state == "superseded"


async def test_a_date_that_was_amended_is_never_sent(mailing: Mailing) -> None:
    start, gate = in_days(30), asyncio.Event()
    booking_id = (await mailing.requested(start)).booking_id
    for kind in ("booking.confirmed", "booking.rescheduled"):
        mailing.office.plan(booking_id, kind, once(gate))
    await mailing.world.update(booking_id, "confirm", start=start)
    await mailing.tried(booking_id, "booking.confirmed")
    for moved in (in_days(31), in_days(32)):
        await mailing.world.update(
            booking_id, "reschedule-approved", start=moved, initiated_by="support"
        )
        await mailing.tried(booking_id, "booking.rescheduled")
    gate.set()
    await mailing.ended(booking_id, "booking.rescheduled", "client")
    await mailing.ended(booking_id, "booking.rescheduled", "provider")
    about = [it for it in mailing.office.taken if it.booking_id == booking_id]
    assert {it.session_start for it in about if it.session_start} == {moved}
    row = (await mailing.ledger(booking_id))["booking.confirmed", "client"]
    assert (row.state, row.reason) == ("superseded", "The date was amended.")


async def test_what_was_on_its_way_when_the_date_was_amended_is_sent(mailing: Mailing) -> None:
    start, gate = in_days(30), asyncio.Event()
    booking_id = (await mailing.requested(start)).booking_id

    async def slow(_: Outgoing) -> Sent:
        await gate.wait()
        return Sent(answer="250 Taken.")

    mailing.office.plan(booking_id, "booking.confirmed", slow)
    await mailing.world.update(booking_id, "confirm", start=start)
    await mailing.tried(booking_id, "booking.confirmed", times=2)
    await mailing.world.update(
        booking_id, "reschedule-approved", start=in_days(31), initiated_by="support"
    )
    gate.set()

    async def row() -> Any:
        return (await mailing.ledger(booking_id))["booking.confirmed", "client"]

    found = await mailing.world.until(row, lambda it: it.state == NoticeState.SENT)
    assert found.reason == "It was on its way when this happened: The date was amended."


async def test_a_dead_channel_ends_as_failed_and_the_booking_completes(mailing: Mailing) -> None:
    world, start = mailing.world, in_days(2)
    booking = await mailing.requested(start)
    handle = world.booking(booking.booking_id)

    async def dead(_: Outgoing) -> Sent:
        # With as long a wait as that, a day passes in a few hops.
        raise NotDeliveredError("The mail server is down.", wait=timedelta(hours=9))

    mailing.office.plan(booking.booking_id, "booking.completed", dead)
    await world.update(booking.booking_id, "confirm", start=start)
    await world.forward(handle, timedelta(days=2, hours=2))
    row = await world.until(
        lambda: world.row(booking.booking_id), lambda it: it.booking.state == "completed"
    )
    await mailing.tried(booking.booking_id, "booking.completed")
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    assert (await world.state(booking.booking_id) or {})["state"] == "completed"
    # It is still there, and refuses what every booking refuses that is closed.
    with pytest.raises(RefusedError, match="already-closed"):
        await world.update(booking.booking_id, "cancel", reason="Too late.")
    await world.signal(handle, "cancel", reason="Too late.")
    await handle.cancel()
    await world.until(lambda: world.row(booking.booking_id), lambda it: it.refused == 2)
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING

    await world.forward(handle, timedelta(hours=30))
    assert (await handle.result())["state"] == "completed"
    ledger = await mailing.ledger(booking.booking_id)
    for role in ("client", "provider"):
        row = ledger["booking.completed", role]
        assert (row.state, row.answer) == ("failed", "The mail server is down.")
        assert row.reason == "Given up after 24 hours. The mail server is down."
        # Where time hops in the middle of an attempt, that one is lost, and made again.
        assert row.attempts >= 4
    assert await troubles(handle) == []


async def test_what_is_owed_goes_on_in_the_next_history(mailing: Mailing) -> None:
    world, start, gate = mailing.world, in_days(30), asyncio.Event()
    booking_id = (await mailing.requested(start, history_limit=14)).booking_id
    handle = world.booking(booking_id)
    mailing.office.plan(booking_id, "booking.confirmed", once(gate))
    await world.update(booking_id, "confirm", start=start)
    first = (await handle.describe()).run_id
    by = {"role": "client", "id": "client-1"}
    # By signals: an update is lost to its caller where a delivery ends in the very moment in which
    # the history does.
    for number in range(4):
        propose = {"starts": [in_days(31)], "reason": f"Trip {number}."}
        await world.signal(handle, "propose-reschedule", **propose)
        await world.signal(handle, "answer-reschedule", accept=False, by=by)
    await world.until(handle.describe, lambda it: it.run_id != first)
    gate.set()
    for role in ("client", "provider"):
        assert (await mailing.ended(booking_id, "booking.confirmed", role)).state == "sent"
    assert mailing.office.kinds_taken(booking_id).count("booking.confirmed") == 2
    await world.signal(handle, "cancel", reason="They asked.")
    assert (await handle.result())["state"] == "cancelled"
    assert all(it.state != NoticeState.OWED for it in (await mailing.ledger(booking_id)).values())


async def test_what_was_sent_but_not_written_down_is_sent_again_with_the_same_id(
    mailing: Mailing,
) -> None:
    """As if the worker had died between the two."""
    world, start = mailing.world, in_days(30)
    booking_id = (await mailing.requested(start)).booking_id
    handle, alone = world.booking(booking_id), asyncio.Event()

    async def and_die(notice: Outgoing) -> Sent:
        if notice.to != CLIENT:
            return await taken(notice)
        await alone.wait()
        mailing.office.plan(booking_id, "booking.confirmed", taken)
        async with world.engine.begin() as conn:
            await conn.execute(text("ALTER TABLE notices RENAME TO hidden_notices"))
        return Sent(answer="250 Taken.")

    mailing.office.plan(booking_id, "booking.confirmed", and_die)
    await world.update(booking_id, "confirm", start=start)
    await mailing.ended(booking_id, "booking.confirmed", "provider")
    alone.set()

    async def failed() -> bool:
        pending = (await handle.describe()).raw_description.pending_activities
        return any(each.HasField("last_failure") for each in pending)

    try:
        await world.until(failed, bool)
    finally:
        async with world.engine.begin() as conn:
            await conn.execute(text("ALTER TABLE IF EXISTS hidden_notices RENAME TO notices"))
    row = await mailing.ended(booking_id, "booking.confirmed", "client")
    assert (row.state, row.attempts) == ("sent", 2)
    sent = [it for it in mailing.office.taken if it.booking_id == booking_id]
    assert [it.id for it in sent if it.kind == row.kind and it.to == CLIENT] == [row.id, row.id]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (UndeliverableError("No such mailbox."), "failed"),
        (NotWantedError("No such mailbox."), "skipped"),
    ],
)
async def test_what_can_never_be_delivered_is_not_tried_again(
    mailing: Mailing, error: Exception, state: str
) -> None:
    start = in_days(30)
    booking_id = (await mailing.requested(start)).booking_id

    async def refuse(_: Outgoing) -> Sent:
        raise error

    mailing.office.plan(booking_id, "booking.confirmed", refuse)
    await mailing.world.update(booking_id, "confirm", start=start)
    row = await mailing.ended(booking_id, "booking.confirmed", "client")
    assert (row.state, row.attempts, row.reason) == (state, 1, "No such mailbox.")


async def test_a_workflow_that_is_forgotten_and_read_anew_delivers_once(
    world: World, shared_settings: Settings
) -> None:
    gate, start = asyncio.Event(), in_days(9)
    async with (
        asyncio.timeout(2 * PATIENCE),
        mail_is_sent(world, shared_settings, max_cached_workflows=2) as mailing,
    ):
        booked = [await mailing.requested(start) for _ in range(6)]
        for each in booked:
            mailing.office.plan(each.booking_id, "booking.confirmed", once(gate))
        confirm = (mailing.world.update(it.booking_id, "confirm", start=start) for it in booked)
        await asyncio.gather(*confirm)
        ask = (mailing.world.update(it.booking_id, "ask-cancel", reason="Ill.") for it in booked)
        await asyncio.gather(*ask)
        gate.set()
        for each in booked:
            for role in ("client", "provider"):
                row = await mailing.ended(each.booking_id, "booking.confirmed", role)
                assert row.state == "sent"
            kinds = mailing.office.kinds_taken(each.booking_id)
            assert kinds.count("booking.confirmed") == 2
            await mailing.world.update(each.booking_id, "cancel", reason="They asked.")
            handle = mailing.world.booking(each.booking_id)
            await handle.result()
            assert await troubles(handle) == []
