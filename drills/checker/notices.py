"""The proof that everybody was told: the ledger, held against what the outside world took in."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row
from temporalio.client import Client

from drills.checker.check import Findings
from drills.receivers import Receivers, Taken

Row = dict[str, Any]

UNDER_WAY = timedelta(seconds=27)
"""What was on its way when the date was amended may arrive so much later, and no more."""

_DATED = ("booking.confirmed", "booking.rescheduled", "session-starts", "late-window-opens")


@dataclass(frozen=True, kw_only=True)
class _Ledger:
    rows: list[Row]
    told: list[Row]
    heard: int
    amendments: dict[str, list[datetime]]


def _libpq(database_url: str) -> str:
    return database_url.replace("postgresql+psycopg://", "postgresql://")


def still_owed(database_url: str) -> int:
    """How many notices have not ended, or will be owed soon, when a session is over."""
    with psycopg.connect(_libpq(database_url)) as conn:
        found = conn.execute(
            "SELECT (SELECT count(*) FROM notices WHERE state = 'owed')"
            " + (SELECT count(*) FROM bookings WHERE state = 'confirmed'"
            "    AND scheduled_end < now() + interval '10 minutes')"
        ).fetchone()
    return int(found[0]) if found else 0


def _read(database_url: str) -> _Ledger:
    with psycopg.connect(_libpq(database_url), row_factory=dict_row) as conn:
        rows = conn.execute("SELECT * FROM notices WHERE channel <> 'inbox'").fetchall()
        told = conn.execute(
            "SELECT n.* FROM notices n JOIN contacts c"
            " ON c.role = n.recipient_role AND c.person_id = n.recipient_id"
            " WHERE n.channel = 'inbox' AND n.state = 'sent' AND c.email IS NOT NULL"
        ).fetchall()
        # Reports and reminders are between the parts of Keepdate, and told to no endpoint.
        heard = conn.execute(
            "SELECT count(*) AS number FROM events WHERE type NOT IN"
            " ('reminder.sent', 'reminder.skipped', 'late-event.reported', 'message.posted',"
            " 'logistics.changed')"
        ).fetchone()
        amended = conn.execute(
            "SELECT booking_id, min(created_at) AS at FROM notices"
            " WHERE kind = 'booking.rescheduled' AND channel = 'inbox' GROUP BY booking_id, due_at"
        ).fetchall()
    amendments: dict[str, list[datetime]] = defaultdict(list)
    for row in amended:
        amendments[row["booking_id"]].append(row["at"])
    return _Ledger(
        rows=rows, told=told, heard=int(heard["number"]) if heard else 0, amendments=amendments
    )


async def check_notices(
    client: Client, database_url: str, world: Receivers
) -> tuple[Findings, dict[str, int]]:
    """What does not hold, and how much there was."""
    ledger = await asyncio.to_thread(_read, database_url)
    found = Findings()
    by_id = {row["id"]: row for row in ledger.rows}
    mails, webhooks = _by_id(world.mails), _by_id(world.webhooks)
    _owed_to_all(found, ledger)
    for row in ledger.rows:
        arrived = (mails if row["channel"] == "email" else webhooks).get(row["id"], [])
        _ended_well(found, row, arrived)
        _speaks_of_no_other_date(found, row, ledger.amendments[row["booking_id"]])
    for taken in (*world.mails, *world.webhooks):
        found.hold("what arrived is in the ledger", holds=taken.id in by_id, otherwise=f"{taken}")
        if taken.id in by_id and by_id[taken.id]["channel"] == "email":
            person = by_id[taken.id]["recipient_id"]
            found.hold(
                "each mail came to whom it is for",
                holds=taken.to == f"{person}@drill.example",
                otherwise=f"{taken} was for {person}",
            )
    found.checked["signatures verify"] += len(world.webhooks)
    for each in world.unsigned:
        found.hold("signatures verify", holds=False, otherwise=each)
    await _nothing_stuck(found, client)
    return found, _figures(ledger, world, mails, webhooks)


def _owed_to_all(found: Findings, ledger: _Ledger) -> None:
    """Whoever was told in the portal is owed a mail; every event, a webhook."""
    mailed = Counter(
        row["source"].rpartition("/")[0] for row in ledger.rows if row["channel"] == "email"
    )
    for row in ledger.told:
        source = row["source"].rpartition("/")[0]
        found.hold(
            "one mail is owed for each notice",
            holds=mailed[source] == 1,
            otherwise=f"{row['kind']} to {row['recipient_id']}: {mailed[source]}",
        )
    events = Counter(row["event_id"] for row in ledger.rows if row["channel"] == "webhook")
    found.hold(
        "one webhook is owed for each event",
        holds=len(events) == ledger.heard and set(events.values()) <= {1},
        otherwise=f"{len(events)} of {ledger.heard}",
    )


def _ended_well(found: Findings, row: Row, arrived: list[Taken]) -> None:
    what = f"{row['channel']} {row['kind']} {row['id']} to {row['recipient_id']}: {row['state']}"
    found.hold(
        "every notice is sent or superseded",
        holds=row["state"] in ("sent", "superseded"),
        otherwise=f"{what} ({row['reason']}; {row['answer']})",
    )
    if row["state"] == "sent":
        found.hold("what is sent has arrived", holds=bool(arrived), otherwise=what)
    if row["state"] == "superseded":
        found.hold(
            "webhooks tell what has happened, whatever followed",
            holds=row["channel"] != "webhook",
            otherwise=what,
        )
        # An answer that was lost with the worker leaves a notice owed that has arrived in time.
        late = [each for each in arrived if each.at > row["ended_at"] + UNDER_WAY]
        found.hold(
            "nothing arrives that was superseded before it was sent",
            holds=not late and bool(row["attempts"] or not arrived),
            otherwise=f"{what}, and arrived {[str(each.at) for each in arrived]}",
        )


def _speaks_of_no_other_date(found: Findings, row: Row, amended: Iterable[datetime]) -> None:
    """Of what was sent of a date, no attempt began after the date was amended."""
    if row["channel"] != "email" or row["kind"] not in _DATED or row["state"] != "sent":
        return
    later = [at for at in amended if at > row["created_at"]]
    # The instant of an amendment is when its transaction began: it takes a moment to commit.
    ends = min(later, default=None)
    found.hold(
        "no attempt at a date begins after it was amended",
        holds=ends is None or row["attempted_at"] < ends + timedelta(seconds=2),
        otherwise=f"{row['kind']} {row['id']}: tried {row['attempted_at']}, amended {ends}",
    )


async def _nothing_stuck(found: Findings, client: Client) -> None:
    for status in ("Failed", "Terminated", "TimedOut"):
        number = (await client.count_workflows(f'ExecutionStatus="{status}"')).count
        found.hold("no workflow fails", holds=not number, otherwise=f"{number} are {status}")


def _figures(
    ledger: _Ledger,
    world: Receivers,
    mails: dict[str, list[Taken]],
    webhooks: dict[str, list[Taken]],
) -> dict[str, int]:
    ended = Counter(f"{row['channel']}: {row['state']}" for row in ledger.rows)
    on_its_way = sum(
        1
        for row in ledger.rows
        if row["state"] == "sent" and (row["reason"] or "").startswith("It was on its way")
    )
    arrived_before = sum(
        1 for row in ledger.rows if row["state"] == "superseded" and row["id"] in mails
    )
    return {
        **dict(sorted(ended.items())),
        "on their way when the date was amended": on_its_way,
        "arrived, answer lost, then superseded": arrived_before,
        "attempts that the two saw": world.tried,
        "mails that came twice or more, by the same id": _repeated(mails),
        "webhooks that came twice or more, by the same id": _repeated(webhooks),
        "most attempts at one notice": max((row["attempts"] for row in ledger.rows), default=0),
    }


def _repeated(taken: dict[str, list[Taken]]) -> int:
    return sum(len(each) > 1 for each in taken.values())


def _by_id(taken: Iterable[Taken]) -> dict[str, list[Taken]]:
    found: dict[str, list[Taken]] = defaultdict(list)
    for each in taken:
        found[each.id].append(each)
    return found
