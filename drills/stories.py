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


async def reminded(town: Town, provider: Provider, *, within: int = 60) -> None:
    """A session of which both are reminded within so many seconds, and a jitter of a minute."""
    await _confirmed_for_soon(town, provider, within)


async def postponed(town: Town, provider: Provider) -> None:
    """A session whose date is amended just before both would be reminded of it."""
    booking, _, start = await _confirmed_for_soon(town, provider, 60)
    if booking:
        moved = start + timedelta(days=9, minutes=town.chance.randrange(20_000))
        await amend(town, booking, provider, moved)


async def amended(town: Town, provider: Provider) -> None:
    """Support amends the date, twice in a row for some; some of them cancel after all."""
    start = in_days(9) + timedelta(minutes=town.chance.randrange(40_000))
    booking, client, _ = await _confirmed(town, provider, start)
    if not booking:
        return
    for _ in range(town.chance.choice((1, 1, 2))):
        moved = in_days(10) + timedelta(minutes=town.chance.randrange(80_000))
        await amend(town, booking, provider, moved)
        await asyncio.sleep(town.chance.random())
    if town.chance.random() < 0.4:  # noqa: PLR2004
        await town.tell(booking, provider, "client", client, "cancel", reason="Ill.")


async def amend(town: Town, booking: str, provider: Provider, to: datetime) -> None:
    """Support enters another date, which the client has asked for."""
    await town.tell(
        booking, provider, "support", _SUPPORT, "reschedule-approved",
        start=to.isoformat(), initiated_by="client",
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
    reminded: 1,
    postponed: 1,
    amended: 2,
    misunderstood: 1,
}
"""Every story, and how often it happens compared to the others."""

SOON = frozenset({completed, reminded, postponed})
"""Those of sessions that begin soon."""


async def _requested(
    town: Town, provider: Provider, start: datetime | None = None
) -> tuple[str | None, str, datetime]:
    client, start = town.name("c"), start or _some_time(town)
    return await town.ask(provider, client, start), client, start


async def _confirmed(
    town: Town, provider: Provider, start: datetime | None = None
) -> tuple[str | None, str, datetime]:
    booking, client, start = await _requested(town, provider, start)
    if booking:
        await town.tell(
            booking, provider, "provider", provider.id, "confirm", start=start.isoformat()
        )
    return booking, client, start


async def _confirmed_for_soon(
    town: Town, provider: Provider, within: int
) -> tuple[str | None, str, datetime]:
    """A session whose last reminder is due soon, and not before a slow confirmation is recorded."""
    seconds = within // 2 + town.chance.randrange(within // 2)
    return await _confirmed(town, provider, in_days(0) + timedelta(hours=1, seconds=seconds))


def _some_time(town: Town) -> datetime:
    """Two to four days ahead, which is late by any clock, or nine to forty, which is not."""
    days = town.chance.choice((2 + 2 * town.chance.random(), 9 + 30 * town.chance.random()))
    return in_days(days)
