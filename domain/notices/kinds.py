"""Every kind of notice: who is told, and for how long there is a point in telling them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from domain.booking.state import Booking, ReminderKind, RescheduleStatus, State
from domain.party import Role

_PROVIDER, _CLIENT, _BOTH = (Role.PROVIDER,), (Role.CLIENT,), (Role.PROVIDER, Role.CLIENT)
_SUPPORT = (Role.SUPPORT,)


def _always(_: Booking) -> bool:
    return True


def _while_pending(booking: Booking) -> bool:
    return booking.state is State.PENDING


def _while_open(booking: Booking) -> bool:
    return not booking.closed


def _while_proposed(booking: Booking) -> bool:
    return _proposal_is(booking, RescheduleStatus.PROPOSED)


def _while_accepted(booking: Booking) -> bool:
    return _proposal_is(booking, RescheduleStatus.ACCEPTED)


def _proposal_is(booking: Booking, status: RescheduleStatus) -> bool:
    proposal = booking.reschedule
    return not booking.closed and proposal is not None and proposal.status is status


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of notice.

    `told` are those it is for; of a reminder, those that the reminder itself names. It is worth
    sending where it `stands`: a notice that has not been sent by then is superseded. One that is
    `dated` speaks of the session's date too, so that it is superseded where that is amended.
    """

    told: tuple[Role, ...] = ()
    stands: Callable[[Booking], bool] = _always
    dated: bool = False


KINDS: dict[str, Kind] = {
    "booking.requested": Kind(told=_PROVIDER, stands=_while_pending),
    # Not yet sent when the date is amended: the notice of the amendment tells all there is to know.
    "booking.confirmed": Kind(told=_BOTH, stands=_while_open, dated=True),
    "booking.declined": Kind(told=_CLIENT),
    "booking.expired": Kind(told=_CLIENT),
    # Somebody may plan to come: it goes in any case, also where nobody has heard of the date.
    "booking.cancelled": Kind(told=_BOTH),
    "booking.rescheduled": Kind(told=_BOTH, stands=_while_open, dated=True),
    "booking.completed": Kind(told=_BOTH),
    "cancellation.asked": Kind(told=_CLIENT, stands=_while_open),
    "reschedule.proposed": Kind(told=_CLIENT, stands=_while_proposed),
    "reschedule.accepted": Kind(told=(Role.PROVIDER, Role.SUPPORT), stands=_while_accepted),
    "reschedule.declined": Kind(told=_PROVIDER, stands=_while_open),
    "reschedule.lapsed": Kind(told=_PROVIDER, stands=_while_open),
    ReminderKind.ANSWER_HALF_TIME: Kind(stands=_while_pending),
    ReminderKind.ANSWER_LAST_CALL: Kind(stands=_while_pending),
    ReminderKind.LATE_WINDOW_OPENS: Kind(stands=_while_open, dated=True),
    ReminderKind.SESSION_STARTS: Kind(stands=_while_open, dated=True),
    "claim.opened": Kind(told=_PROVIDER),
    "claim.contested": Kind(told=_SUPPORT),
    "claim.upheld": Kind(told=_PROVIDER),
    "claim.dismissed": Kind(told=_PROVIDER),
    "standing.warned": Kind(told=_PROVIDER),
    "case.opened": Kind(told=_PROVIDER),
    "case.closed": Kind(told=_PROVIDER),
    "proof.submitted": Kind(told=_SUPPORT),
    "proof.accepted": Kind(told=_PROVIDER),
    "proof.rejected": Kind(told=_PROVIDER),
    "topics.suspended": Kind(told=_PROVIDER),
    "topics.reinstated": Kind(told=_PROVIDER),
}
"""All that anybody is told of; of what is not here, nobody is."""

NOBODY_TOLD = Kind()


def kind_of(name: str) -> Kind:
    """A kind by its name: that of an event, or of a reminder."""
    return KINDS.get(name, NOBODY_TOLD)


def pointless(booking: Booking) -> frozenset[str]:
    """The kinds in which there is no point any more, now that the booking is as it is."""
    return frozenset(str(name) for name, kind in KINDS.items() if not kind.stands(booking))
