"""Whole lives of workflows, of which the histories are kept: every path once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import select, update

from activities.beginning import begin_booking_again
from activities.record_comparer import ComparisonInput
from api.gateway import Gateway
from db.queries.contacts import Source
from db.schema import bookings, notices
from db.stores.contacts import keep_address
from db.stores.webhooks import owe_again
from domain.instants import rfc3339
from domain.notices.ledger import Channel, NoticeState, Owed
from domain.party import Party, Role
from domain.standing.fold import CARRIED
from domain.workflow_ids import delivery_workflow_id
from tests.workflows.losing import lost
from tests.workflows.scripted_outlet import ScriptedOutlet, once
from tests.workflows.world import Handle, RefusedError, World, in_days
from workflows.snapshot import BookingInput

OUTLET = ScriptedOutlet()
"""Where the mails of these lives go."""


async def completed(world: World) -> Handle:
    """Requested, confirmed, reminded, completed."""
    handle = world.booking((await world.confirmed(in_days(10))).booking_id)
    await world.forward(handle, timedelta(days=11))
    return handle


async def declined(world: World) -> Handle:
    """Requested, declined over scheduling."""
    handle = world.booking((await world.request()).booking_id)
    await world.update(handle, "decline", reason="No time.", over_scheduling=True)
    return handle


async def expired(world: World) -> Handle:
    """Requested, and never answered."""
    handle = world.booking((await world.request()).booking_id)
    await world.forward(handle, timedelta(days=4))
    return handle


async def withdrawn(world: World) -> Handle:
    """Requested, and taken back while it was pending."""
    handle = world.booking((await world.request()).booking_id)
    await world.update(handle, "cancel", reason="No need.")
    return handle


async def cancelled(world: World) -> Handle:
    """Confirmed, and cancelled by the client's own wish."""
    handle = world.booking((await world.confirmed(in_days(9))).booking_id)
    await world.update(handle, "cancel", reason="Ill.")
    return handle


async def begun_again(world: World) -> Handle:
    """Confirmed, lost by Temporal, and begun again where the record ends; then cancelled."""
    wanted = await world.confirmed(in_days(9))
    handle = await lost(world, wanted.booking_id)
    row = await world.row(wanted.booking_id)
    if row is None:
        raise LookupError(wanted.booking_id)
    await begin_booking_again(world.client, world.task_queue, row.booking)
    await world.until(lambda: world.state(wanted.booking_id), bool)
    await world.update(handle, "cancel", reason="Ill.")
    return handle


async def slot_taken(world: World) -> Handle:
    """The provider has another session at that time, which the database alone knows."""
    provider, start = await world.provider_with_topic(), in_days(9)
    await world.confirmed(start, provider)
    handle = world.booking((await world.request(start, provider=provider)).booking_id)
    try:
        await world.update(handle, "confirm", start=start)
    except RefusedError as refused:
        if refused.code != "slot-taken":
            raise
    await world.signal(handle, "confirm", start=rfc3339(start))
    await world.until(lambda: world.timeline(handle), lambda lines: len(lines) == 2)
    await world.update(handle, "decline", reason="Full.", over_scheduling=True)
    return handle


async def claimed(world: World) -> Handle:
    """Cancelled late, by a client who says that the provider asked for it."""
    handle = world.booking((await world.confirmed(in_days(2))).booking_id)
    await world.update(handle, "cancel", reason="They asked.", initiated_by="provider")
    return handle


async def cancelled_late(world: World) -> Handle:
    """Confirmed, asked to cancel within five days, cancelled: reported to the standing."""
    handle = world.booking((await world.confirmed(in_days(3))).booking_id)
    await world.update(handle, "ask-cancel", reason="Ill.")
    await world.signal(handle, "cancel", reason="They asked.")
    await handle.result()
    return handle


