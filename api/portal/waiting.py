"""What an open booking waits for, in a few words for whoever looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.booking.state import Booking, CancellationStatus, RescheduleStatus, State
from domain.party import Role


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What is waited for, until when if there is a limit, and whether it is the viewer's turn."""

    text: str
    until: datetime | None = None
    yours: bool = False


def waiting_for(booking: Booking, viewer: Role) -> Waiting | None:
    """What happens next to a booking, by whom; None where nothing but the session is to come."""
    if booking.state is State.PENDING:
        yours = viewer is Role.PROVIDER
        text = "Answer by" if yours else "The provider answers by"
        return Waiting(text=text, until=booking.expires_at, yours=yours)
    if booking.state is State.CONFIRMED:
        return _proposal(booking, viewer) or _asked(booking, viewer)
    return None


def _proposal(booking: Booking, viewer: Role) -> Waiting | None:
    proposal = booking.reschedule
    if proposal is None:
        return None
    if proposal.status is RescheduleStatus.ACCEPTED:
        return Waiting(text="Support amends the date", yours=viewer is Role.SUPPORT)
    if viewer is Role.CLIENT:
        return Waiting(text="New times proposed: answer by", until=proposal.lapses_at, yours=True)
    return Waiting(text="The proposal awaits the client until", until=proposal.lapses_at)


def _asked(booking: Booking, viewer: Role) -> Waiting | None:
    cancellation = booking.cancellation
    if cancellation is None or cancellation.status is not CancellationStatus.ASKED:
        return None
    if viewer is Role.CLIENT:
        return Waiting(text="The provider asks you to cancel", yours=True)
    return Waiting(text="The client is asked to cancel")
