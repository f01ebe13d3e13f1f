"""How late is what thousands of bookings have to do at the same instant.

Two storms. Sessions that begin in the same second: both people are reminded of each, a little
later, by a spread of the booking's own, and a reminder is late only from then on. And requests that
expire at the same instant, which nothing spreads: it decides something.

The ledger says when each notice was written down, and when each mail was taken by the mail server.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.benchmark import Benchmark
from bench.lifecycles import Market, rate
from db.engine import create_engine
from db.queries.contacts import Source
from db.schema import bookings, events, notices
from db.stores.contacts import keep_address
from dev.trial import Trial, trial
from domain.booking.decide import NewRequest
from domain.booking.state import State
from domain.instants import rfc3339
from domain.notices.ledger import Channel, NoticeState
from domain.party import Party, Role
from domain.policy import DEFAULT_POLICY
from drills.receivers import Receivers, receiving

_AT_ONCE = 8
"""Few, since a timer is late by as much as the task that has set it was slow."""

_LAST_REMINDER = min(DEFAULT_POLICY.reminders_before_start)
_AFTER_EXPIRY = timedelta(days=60)
_JUST_BEFORE = timedelta(seconds=1)
_QUIET_SECONDS = 1.0
_PATIENCE_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Storm:
    """Something that all bookings do at the same instant."""

    about: str
    begin: Callable[[Market, datetime, bool], Awaitable[None]]
    """Makes a booking that does it at that instant, whose client has an address or not."""
    before: State
    """What the bookings are until then."""
    kind: str
    """The notice that tells of it."""
    told: int
    """How many people are told."""


async def measure(
    stack: Trial, storm: Storm, *, number: int, lead: timedelta, workers: int, mail: bool
) -> dict[str, Any]:
    """The lateness of so many that are due at the same instant, `lead` from now."""
    async with AsyncExitStack() as exits:
        engine = create_engine(stack.database_url, pool_size=20)
        exits.push_async_callback(engine.dispose)
        settings: dict[str, str] = {}
        if mail:
            post = await exits.enter_async_context(
                receiving(Receivers(chance=random.Random(0), fail=0, hang=0))
            )
            settings["SMTP_URL"] = f"smtp://127.0.0.1:{post.smtp_port}"
            settings["MAIL_FROM"] = "Keepdate <bookings@bench.example>"
        names = await asyncio.to_thread(
            stack.start_workers, workers, MAX_CACHED_WORKFLOWS=str(2 * number), **settings
        )
        market = Market(client=await stack.client(), engine=engine)
        due_at = datetime.now(UTC).replace(microsecond=0) + lead
        made = await rate(
            lambda: storm.begin(market, due_at, mail), number=number, at_once=_AT_ONCE
        )
        ready = select(func.count()).where(bookings.c.state == storm.before)
        await _until(engine, ready, number, _PATIENCE_SECONDS)
        left = due_at - datetime.now(UTC)
        seconds = left.total_seconds()
        print(f"  {number} bookings, {made:.0f} a second; due in {seconds:.0f} s", flush=True)
        if left < _JUST_BEFORE:
            raise SystemExit("they were due before all were ready: give a longer --storm-lead")
        await asyncio.sleep((left - _JUST_BEFORE).total_seconds())
        parts = {"Temporal": ["temporal"], "PostgreSQL": ["postgres"], "workers": names}
        before = _computed(stack, parts)
        # By mail too to each client.
        wanted = number * (storm.told + mail)
        await _until(engine, _sent(storm.kind), wanted, _PATIENCE_SECONDS)
        after = _computed(stack, parts)
        found: dict[str, Any] = {
            "bookings": number,
            "due to the portal": await _lateness(engine, storm.kind, Channel.INBOX),
        }
        if mail:
            found["due to the mail server"] = await _lateness(engine, storm.kind, Channel.EMAIL)
        if storm is REMINDERS:
            found["after its spread, to the portal"] = await _after_spread(engine)
        each = {name: 1000 * (after[name] - before[name]) / number for name in parts}
        shown = ", ".join(f"{name} {spent:.1f} ms" for name, spent in each.items())
        print(f"  {'processor time of each booking':<40} {shown}", flush=True)
        return {**found, "processor milliseconds": {k: round(v, 1) for k, v in each.items()}}


def _computed(stack: Trial, parts: dict[str, list[str]]) -> dict[str, float]:
    return {name: sum(stack.cpu_of(each) for each in theirs) for name, theirs in parts.items()}


async def _confirmed(market: Market, due_at: datetime, mail: bool) -> None:
    """A session of which the last reminder is due then."""
    start = due_at + _LAST_REMINDER
    request = replace(await _request(market, mail), preferred_starts=(start,))
    handle = await market.begin(request)
    await handle.execute_update("confirm", {"start": rfc3339(start)})


async def _unanswered(market: Market, due_at: datetime, mail: bool) -> None:
    """A request whose only preferred time is then."""
    request = await _request(market, mail)
    # The provider's reminder at half time would be one more thing to do, in the minutes before.
    policy = replace(DEFAULT_POLICY, reminder_spread=_AFTER_EXPIRY)
    handle = await market.begin(replace(request, preferred_starts=(due_at,), policy=policy))
    # An answer to a query is the sign that the first decision is recorded.
    await handle.query("booking")


async def _request(market: Market, mail: bool) -> NewRequest:
    """A request to a provider of its own, since all of them are for the same time."""
    request = await market.request(*await market.topic())
    if mail:
        client = Party(role=Role.CLIENT, id=request.client_id)
        async with market.engine.begin() as conn:
            await keep_address(conn, client, f"{client.id}@bench.example", Source.SERVICE)
    return request


REMINDERS = Storm(
    about="reminders of sessions that begin in the same second",
    begin=_confirmed,
    before=State.CONFIRMED,
    kind="session-starts",
    told=2,
)

EXPIRIES = Storm(
    about="requests that expire at the same instant",
    begin=_unanswered,
    before=State.PENDING,
    kind="booking.expired",
    told=1,
)


def _sent(kind: str) -> Select[int]:
    return select(func.count()).where(notices.c.kind == kind, notices.c.state == NoticeState.SENT)


async def _until(engine: AsyncEngine, count: Select[int], wanted: int, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while True:
            async with engine.connect() as conn:
                if (await conn.execute(count)).scalar_one() >= wanted:
                    return
            await asyncio.sleep(_QUIET_SECONDS)


async def _lateness(engine: AsyncEngine, kind: str, channel: Channel) -> dict[str, float]:
    """From the instant at which all were due until the ledger has them as sent."""
    async with engine.connect() as conn:
        found = await conn.scalars(
            select(
                func.extract(
                    "epoch",
                    func.coalesce(notices.c.ended_at, notices.c.created_at) - notices.c.due_at,
                )
            ).where(
                notices.c.kind == kind,
                notices.c.channel == channel,
                notices.c.state == NoticeState.SENT,
            )
        )
        return _told(f"due until sent by {channel}", [float(each) for each in found])


async def _after_spread(engine: AsyncEngine) -> dict[str, float]:
    """From the instant at which each reminder was to go out, until it was written down."""
    planned = events.c.data["reminder"]["at"].astext.cast(notices.c.due_at.type)
    async with engine.connect() as conn:
        found = await conn.scalars(
            select(func.extract("epoch", notices.c.created_at - planned)).where(
                events.c.type == "reminder.sent",
                events.c.booking_id == notices.c.booking_id,
                notices.c.kind == REMINDERS.kind,
                notices.c.channel == Channel.INBOX,
                notices.c.state == NoticeState.SENT,
                notices.c.recipient_role == Role.CLIENT.value,
            )
        )
        return _told("its own instant until in the portal", [float(each) for each in found])


def _told(name: str, seconds: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    found = {"p50": cuts[49], "p90": cuts[89], "p99": cuts[98], "max": max(seconds)}
    shown = ", ".join(f"{key} {value:.2f} s" for key, value in found.items())
    print(f"  {name:<40} {shown}", flush=True)
    return {key: round(value, 3) for key, value in found.items()}


def _run(given: argparse.Namespace) -> dict[str, Any]:
    results = {}
    storms = [(REMINDERS, False), (EXPIRIES, False)]
    if given.storm_mail:
        storms.append((REMINDERS, True))
    for storm, mail in storms:
        name = f"{storm.about}{', by mail too' if mail else ''}"
        print(f" {name}:", flush=True)
        with trial() as stack:
            results[name] = asyncio.run(
                measure(
                    stack,
                    storm,
                    number=given.storm_bookings,
                    lead=timedelta(seconds=given.storm_lead),
                    workers=given.storm_workers,
                    mail=mail,
                )
            )
    return results


def _options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--storm-bookings", type=int, default=2000, help="due in the same second")
    group.add_argument(
        "--storm-lead", type=float, default=200.0, metavar="SECONDS",
        help="how long there is to make them",
    )  # fmt: skip
    group.add_argument("--storm-workers", type=int, default=1, help="how many serve them")
    group.add_argument("--storm-mail", action="store_true", help="reminders once more, by mail too")


BENCHMARK = Benchmark(
    about="how late is what 2,000 bookings have to do at the same instant",
    run=_run,
    add_options=_options,
)
