"""Whom or what a workflow waits for, and until when, in words for the operators' card."""

from __future__ import annotations

from domain.booking.deadlines import completes_at
from domain.booking.state import Booking, CancellationStatus, RescheduleStatus, State
from domain.instants import to_the_second
from domain.standing.state import ClaimStatus, ProofStatus, Standing


def booking_waits_for(booking: Booking) -> str:
    """What an open booking waits for; of a closed one, that it is over."""
    if booking.closed:
        return "nothing: it is closed"
    if booking.state is State.PENDING:
        return f"the provider's answer, until {to_the_second(booking.expires_at)}"
    proposal, cancellation = booking.reschedule, booking.cancellation
    if proposal and proposal.status is RescheduleStatus.PROPOSED:
        return (
            f"the client's answer to the proposed times, until {to_the_second(proposal.lapses_at)}"
        )
    until = f"until {to_the_second(completes_at(booking))}"
    if proposal:
        return f"support to enter the date that the client has accepted, {until}"
    if cancellation and cancellation.status is CancellationStatus.ASKED:
        return f"the client, who is asked to cancel, {until}"
    return f"the end of the session, {until}"


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
