"""How late reminders are where thousands of sessions begin in the same second.

The ledger says when each was written down, and when each mail was taken by the mail server; both
are held against the instant at which all of them are due. They are not due all at once in truth:
each goes out a little later, by a spread of its booking's own, and is late only from then on.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.benchmark import Benchmark
from bench.lifecycles import Market, rate
from db.engine import create_engine
from db.queries.contacts import Source
from db.schema import bookings, events, notices
from db.stores.contacts import keep_address
from dev.trial import Trial, trial
from domain.instants import rfc3339
from domain.notices.ledger import Channel, NoticeState
from domain.party import Party, Role
from domain.policy import DEFAULT_POLICY
from drills.receivers import Receivers, receiving

_AT_ONCE = 50
_KIND = "session-starts"
_LAST_REMINDER = min(DEFAULT_POLICY.reminders_before_start)
_QUIET_SECONDS = 1.0
_PATIENCE_SECONDS = 600.0


async def measure(stack: Trial, *, number: int, lead: timedelta, mail: bool) -> dict[str, Any]:
    """The lateness of so many reminders that are due at the same instant, `lead` from now."""
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
        await asyncio.to_thread(stack.start_workers, 1, MAX_CACHED_WORKFLOWS="4000", **settings)
        market = Market(client=await stack.client(), engine=engine)
        due_at = datetime.now(UTC).replace(microsecond=0) + lead
        made = await rate(
            lambda: _confirmed(market, due_at + _LAST_REMINDER, mail=mail),
            number=number,
            at_once=_AT_ONCE,
        )
        await _until(lambda: _count_confirmed(engine), number, _PATIENCE_SECONDS)
        left = (due_at - datetime.now(UTC)).total_seconds()
        print(f"  {number} bookings, {made:.0f} a second; due in {left:.0f} s", flush=True)
        if left < 0:
            raise SystemExit("they were due before all were confirmed: give a longer --storm-lead")
        # To both people, and by mail too to each client.
        channels = (Channel.INBOX, Channel.EMAIL) if mail else (Channel.INBOX,)
        wanted = number * (1 + len(channels))
        await _until(lambda: _count_sent(engine), wanted, left + _PATIENCE_SECONDS)
        return {
            "bookings": number,
            "due to the portal": await _lateness(engine, Channel.INBOX),
            **({"due to the mail server": await _lateness(engine, Channel.EMAIL)} if mail else {}),
            "after its spread, to the portal": await _after_spread(engine),
        }


async def _confirmed(market: Market, start: datetime, *, mail: bool) -> None:
    """A booking of a provider of its own, since they all begin at the same time."""
    request = replace(await market.request(*await market.topic()), preferred_starts=(start,))
    if mail:
        client = Party(role=Role.CLIENT, id=request.client_id)
        async with market.engine.begin() as conn:
            await keep_address(conn, client, f"{client.id}@bench.example", Source.SERVICE)
    handle = await market.begin(request)
    await handle.signal("confirm", {"start": rfc3339(start)})


async def _count_confirmed(engine: AsyncEngine) -> int:
    async with engine.connect() as conn:
        counted = select(func.count()).where(bookings.c.state == "confirmed")
        return int((await conn.execute(counted)).scalar_one())


async def _count_sent(engine: AsyncEngine) -> int:
    async with engine.connect() as conn:
        counted = select(func.count()).where(
            notices.c.kind == _KIND, notices.c.state == NoticeState.SENT
        )
        return int((await conn.execute(counted)).scalar_one())


async def _until(count: Callable[[], Awaitable[int]], wanted: int, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if await count() >= wanted:
                return
            await asyncio.sleep(_QUIET_SECONDS)


async def _lateness(engine: AsyncEngine, channel: Channel) -> dict[str, float]:
    """From the instant at which all were due until the ledger has them as sent."""
    async with engine.connect() as conn:
        found = await conn.scalars(
            select(
                func.extract(
                    "epoch",
                    func.coalesce(notices.c.ended_at, notices.c.created_at) - notices.c.due_at,
                )
            ).where(
                notices.c.kind == _KIND,
                notices.c.channel == channel,
                notices.c.state == NoticeState.SENT,
            )
        )
        return _told(f"due until sent by {channel}", [float(each) for each in found])


async def _after_spread(engine: AsyncEngine) -> dict[str, float]:
    """From the instant at which each was to go out, until it was written down."""
    planned = events.c.data["reminder"]["at"].astext.cast(notices.c.due_at.type)
    async with engine.connect() as conn:
        found = await conn.scalars(
            select(func.extract("epoch", notices.c.created_at - planned)).where(
                events.c.type == "reminder.sent",
                events.c.booking_id == notices.c.booking_id,
                notices.c.kind == _KIND,
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
    for mail in (False, True) if given.storm_mail else (False,):
        print(f" {'with' if mail else 'without'} mail:", flush=True)
        with trial() as stack:
            results["with mail" if mail else "without mail"] = asyncio.run(
                measure(
                    stack,
                    number=given.storm_bookings,
                    lead=timedelta(seconds=given.storm_lead),
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
    group.add_argument("--storm-mail", action="store_true", help="once more, by e-mail too")


BENCHMARK = Benchmark(
    about="how late reminders are where 2,000 sessions begin in the same second",
    run=_run,
    add_options=_options,
)
