"""Whom or what a workflow waits for, and until when, in words for the operators' card."""

from __future__ import annotations

from domain.booking.awaited import awaited, waits_until
from domain.booking.state import Booking
from domain.instants import to_the_second
from domain.standing.state import ClaimStatus, ProofStatus, Standing


def booking_waits_for(booking: Booking) -> str:
    """What an open booking waits for; of a closed one, that it is over."""
    found, until = awaited(booking), waits_until(booking)
    if found is None or until is None:
        return "nothing: it is closed"
    return f"{found}, until {to_the_second(until)}"


def standing_waits_for(standing: Standing) -> str:
    """Everything that a standing waits for at the same time."""
    found = [
        f"the provider to contest a claim, until {to_the_second(claim.due_at)}"
        for claim in standing.claims.values()
        if claim.status is ClaimStatus.OPEN
    ]
    if any(claim.status is ClaimStatus.CONTESTED for claim in standing.claims.values()):
        found.append("support to settle a claim")
    if any(proof.status is ProofStatus.SUBMITTED for proof in standing.proofs.values()):
        found.append("support to review a proof")
    elif standing.suspension:
        found.append("proof, or support to reinstate the topics")
    elif standing.case:
        found.append(f"proof, until {to_the_second(standing.case.due_at)}")
    return "; ".join(found) or "late events"