async def rescheduled(world: World) -> Handle:
    """A proposal that is accepted, and entered by support."""
    handle = world.booking((await world.confirmed(in_days(20))).booking_id)
    await world.update(handle, "propose-reschedule", starts=[in_days(22)], reason="A trip.")
    await world.update(handle, "answer-reschedule", accept=True)
    await world.update(handle, "reschedule-approved", start=in_days(22))
    await world.forward(handle, timedelta(days=23))
    return handle


async def unsuited(world: World) -> Handle:
    """A late proposal that does not suit the client, who cancels: one late event."""
    handle = world.booking((await world.confirmed(in_days(3))).booking_id)
    await world.update(handle, "propose-reschedule", starts=[in_days(4)], reason="A trip.")
    await world.update(handle, "answer-reschedule", accept=False, cancel=True)
    return handle


async def lapsed(world: World) -> Handle:
    """A proposal that nobody answers, another one declined, and the booking kept."""
    handle = world.booking((await world.confirmed(in_days(20))).booking_id)
    await world.update(handle, "propose-reschedule", starts=[in_days(40)], reason="A trip.")
    await world.forward(handle, timedelta(days=8))
    await world.update(handle, "propose-reschedule", starts=[in_days(40)], reason="A trip.")
    await world.update(handle, "answer-reschedule", accept=False)
    await world.forward(handle, timedelta(days=13))
    return handle


async def refused(world: World) -> Handle:
    """Signals that cannot be carried out, and a request to cancel the workflow."""
    handle = world.booking((await world.request()).booking_id)
    await world.signal(handle, "confirm", 7)
    await world.signal(handle, "confirm", "two", "arguments")
    await world.signal(handle, "nonsense")
    await handle.cancel()
    await world.until(lambda: world.timeline(handle), lambda lines: len(lines) == 5)
    await world.signal(handle, "cancel", reason="No need.", command_id="once")
    await handle.result()
    return handle


async def stalled(world: World) -> Handle:
    """A database that does not answer for longer than the quick attempts last."""
    start = in_days(9)
    wanted = await world.request(start)
    handle = world.booking(wanted.booking_id)
    async with world.engine.begin() as connection:
        row = select(bookings.c.id).where(bookings.c.id == wanted.booking_id).with_for_update()
        await connection.execute(row)
        confirmed = asyncio.create_task(world.update(handle, "confirm", start=start))
        await asyncio.sleep(6)
    await confirmed
    await world.update(handle, "cancel", reason="Ill.")
    return handle


async def continued(world: World) -> Handle:
    """A booking whose histories are as short as can be."""
    wanted = await world.request(in_days(20), history_limit=12)
    handle = world.booking(wanted.booking_id)
    await world.update(handle, "confirm", start=wanted.preferred_starts[0])
    await world.signal(handle, "nonsense")
    await world.update(handle, "ask-cancel", reason="Ill.")
    await world.update(handle, "cancel", reason="They asked.")
    return handle


async def standing(world: World) -> Handle:
    """Warned, a case, suspended, excused and reinstated; a claim upheld; ended by operators."""
    provider = await world.provider_with_topic()
    handle = await world.start_standing(provider[0], history_limit=60)
    await _late_cancellations(world, provider, 3)
    await _until(world, handle, "case-open")
    await world.forward(handle, timedelta(days=8))
    proof_id = await _proof(world, handle)
    await world.update(handle, "review-proof", proof_id=proof_id, accept=True)
    await _claim(world, handle, provider)
    await world.forward(handle, timedelta(days=4))
    await _until(world, handle, "case-open")
    await world.update(handle, "suspend", reason="Fraud.")
    await world.update(handle, "reinstate", reason="A mistake.")
    await handle.terminate()
    return handle


async def proven(world: World) -> Handle:
    """A case that proof closes in time, and nonsense that is refused."""
    provider = await world.provider_with_topic()
    handle = await world.start_standing(provider[0])
    await _late_cancellations(world, provider, 3)
    await _until(world, handle, "case-open")
    proof_id = await _proof(world, handle)
    await world.update(handle, "review-proof", proof_id=proof_id, accept=True)
    await _until(world, handle, "warned")
    await world.signal(handle, "nonsense")
    await world.until(lambda: handle.query("timeline"), lambda it: it["refused"] == 1)
    await handle.terminate()
    return handle


