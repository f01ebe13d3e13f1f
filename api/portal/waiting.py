"""What an open booking waits for, in a few words for whoever looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.booking.awaited import Awaited, awaited, waits_until
from domain.booking.state import Booking
from domain.party import Role


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What is waited for, until when if there is a limit, and whether it is the viewer's turn."""

    text: str
    until: datetime | None = None
    yours: bool = False


@dataclass(frozen=True, kw_only=True)
class _Step:
    """Whose turn it is, and how it is put to them and to everybody else."""

    whose: Role
    to_them: str
    to_others: str
    limited: bool = False
    """Whether it ends by itself, so that the words go on with a time."""


_STEPS: dict[Awaited | None, _Step] = {
    Awaited.ANSWER: _Step(
        whose=Role.PROVIDER,
        to_them="Answer by",
        to_others="The provider answers by",
        limited=True,
    ),
    Awaited.CHOICE: _Step(
        whose=Role.CLIENT,
        to_them="New times proposed: answer by",
        to_others="The proposal awaits the client until",
        limited=True,
    ),
    Awaited.AMENDMENT: _Step(
        whose=Role.SUPPORT,
        to_them="Support amends the date",
        to_others="Support amends the date",
    ),
    Awaited.CANCELLATION: _Step(
        whose=Role.CLIENT,
        to_them="The provider asks you to cancel",
        to_others="The client is asked to cancel",
    ),
}


def waiting_for(booking: Booking, viewer: Role) -> Waiting | None:
    """What happens next to a booking, by whom; None where nothing but the session is to come."""
    step = _STEPS.get(awaited(booking))
    if step is None:
        return None
    yours = viewer is step.whose
    return Waiting(
        text=step.to_them if yours else step.to_others,
        until=waits_until(booking) if step.limited else None,
        yours=yours,
    )
