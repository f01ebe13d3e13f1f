"""The proof that everybody was told: the ledger, held against what the outside log took in."""

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

from drills.checker.findings import Findings, Promise
from drills.checker.log import Log, Taken

Row = dict[str, Any]

UNDER_WAY = timedelta(seconds=27)
"""What was on its way when the date was amended may arrive so much later, and no more."""

TO_COMMIT = timedelta(seconds=2)
"""The instant of an amendment is when its transaction began: it takes a moment to commit."""

_PROMISED = [
    "booking.requested", "booking.confirmed", "booking.declined", "booking.expired",
    "booking.cancelled",
    "booking.rescheduled", "booking.completed", "cancellation.asked",
    "reschedule.proposed", "reschedule.accepted", "reschedule.declined", "reschedule.lapsed",
    "late-event.recorded", "late-event.excused", "claim.opened", "claim.contested",
    "claim.upheld", "claim.dismissed",
    "standing.warned", "case.opened", "case.closed", "proof.submitted", "proof.accepted",
    "proof.rejected",
    "topics.suspended", "topics.reinstated", "command.refused",
]  # fmt: skip
"""What endpoints are promised to hear of. All else is between the parts of Keepdate."""

_DATED = ("booking.confirmed", "booking.rescheduled", "session-starts", "late-window-opens")


@dataclass(frozen=True, kw_only=True)
class _Ledger:
    rows: list[Row]
    told: list[Row]
    heard: int
    amendments: dict[str, list[datetime]]


def _libpq(database_url: str) -> str:
    return database_url.replace("postgresql+psycopg://", "postgresql://")


def _read(database_url: str) -> _Ledger:
    with psycopg.connect(_libpq(database_url), row_factory=dict_row) as conn:
        rows = conn.execute("SELECT * FROM notices WHERE channel <> 'inbox'").fetchall()
        told = conn.execute(
            "SELECT n.* FROM notices n JOIN contacts c"
            " ON c.role = n.recipient_role AND c.person_id = n.recipient_id"
            " WHERE n.channel = 'inbox' AND n.state = 'sent' AND c.email IS NOT NULL"
        ).fetchall()
        heard = conn.execute(
            "SELECT count(*) AS number FROM events WHERE type = ANY(%s)", (_PROMISED,)
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
    client: Client, database_url: str, log: Log, *, stalled: timedelta = timedelta()
) -> tuple[Findings, dict[str, int]]:
    """What does not hold, and how much there was.

    `stalled` is for how long anything stood still at most, so that what had begun ended later.
    """
    ledger = await asyncio.to_thread(_read, database_url)
    found = Findings()
    by_id = {row["id"]: row for row in ledger.rows}
    mails, webhooks = _by_id(log.mails), _by_id(log.webhooks)
    _owed_to_all(found, ledger)
    for row in ledger.rows:
        arrived = (mails if row["channel"] == "email" else webhooks).get(row["id"], [])
        _ended_well(found, row, arrived, UNDER_WAY + stalled)
        amended = ledger.amendments[row["booking_id"]]
        _speaks_of_no_other_date(found, row, amended, TO_COMMIT + stalled)
    for taken in (*log.mails, *log.webhooks):
        found.hold(Promise.KNOWN, holds=taken.id in by_id, otherwise=f"{taken}")
        if taken.id in by_id and by_id[taken.id]["channel"] == "email":
            person = by_id[taken.id]["recipient_id"]
            found.hold(
                Promise.TO_WHOM,
                holds=taken.to == f"{person}@drill.example",
                otherwise=f"{taken} was for {person}",
            )
    for event, ids in _ids_by_event(log.webhooks).items():
        found.hold(Promise.SAME_ID, holds=len(ids) == 1, otherwise=f"event {event}: {ids}")
    found.checked[Promise.SIGNED] += len(log.webhooks)
    for each in log.unsigned:
        found.hold(Promise.SIGNED, holds=False, otherwise=each)
    await _none_failed(found, client)
    return found, _figures(ledger, log, mails, webhooks)


def _owed_to_all(found: Findings, ledger: _Ledger) -> None:
    """Whoever was told in the portal is owed a mail; every event, a webhook."""
    mailed = Counter(
        row["source"].rpartition("/")[0] for row in ledger.rows if row["channel"] == "email"
    )
    for row in ledger.told:
        source = row["source"].rpartition("/")[0]
        found.hold(
            Promise.MAIL_OWED,
            holds=mailed[source] == 1,
            otherwise=f"{row['kind']} to {row['recipient_id']}: {mailed[source]}",
        )
    events = Counter(row["event_id"] for row in ledger.rows if row["channel"] == "webhook")
    found.hold(
        Promise.WEBHOOK_OWED,
        holds=len(events) == ledger.heard and set(events.values()) <= {1},
        otherwise=f"{len(events)} of {ledger.heard}",
    )


def _ended_well(found: Findings, row: Row, arrived: list[Taken], under_way: timedelta) -> None:
    what = f"{row['channel']} {row['kind']} {row['id']} to {row['recipient_id']}: {row['state']}"
    found.hold(
        Promise.ENDED,
        holds=row["state"] in ("sent", "superseded"),
        otherwise=f"{what} ({row['reason']}; {row['answer']})",
    )
    if row["state"] == "sent":
        found.hold(Promise.ARRIVED, holds=bool(arrived), otherwise=what)
    if row["channel"] == "webhook":
        superseded = row["state"] == "superseded"
        found.hold(Promise.WEBHOOKS_STAND, holds=not superseded, otherwise=what)
    elif row["state"] == "superseded":
        # An answer that was lost with the worker leaves a notice owed that has arrived in time.
        late = [each for each in arrived if each.at > row["ended_at"] + under_way]
        found.hold(
            Promise.NOT_AFTER,
            holds=not late and bool(row["attempts"] or not arrived),
            otherwise=f"{what}, and arrived {[str(each.at) for each in arrived]}",
        )


def _speaks_of_no_other_date(
    found: Findings, row: Row, amended: Iterable[datetime], to_commit: timedelta
) -> None:
    """Of what was sent of a date, no attempt began after the date was amended."""
    if row["channel"] != "email" or row["kind"] not in _DATED or row["state"] != "sent":
        return
    later = [at for at in amended if at > row["created_at"]]
    if later:
        found.hold(
            Promise.NO_OTHER_DATE,
            holds=row["attempted_at"] < min(later) + to_commit,
            otherwise=f"{row['kind']} {row['id']}: tried {row['attempted_at']}, amended {later}",
        )


async def _none_failed(found: Findings, client: Client) -> None:
    for status in ("Failed", "Terminated", "TimedOut"):
        number = (await client.count_workflows(f'ExecutionStatus="{status}"')).count
        found.hold(Promise.NONE_FAILS, holds=not number, otherwise=f"{number} are {status}")


def _figures(
    ledger: _Ledger,
    log: Log,
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
        "attempts that the two saw": log.tried,
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


def _ids_by_event(webhooks: Iterable[Taken]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for each in webhooks:
        found[each.event].add(each.id)
    return found