async def folded(world: World) -> Handle:
    """More late events than a standing carries; the first of them comes again, and is proven."""
    provider_id, _ = await world.provider_with_topic()
    handle = await world.start_standing(provider_id)
    start, asked = in_days(2), in_days(0)
    numbers = [*range(CARRIED + 2), 0]
    for number in numbers:
        await world.signal(
            handle,
            "late-event",
            id=f"event-{number}",
            booking_id=f"booking-{number}",
            kind="cancellation",
            scheduled_start=start,
            initiated_at=asked,
        )
    await world.update(handle, "submit-proof", covers=["event-0"], statement="I was in hospital.")
    await world.update(handle, "review-proof", proof_id="proof-1", accept=True)
    await handle.terminate()
    return handle


async def contested(world: World) -> Handle:
    """Claims that the provider contests: one is dismissed, one upheld; then proof is rejected."""
    provider = await world.provider_with_topic()
    handle = await world.start_standing(provider[0])
    for uphold in (False, True):
        claim_id = await _claim(world, handle, provider)
        await world.signal(handle, "contest-claim", claim_id=claim_id, note="I did not.")
        await world.update(handle, "settle-claim", claim_id=claim_id, uphold=uphold, note="Read.")
    await _late_cancellations(world, provider, 2)
    await _until(world, handle, "case-open")
    proof_id = await _proof(world, handle)
    await world.update(handle, "review-proof", proof_id=proof_id, accept=False, note="No proof.")
    await _until(world, handle, "suspended")
    await handle.terminate()
    return handle


async def told(world: World) -> Handle:
    """A provider who gets mail of the request, and answers it."""
    handle, _ = await _mailed(world)
    await world.update(handle, "decline", reason="No time.", over_scheduling=True)
    await handle.result()
    return handle


async def sent_again(world: World) -> Handle:
    """A delivery of its own, of a mail that somebody wants to have once more."""
    _, owed = await _mailed(world)
    async with world.engine.begin() as connection:
        await owe_again(connection, owed.id)
    await Gateway(world.client, world.task_queue).deliver(owed)
    handle = world.client.get_workflow_handle(delivery_workflow_id(owed.id))
    await handle.result()
    return handle


async def owing(world: World) -> Handle:
    """Mails that nobody takes: superseded, handed to the next history, and told after the end."""
    start, moved, gate = in_days(20), in_days(21), asyncio.Event()
    provider = await _provider_with_mail(world)
    wanted = await world.wanted(start, provider=provider)
    handle = world.booking(wanted.booking_id)
    for kind in ("booking.requested", "booking.rescheduled", "booking.cancelled"):
        OUTLET.plan(wanted.booking_id, kind, once(gate))
    await world.start(BookingInput(request=wanted, history_limit=14))
    await world.until(lambda: world.row(wanted.booking_id), lambda row: row is not None)
    first = (await handle.describe()).run_id
    await world.signal(handle, "confirm", start=start)
    await world.signal(handle, "reschedule-approved", start=moved, initiated_by="support")
    await world.signal(handle, "ask-cancel", reason="Ill.")
    await world.until(handle.describe, lambda it: it.run_id != first)
    await world.signal(handle, "cancel", reason="They asked.")
    await world.until(
        lambda: world.row(wanted.booking_id), lambda row: row.booking.state == "cancelled"
    )
    await world.signal(handle, "cancel", reason="Once more.")
    await world.until(lambda: world.row(wanted.booking_id), lambda row: row.refused == 1)
    gate.set()
    await handle.result()
    return handle


