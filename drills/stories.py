"""What happens between people in a drill: each story is one booking, or two that collide."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from drills.town import Provider, Town, in_days

Story = Callable[[Town, Provider], Coroutine[Any, Any, None]]
_SUPPORT = "staff-1"


async def declined(town: Town, provider: Provider) -> None:
    """The provider turns it down."""
    booking, _, _ = await _requested(town, provider)
    if booking:
        await town.tell(booking, provider, "provider", provider.id, "decline", reason="Away.")


async def withdrawn(town: Town, provider: Provider) -> None:
    """The client withdraws while the provider confirms: one of them is first."""
    booking, client, start = await _requested(town, provider)
    if booking:
        await asyncio.gather(
            town.tell(booking, provider, "client", client, "cancel", reason="No."),
            town.tell(
                booking, provider, "provider", provider.id, "confirm", start=start.isoformat()
            ),
        )


async def cancelled(town: Town, provider: Provider) -> None:
    """The client cancels by their own wish: nobody is late."""
    booking, client, _ = await _confirmed(town, provider)
    if booking:
        await town.tell(booking, provider, "client", client, "cancel", reason="Ill.")


async def asked_to_cancel(town: Town, provider: Provider) -> None:
    """The provider asks the client to cancel, late or in good time, and the client does."""
    booking, client, _ = await _confirmed(town, provider)
    if booking:
        await town.tell(booking, provider, "provider", provider.id, "ask-cancel", reason="Away.")
        await town.tell(booking, provider, "client", client, "cancel", reason="As asked.")


async def rescheduled(town: Town, provider: Provider) -> None:
    """The provider proposes, the client accepts, support amends."""
    booking, client, start = await _confirmed(town, provider)
    if not booking:
        return
    other = (start + timedelta(days=20, minutes=town.chance.randrange(20_000))).isoformat()
    await town.tell(
        booking, provider, "provider", provider.id, "propose-reschedule",
        starts=[other], reason="A funeral.",
    )  # fmt: skip
    if town.chance.random() < 0.3:  # noqa: PLR2004
        await town.tell(
            booking, provider, "client", client, "answer-reschedule", accept=False, cancel=True
        )
        return
    await town.tell(
        booking, provider, "client", client, "answer-reschedule", accept=True, start=other
    )
    await town.tell(booking, provider, "support", _SUPPORT, "reschedule-approved", start=other)


async def collided(town: Town, provider: Provider) -> None:
    """Two bookings of one provider are confirmed for the same time: one of them loses."""
    start = _some_time(town)
    clients = [town.name("c"), town.name("c")]
    bookings = await asyncio.gather(*(town.ask(provider, client, start) for client in clients))
    await asyncio.gather(
        *(
            town.tell(
                booking, provider, "provider", provider.id, "confirm", start=start.isoformat()
            )
            for booking in bookings
            if booking
        )
    )


async def completed(town: Town, provider: Provider) -> None:
    """A session that begins soon, and is over within the drill."""
    start = in_days(0) + timedelta(seconds=30, minutes=2 * town.chance.randrange(3))
    client = town.name("c")
    booking = await town.ask(provider, client, start)
    if booking:
        await town.tell(
            booking, provider, "provider", provider.id, "confirm", start=start.isoformat()
        )


async def reminded(town: Town, provider: Provider) -> None:
    """A session of which both are reminded within the drill; of some the date is amended first."""
    start = in_days(0) + timedelta(hours=1, seconds=15 + town.chance.randrange(15))
    client = town.name("c")
    booking = await town.ask(provider, client, start)
    if not booking:
        return
    await town.tell(booking, provider, "provider", provider.id, "confirm", start=start.isoformat())
    if town.chance.random() < 0.5:  # noqa: PLR2004
        moved = (start + timedelta(days=9, minutes=town.chance.randrange(20_000))).isoformat()
        await town.tell(
            booking, provider, "support", _SUPPORT, "reschedule-approved",
            start=moved, initiated_by="client",
        )  # fmt: skip


async def misunderstood(town: Town, provider: Provider) -> None:
    """Commands that make no sense: they change nothing."""
    booking, client, start = await _requested(town, provider)
    if not booking:
        return
    await town.tell(booking, provider, "provider", provider.id, "ask-cancel", reason="Too early.")
    await town.tell(booking, provider, "client", client, "confirm", start=start.isoformat())
    await town.tell(booking, provider, "provider", provider.id, "confirm", start="tomorrow")
    await town.tell(booking, provider, "provider", provider.id, "confirm", start=start.isoformat())


STORIES: dict[Story, int] = {
    declined: 1,
    withdrawn: 2,
    cancelled: 2,
    asked_to_cancel: 4,
    rescheduled: 4,
    collided: 2,
    completed: 2,
    reminded: 2,
    misunderstood: 1,
}
"""Every story, and how often it happens compared to the others."""


async def _requested(town: Town, provider: Provider) -> tuple[str | None, str, datetime]:
    client, start = town.name("c"), _some_time(town)
    return await town.ask(provider, client, start), client, start


async def _confirmed(town: Town, provider: Provider) -> tuple[str | None, str, datetime]:
    booking, client, start = await _requested(town, provider)
    if booking:
        await town.tell(
            booking, provider, "provider", provider.id, "confirm", start=start.isoformat()
        )
    return booking, client, start


def _some_time(town: Town) -> datetime:
    """Two to four days ahead, which is late by any clock, or nine to forty, which is not."""
    days = town.chance.choice((2 + 2 * town.chance.random(), 9 + 30 * town.chance.random()))
    return in_days(days)
