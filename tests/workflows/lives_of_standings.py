"""Lives of providers' standings: cases, proofs and claims."""

from __future__ import annotations

from datetime import timedelta

from domain.standing.fold import CARRIED
from tests.workflows.world import Handle, World, in_days


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