async def compared(world: World) -> Handle:
    """A comparison of all that lives with the database."""
    handle = await world.client.start_workflow(
        "Comparison", ComparisonInput(), id="comparison", task_queue=world.task_queue
    )
    await handle.result()
    return handle


async def swept(world: World) -> Handle:
    """A look for what nobody delivers, which finds a mail that was owed again long ago."""
    _, owed = await _mailed(world)
    long_ago = in_days(-1)
    async with world.engine.begin() as connection:
        await owe_again(connection, owed.id)
        row = update(notices).where(notices.c.id == owed.id)
        await connection.execute(row.values(created_at=long_ago, attempted_at=long_ago))
    handle = await world.client.start_workflow("Sweep", id="sweep", task_queue=world.task_queue)
    await handle.result()
    await world.client.get_workflow_handle(delivery_workflow_id(owed.id)).result()
    return handle


async def _provider_with_mail(world: World) -> tuple[str, str]:
    """A provider who gets mail, and one topic of theirs."""
    provider = await world.provider_with_topic()
    party = Party(role=Role.PROVIDER, id=provider[0])
    async with world.engine.begin() as connection:
        await keep_address(connection, party, "provider@example.org", Source.SERVICE)
    return provider


async def _mailed(world: World) -> tuple[Handle, Owed]:
    """A pending request, and the mail that told its provider of it."""
    provider = await _provider_with_mail(world)
    party = Party(role=Role.PROVIDER, id=provider[0])
    booking_id = (await world.request(provider=provider)).booking_id

    async def sent() -> Owed | None:
        async with world.engine.connect() as connection:
            found = await connection.execute(
                select(notices.c.id, notices.c.kind).where(
                    notices.c.booking_id == booking_id,
                    notices.c.channel == Channel.EMAIL,
                    notices.c.state == NoticeState.SENT,
                )
            )
            row = found.first()
        return row and Owed.to(party, id=row.id, channel=Channel.EMAIL, kind=row.kind)

    return world.booking(booking_id), await world.until(sent, bool)


async def _late_cancellations(world: World, provider: tuple[str, str], count: int) -> None:
    """Confirmed sessions that are cancelled late, because their provider asked for it."""
    for days in range(2, 2 + count):
        booking_id = (await world.confirmed(in_days(days), provider)).booking_id
        await world.update(booking_id, "ask-cancel", reason="Ill.")
        await world.update(booking_id, "cancel", reason="They asked.")


async def _claim(world: World, handle: Handle, provider: tuple[str, str]) -> str:
    """A late cancellation of which the client says that the provider asked for it."""
    begun = await world.until_standing(handle, bool)
    claims = len(begun["claims"])
    booking_id = (await world.confirmed(in_days(2), provider)).booking_id
    await world.update(booking_id, "cancel", reason="They asked.", initiated_by="provider")
    standing = await world.until_standing(handle, lambda it: len(it["claims"]) > claims)
    claim_id: str = standing["claims"][-1]["id"]
    return claim_id


async def _proof(world: World, handle: Handle) -> str:
    """Proof for the newest late event that is on record."""
    standing = await handle.query("standing")
    covers = [standing["events"][-1]["id"]]
    answer = await world.update(handle, "submit-proof", covers=covers, statement="In hospital.")
    proof_id: str = answer["proofs"][-1]["id"]
    return proof_id


async def _until(world: World, handle: Handle, status: str) -> None:
    await world.until_standing(handle, lambda it: it["status"] == status)


LIVES: tuple[Callable[[World], Awaitable[Handle]], ...] = (
    completed,
    declined,
    expired,
    withdrawn,
    cancelled,
    begun_again,
    slot_taken,
    claimed,
    cancelled_late,
    rescheduled,
    unsuited,
    lapsed,
    refused,
    stalled,
    continued,
    standing,
    folded,
    proven,
    contested,
    told,
    sent_again,
    owing,
    compared,
    swept,
)


def name_of(life: Callable[..., object]) -> str:
    """What the files of a life are called."""
    return life.__name__.replace("_", "-")
