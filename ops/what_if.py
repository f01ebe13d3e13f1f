"""`keepdate policy replay`: what a draft of the rules would have decided on what is on record."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.queries.recorded import providers, recorded_acts, recorded_standing
from domain.booking.events import LateEventReported
from domain.booking.judged_anew import late_acts
from domain.policy import Policy
from domain.standing import commands as do
from domain.standing.decide import begin
from domain.standing.what_if import Change, Replayed, Tally, compared, given_under_draft
from domain.standing.what_if import replay as replay_standing
from ops import A_CENTURY, OperatorError, Say

_PAGE = 100
_POLICY = TypeAdapter(Policy)
_FIELDS = [field.name for field in fields(Policy)]

UNKNOWN = (
    "A request to cancel that no cancellation followed never counts, under any policy.",
    "People are taken to have done what they did. Under other rules they might have acted"
    " otherwise; a claim that nobody contested, for it was not late then, is upheld by the clock.",
    "Everything is taken to have been decided when it was given or due. What an outage delayed gave"
    " a provider until later to contest or to bring proof.",
)
"""What no replay can know, said with every one."""


@dataclass(kw_only=True)
class Seen:
    """How much was gone through, and what of it could not be judged anew."""

    providers: int = 0
    foreign: int = 0
    broken: tuple[str, ...] = ()


async def replay(
    engine: AsyncEngine, file: Path, say: Say, *, as_json: bool = False, now: datetime | None = None
) -> None:
    """Say which providers a draft would have treated otherwise, and why. It changes nothing."""
    draft = read_policy(file)
    now = now or datetime.now(UTC)
    seen, changes = Seen(), 0
    after = ""
    async with engine.connect() as conn:
        await conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        while page := await providers(conn, limit=_PAGE, after=after):
            after = page[-1]
            for provider_id in page:
                change = await _change(conn, provider_id, draft, now, seen)
                seen.providers += 1
                if change is None:
                    continue
                changes += 1
                for line in [_as_json(change)] if as_json else in_words(change):
                    say(line)
    for line in [_summary_json(seen, changes)] if as_json else _summary(seen, changes, draft):
        say(line)


async def _change(
    conn: AsyncConnection, provider_id: str, draft: Policy, now: datetime, seen: Seen
) -> Change | None:
    recorded = await recorded_standing(conn, provider_id)
    anew: dict[str, Sequence[LateEventReported]] = {}
    after: str | None = ""
    while after is not None:
        acts, after = await recorded_acts(conn, provider_id, after=after)
        for booking_id, events in acts.items():
            try:
                anew[booking_id] = late_acts(events, draft)
            except ValueError:
                seen.broken += (booking_id,)
    seen.foreign += sum(
        isinstance(each, do.ReportLateEvent) and each.booking_id not in anew
        for each in recorded.given
    )
    given = given_under_draft(recorded.given, anew)
    standing = recorded.standing or begin(provider_id, now)
    return compared(
        provider_id,
        Replayed(standing=standing, events=recorded.events),
        replay_standing(provider_id, given, draft, now),
        (standing.policy, draft),
    )


def read_policy(file: Path) -> Policy:
    """A draft, from TOML or JSON: the fields of a policy; what is left out is as by default.

    Spans are texts as `P5D` or numbers of seconds. Raises OperatorError.
    """
    try:
        text = file.read_text(encoding="utf-8")
        found: Any = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
        if not isinstance(found, dict):
            raise OperatorError(f"{file}: one object with the fields of a policy is needed")
        unknown = found.keys() - set(_FIELDS)
        if unknown:
            raise OperatorError(f"{file}: a policy has no {', '.join(sorted(unknown))}")
        draft = _POLICY.validate_python({"name": file.stem, **found})
    except (OSError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, ValidationError):
            complaints = (f"{each['loc'][0]}: {each['msg']}" for each in error.errors())
            raise OperatorError(f"{file}: {'; '.join(complaints)}") from None
        raise OperatorError(f"{file}: {error}") from None
    impossible = [name for name in _FIELDS if not _is_possible(getattr(draft, name))]
    if impossible:
        told = "must not be less than nothing, nor longer than a century"
        raise OperatorError(f"{file}: {', '.join(impossible)}: {told}")
    return draft


def _is_possible(value: Any) -> bool:
    """Whether a span or a count of a draft can be meant."""
    match value:
        case tuple():
            return all(map(_is_possible, value))
        case timedelta():
            return timedelta() <= value <= A_CENTURY
        case int():
            return value >= 0
        case _:
            return True


def in_words(change: Change) -> list[str]:
    """What would have changed for a provider, and why."""
    lines = [f"provider {change.provider_id}: {_difference(change)}"]
    return [*lines, *(f"    {sentence}" for sentence in change.why)]


def _difference(change: Change) -> str:
    parts = [
        f"{'gains' if after > before else 'loses'} {_some(abs(after - before), name)}"
        for name, before, after in _counts(change.recorded, change.under_draft)
        if after != before
    ]
    if change.status is not change.status_under_draft:
        parts.append(f"would be {change.status_under_draft}, and is {change.status}")
    return "; ".join(parts)


def _counts(recorded: Tally, under_draft: Tally) -> list[tuple[str, int, int]]:
    return [
        ("warning", recorded.warnings, under_draft.warnings),
        ("case", recorded.cases, under_draft.cases),
        ("suspension", recorded.suspensions, under_draft.suspensions),
    ]


def _some(count: int, name: str) -> str:
    return f"a {name}" if count == 1 else f"{count} {name}s"


def _summary(seen: Seen, changes: int, draft: Policy) -> list[str]:
    lines = [
        f"{seen.providers} providers judged by {draft.name}: {changes} would be treated otherwise."
        " Nothing was changed.",
        *(f"Not known: {sentence}" for sentence in UNKNOWN),
    ]
    if seen.foreign:
        reported = "1 late event was" if seen.foreign == 1 else f"{seen.foreign} late events were"
        lines.append(
            f"Not known: {reported} reported by other services, and judged anew; what those did not"
            " report, because it was not late then, is not on record."
        )
    if seen.broken:
        lines.append(
            "Not judged, for their events are not whole (see `keepdate repair`):"
            f" {', '.join(seen.broken)}"
        )
    return lines


def _as_json(change: Change) -> str:
    return json.dumps(to_jsonable_python(change))


def _summary_json(seen: Seen, changes: int) -> str:
    return json.dumps(
        {
            "providers": seen.providers,
            "changed": changes,
            "late_events_of_other_services": seen.foreign,
            "not_judged": seen.broken,
            "not_known": UNKNOWN,
        }
    )
