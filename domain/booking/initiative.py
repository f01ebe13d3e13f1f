"""Whose idea a cancellation or a new date was, and whether it is held against the provider.

Three facts are kept apart: who initiated it, who carried it out, and whose fault it is. What
proves that the provider initiated it is a recorded ask or proposal, or support's word. A client
who merely says so makes a claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.booking.state import (
    Booking,
    Cancellation,
    CancellationStatus,
    Fault,
    Initiator,
    RescheduleStatus,
    State,
)
from domain.lateness import LateKind, Receipt, judge
from domain.party import Role


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Whose idea it was, since when, and how late that is where the provider is involved.

    `counted_already` says that the same incident was counted before, as a late reschedule.
    """

    initiated_by: Initiator
    initiated_at: datetime
    fault: Fault
    receipt: Receipt | None = None
    claimed: bool = False
    counted_already: bool = False

    @classmethod
    def by_provider(cls, receipt: Receipt, *, counted_already: bool = False) -> Attribution:
        """The provider's own doing, proved."""
        return cls(
            initiated_by=Initiator.PROVIDER,
            initiated_at=receipt.initiated_at,
            fault=Fault.PROVIDER,
            receipt=receipt,
            counted_already=counted_already,
        )


def attribute_cancellation(
    booking: Booking,
    *,
    in_name_of: Role,
    given: datetime,
    said_by: Initiator | None = None,
    said_at: datetime | None = None,
) -> Attribution:
    """Whose idea a cancellation was.

    Support's word goes first; then what is on record (an open proposal, or an ask); then what the
    client says of themselves; and a client's word against the provider is a claim.
    """
    if booking.state is State.PENDING or booking.scheduled_start is None:
        by = Initiator.CLIENT if in_name_of is Role.CLIENT else Initiator.SUPPORT
        return _held_against_nobody_but_client(said_by or by, said_at or given)
    if in_name_of is Role.SUPPORT and said_by is not None:
        if said_by is not Initiator.PROVIDER:
            return _held_against_nobody_but_client(said_by, said_at or given)
        # Where support does not say since when, the record may: it began with the ask or proposal.
        since = None if said_at else _on_record(booking)
        return since or _by_provider(booking, said_at or given)
    on_record = _on_record(booking)
    if on_record is not None:
        return on_record
    if in_name_of is Role.SUPPORT:
        return _held_against_nobody_but_client(Initiator.UNKNOWN, said_at or given)
    if said_by is Initiator.PROVIDER:
        receipt = _judged(booking, LateKind.CANCELLATION, said_at or given)
        return Attribution(
            initiated_by=Initiator.PROVIDER,
            initiated_at=receipt.initiated_at,
            fault=Fault.CLAIMED,
            receipt=receipt,
            claimed=True,
            counted_already=holds_counted_proposal(booking),
        )
    return _held_against_nobody_but_client(said_by or Initiator.CLIENT, said_at or given)


def attribute_amendment(
    booking: Booking,
    *,
    given: datetime,
    said_by: Initiator | None = None,
    said_at: datetime | None = None,
) -> Attribution:
    """Whose idea a new date was: the proposal's on record, else support's word, else unknown."""
    proposal = booking.reschedule
    if proposal is not None:
        return Attribution.by_provider(proposal.receipt, counted_already=True)
    if said_by is Initiator.PROVIDER:
        return Attribution.by_provider(_judged(booking, LateKind.RESCHEDULE, said_at or given))
    return _held_against_nobody_but_client(said_by or Initiator.UNKNOWN, said_at or given)


def _on_record(booking: Booking) -> Attribution | None:
    """What an open proposal or an ask proves. One incident counts once: a late proposal did."""
    proposal = booking.reschedule
    open_proposal = proposal if proposal and proposal.status is RescheduleStatus.PROPOSED else None
    if open_proposal and open_proposal.receipt.late:
        return Attribution.by_provider(open_proposal.receipt, counted_already=True)
    asked = standing_ask(booking)
    if asked is not None:
        return _by_provider(booking, asked.initiated_at, counted_already=asked.counted_already)
    if open_proposal:
        return Attribution.by_provider(open_proposal.receipt)
    return None


def _by_provider(
    booking: Booking, initiated_at: datetime, *, counted_already: bool = False
) -> Attribution:
    receipt = _judged(booking, LateKind.CANCELLATION, initiated_at)
    return Attribution.by_provider(
        receipt, counted_already=counted_already or holds_counted_proposal(booking)
    )


def holds_counted_proposal(booking: Booking) -> bool:
    """Whether a late proposal has been counted that the booking still holds, accepted or not.

    What the provider initiates after it is the same incident.
    """
    return bool(booking.reschedule and booking.reschedule.receipt.late)


def standing_ask(booking: Booking) -> Cancellation | None:
    """The provider's ask to cancel that the booking holds, if any."""
    asked = booking.cancellation
    return asked if asked and asked.status is CancellationStatus.ASKED else None


def _judged(booking: Booking, kind: LateKind, initiated_at: datetime) -> Receipt:
    if booking.scheduled_start is None:
        raise ValueError("a confirmed booking without a date")
    return judge(
        kind,
        scheduled_start=booking.scheduled_start,
        initiated_at=initiated_at,
        policy=booking.policy,
    )


def _held_against_nobody_but_client(initiator: Initiator, at: datetime) -> Attribution:
    fault = Fault.CLIENT if initiator is Initiator.CLIENT else Fault.NOBODY
    # Words like "provider" in a withdrawal hold nothing against them: it never counts.
    return Attribution(initiated_by=initiator, initiated_at=at, fault=fault)
