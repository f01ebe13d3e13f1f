"""A booking as callers see it: its JSON, what they may do next, and what that would count as."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.booking.initiative import holds_counted_proposal
from domain.booking.state import Booking, RescheduleStatus, State
from domain.booking.table import LEGAL, lookup
from domain.instants import rfc3339
from domain.lateness import LateKind, Receipt, judge
from domain.party import Party, Role
from domain.refusal import Code


def booking_json(booking: Booking, allowed_actions: tuple[str, ...] = ()) -> dict[str, Any]:
    """A booking as JSON, the same from the API, a query and an update. Instants are in UTC.

    `allowed_actions` are those of whoever it is for: of the giver of an update, and of a service
    where nobody says who they are, as with a query.
    """
    return {
        "id": booking.id,
        "topic_id": booking.topic_id,
        "title": booking.title,
        "provider_id": booking.provider_id,
        "client_id": booking.client_id,
        "state": booking.state.value,
        "revision": booking.revision,
        "preferred_starts": [rfc3339(start) for start in booking.preferred_starts],
        "scheduled_start": _instant(booking.scheduled_start),
        "scheduled_end": _instant(booking.scheduled_end),
        "duration_minutes": booking.duration_minutes,
        "note": booking.note,
        "expires_at": rfc3339(booking.expires_at),
        "reschedule": _reschedule_json(booking),
        "cancellation": _cancellation_json(booking),
        "allowed_actions": list(allowed_actions),
        "policy": booking.policy.name,
        "created_at": rfc3339(booking.created_at),
        "updated_at": rfc3339(booking.decided_at),
    }


def _instant(instant: datetime | None) -> str | None:
    return rfc3339(instant) if instant else None


def _reschedule_json(booking: Booking) -> dict[str, Any] | None:
    proposal = booking.reschedule
    if proposal is None:
        return None
    return {
        "status": proposal.status.value,
        "initiated_by": proposal.initiated_by.value,
        "initiated_at": rfc3339(proposal.initiated_at),
        "starts": [rfc3339(start) for start in proposal.starts],
        "accepted_start": _instant(proposal.accepted_start),
        "reason": proposal.reason,
        "lapses_at": rfc3339(proposal.lapses_at),
        "late": proposal.receipt.late,
    }


def _cancellation_json(booking: Booking) -> dict[str, Any] | None:
    cancellation = booking.cancellation
    if cancellation is None:
        return None
    return {
        "status": cancellation.status.value,
        "initiated_by": cancellation.initiated_by.value,
        "initiated_at": rfc3339(cancellation.initiated_at),
        "executed_by": cancellation.executed_by.value if cancellation.executed_by else None,
        "fault": cancellation.fault.value if cancellation.fault else None,
        "claimed": cancellation.claimed,
        "reason": cancellation.reason,
        "late": cancellation.late,
    }


def allowed_actions(booking: Booking, viewer: Party, now: datetime) -> tuple[str, ...]:
    """The commands that this viewer could give now, in the order of the transition table."""
    return tuple(
        row.command
        for (state, _), row in LEGAL.items()
        if state is booking.state
        and row.actors != (Role.CLOCK,)
        and (viewer.role is Role.SERVICE or viewer.role in row.actors)
        and (
            viewer.role in (Role.SERVICE, Role.SUPPORT)
            or viewer.id == booking.party_id(viewer.role)
        )
        and _refused_as_things_stand(booking, row.command, now) is None
    )


def _refused_as_things_stand(booking: Booking, command: str, now: datetime) -> Code | None:
    """Why a command that the table allows could only be refused, whatever it says."""
    proposal = booking.reschedule
    match command:
        case "confirm" if all(start <= now for start in booking.preferred_starts):
            return Code.START_PASSED
        case "ask-cancel" if booking.cancellation is not None:
            return Code.ALREADY_ASKED
        case "propose-reschedule" if proposal is not None:
            return Code.ALREADY_PROPOSED
        case "answer-reschedule" if (
            proposal is None or proposal.status is not RescheduleStatus.PROPOSED
        ):
            return Code.NOTHING_PROPOSED
        case _:
            return None


def candidate_starts(booking: Booking) -> tuple[datetime, ...]:
    """The times that could still be taken instead, where the one asked for is not free."""
    if booking.state is State.PENDING:
        return booking.preferred_starts
    return booking.reschedule.starts if booking.reschedule else ()


def preview_receipt(booking: Booking, action: str, now: datetime) -> Receipt | None:
    """How late an ask or a proposal would be if made now; `None` with no date to be late for."""
    if booking.scheduled_start is None:
        return None
    kinds = {"ask-cancel": LateKind.CANCELLATION, "propose-reschedule": LateKind.RESCHEDULE}
    return judge(
        kinds[action],
        scheduled_start=booking.scheduled_start,
        initiated_at=now,
        policy=booking.policy,
    )


def counted_already(booking: Booking, action: str) -> bool:
    """Whether an act would belong to an incident that was counted with a late proposal."""
    return action == "ask-cancel" and holds_counted_proposal(booking)


def preview_refusal(booking: Booking, action: str, now: datetime) -> Code | None:
    """Why an ask or a proposal would be refused as things stand."""
    row = lookup(booking.state, action)
    return row if isinstance(row, Code) else _refused_as_things_stand(booking, action, now)
