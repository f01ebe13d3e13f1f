"""A provider's standing, from the first warning to the suspension and back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from db.queries.standings import get_standing
from db.queries.timelines import standing_timeline
from db.queries.topics import get_topic, list_topics
from domain.party import Party, Role
from domain.standing.view import standing_json
from tests.workflows.world import Handle, RefusedError, World, in_days, now

SOMEBODY = Party(role=Role.CLIENT, id="somebody")
Provider = tuple[str, str]


async def _cancel_late(world: World, provider: Provider, days: float, **claim: Any) -> None:
    """A confirmed booking that ends by a cancellation, asked for by the provider or claimed so."""
    booking_id = (await world.confirmed(in_days(days), provider)).booking_id
    if not claim:
        await world.update(booking_id, "ask-cancel", reason="Ill.")
    await world.update(booking_id, "cancel", reason="They asked me to.", **claim)


async def _stands(world: World, provider: Provider, **wanted: Any) -> dict[str, Any]:
    """The standing, once it shows this; the database shows the same."""
    handle = world.standing(provider[0])
    found: dict[str, Any] = await world.until_standing(
        handle,
        lambda it: bool(it) and all(it[name] == value for name, value in wanted.items()),
    )
    async with world.engine.connect() as connection:
        recorded = await get_standing(connection, provider[0])
    assert recorded is not None
    assert standing_json(recorded) == found
    return found


async def _listed(world: World, provider: Provider) -> bool:
    async with world.engine.connect() as connection:
        found = await list_topics(connection, viewer=SOMEBODY, provider_id=provider[0], limit=9)
        topic = await get_topic(connection, provider[1])
    assert topic is not None
    assert bool(found) == (topic.status == "listed")
    return bool(found)


async def _commands(world: World, provider: Provider) -> list[str]:
    async with world.engine.connect() as connection:
        return [entry.command for entry in await standing_timeline(connection, provider[0])]


async def _pass_time(world: World, handle: Handle, span: timedelta) -> None:
    await world.forward(handle, span)


async def test_three_late_cancellations_and_accepted_proof(world: World) -> None:
    provider = await world.provider_with_topic()
    for number, status in ((1, "warned"), (2, "warned"), (3, "case-open")):
        await _cancel_late(world, provider, 1 + number)
        standing = await _stands(world, provider, status=status, late_cancellations=number)
    assert len(standing["case"]["reasons"]) == 4
    assert await _listed(world, provider)

    handle = world.standing(provider[0])
    await world.forward(handle, timedelta(days=6, hours=23))
    await _stands(world, provider, status="case-open")
    await world.forward(handle, timedelta(hours=2))
    await _stands(world, provider, status="suspended")
    assert not await _listed(world, provider)

    covers = [standing["events"][0]["id"]]
    answer = await world.update(
        handle, "submit-proof", covers=covers, statement="I was in hospital."
    )
    proof_id = answer["proofs"][0]["id"]
    assert not await _listed(world, provider)
    await world.update(handle, "review-proof", proof_id=proof_id, accept=True)
    cleared = await _stands(world, provider, status="warned", late_cancellations=2)
    assert [event["excused"] for event in cleared["events"]] == [True, False, False]
    assert await _listed(world, provider)
    assert (await _commands(world, provider))[-3:] == [
        "end-proof-window",
        "submit-proof",
        "review-proof",
    ]


async def test_a_late_proposal_counts_at_once_and_on_time_acts_never(world: World) -> None:
    provider = await world.provider_with_topic()
    late = await world.confirmed(in_days(4), provider)
    early = await world.confirmed(in_days(8), provider)
    for booking in (late, early):
        await world.update(
            booking.booking_id, "propose-reschedule", starts=[in_days(20)], reason="A trip."
        )
    found = await _stands(world, provider, late_reschedules=1, late_cancellations=0)
    assert [event["booking_id"] for event in found["events"]] == [late.booking_id]
    # The client gives up because of the proposal: the same incident.
    await world.update(late.booking_id, "answer-reschedule", accept=False, cancel=True)
    # By its end a booking has reported whatever it has to report.
    await world.booking(late.booking_id).result()
    await _stands(world, provider, late_reschedules=1, late_cancellations=0)


async def test_a_claim_counts_unless_it_is_contested_in_time(world: World) -> None:
    quiet, denying = [await world.provider_with_topic() for _ in range(2)]
    for provider in (quiet, denying):
        await _cancel_late(world, provider, 3, initiated_by="provider")
        found = await _stands(world, provider, status="good", late_cancellations=0)
        assert [claim["status"] for claim in found["claims"]] == ["open"]
    claim_id = found["claims"][0]["id"]
    await world.update(world.standing(denying[0]), "contest-claim", claim_id=claim_id)
    await asyncio.gather(
        *(
            world.forward(world.standing(provider[0]), timedelta(hours=72, minutes=1))
            for provider in (quiet, denying)
        )
    )
    upheld = await _stands(world, quiet, status="warned", late_cancellations=1)
    assert upheld["claims"][0]["status"] == "upheld"
    contested = await _stands(world, denying, status="good", late_cancellations=0)
    assert contested["claims"][0]["status"] == "contested"
    await world.update(world.standing(denying[0]), "settle-claim", claim_id=claim_id, uphold=False)
    await _stands(world, denying, status="good", late_cancellations=0)


async def test_commands_that_are_not_theirs_are_refused(world: World) -> None:
    provider_id, _ = await world.provider_with_topic()
    handle = await world.start_standing(provider_id)
    attempts: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("not-suspended", "reinstate", {"reason": "Why not."}),
        ("unknown-event", "submit-proof", {"covers": ["none"], "statement": "Ill."}),
        ("unknown-proof", "review-proof", {"proof_id": "none", "accept": True}),
        ("unknown-claim", "contest-claim", {"claim_id": "none"}),
        ("unknown-claim", "settle-claim", {"claim_id": "none", "uphold": True}),
        ("not-allowed", "suspend", {"reason": "Me.", "by": {"role": "client", "id": "c"}}),
        (
            "not-allowed",
            "submit-proof",
            {"covers": ["e"], "statement": "s", "by": {"role": "provider", "id": "other"}},
        ),
    )

    async def code(name: str, fields: dict[str, Any]) -> str:
        try:
            await world.update(handle, name, **fields)
        except RefusedError as refused:
            return refused.code
        return "applied"

    codes = [await code(name, fields) for _, name, fields in attempts]
    assert codes == [wanted for wanted, _, _ in attempts]
    assert await _commands(world, (provider_id, "")) == []
    await world.update(handle, "suspend", reason="Fraud.", at=now())
    assert await code("suspend", {"reason": "Again."}) == "already-suspended"
