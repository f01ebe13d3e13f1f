"""A provider's standing as it is read on a page: by the provider, and by support."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fastapi import Request
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncConnection

from api.portal.names import Names, names_of
from api.portal.session import Viewer, signed_in
from api.portal.timelines import Line, Teller, links_to, newest_first
from api.services import clock
from db.queries.headings import BookingHeading, booking_headings
from db.queries.late_events import get_late_events
from db.queries.standings import standing_as_of
from db.queries.timelines import newest_of_standing
from domain.instants import in_words
from domain.lateness import LateKind, judge, margin_in_words
from domain.party import Party, Role
from domain.standing.state import Claim, ClaimStatus, LateEvent, Proof, Standing
from domain.standing.view import preview_json
from domain.standing.words import ordinal, reasons_so_far

_SETTLED_CLAIMS = frozenset({ClaimStatus.UPHELD, ClaimStatus.DISMISSED})
LINES = 200
"""A page shows so many of the newest decisions."""


@dataclass(frozen=True, kw_only=True)
class EventLine:
    """One late event with its receipt. `state` and `verdict` say whether it counts."""

    event: LateEvent
    about: Markup
    margin: str
    how_late: str
    state: str
    verdict: str
    can_be_excused: bool


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many late events of a kind count, and what the next one would mean."""

    kind: LateKind
    count: int
    allowed: int
    next_one: str


@dataclass(frozen=True, kw_only=True)
class ClaimLine:
    """One claim, with the late event that it is about."""

    claim: Claim
    line: EventLine
    is_settled: bool


@dataclass(frozen=True, kw_only=True)
class ProofLine:
    """One proof, with the late events that it covers."""

    proof: Proof
    covers: tuple[EventLine, ...]


@dataclass(frozen=True, kw_only=True)
class StandingFile:
    """Everything about one standing, newest first, in the words of one viewer."""

    standing: Standing
    names: Names
    tell: Teller
    counts: tuple[Count, ...]
    reasons: tuple[Markup, ...]
    events: tuple[EventLine, ...]
    claims: tuple[ClaimLine, ...]
    proofs: tuple[ProofLine, ...]
    timeline: tuple[Line, ...] = ()

    @property
    def has_older_lines(self) -> bool:
        """Whether more may have been decided than the timeline shows."""
        return len(self.timeline) >= LINES

    @property
    def excusable(self) -> tuple[EventLine, ...]:
        """The late events for which proof would change anything."""
        return tuple(line for line in self.events if line.can_be_excused)


async def read_file(request: Request, conn: AsyncConnection, provider_id: str) -> StandingFile:
    """The file of a provider, with its newest decisions; good until something late is known."""
    standing = await standing_as_of(conn, provider_id, clock())
    entries = await newest_of_standing(conn, provider_id, limit=LINES)
    [file] = await files_of(request, conn, [standing], heard=[entry.by for entry in entries])
    return replace(file, timeline=tuple(newest_first(entries, file.tell, file.names)))


async def files_of(
    request: Request,
    conn: AsyncConnection,
    standings: Sequence[Standing],
    *,
    heard: Iterable[Party] = (),
) -> list[StandingFile]:
    """The files of these standings, without their timelines; `heard` are people to name besides."""
    folded = {each.provider_id: await _covered_and_folded(conn, each) for each in standings}
    late = [
        event for each in standings for event in (*folded[each.provider_id], *each.events.values())
    ]
    headings = await booking_headings(conn, {event.booking_id for event in late})
    people = {
        *heard,
        *(Party(role=Role.PROVIDER, id=standing.provider_id) for standing in standings),
        *(Party(role=Role.CLIENT, id=heading.client_id) for heading in headings.values()),
    }
    names = await names_of(request, conn, people)
    viewer = signed_in(request)
    return [
        _file(viewer, each, folded[each.provider_id], headings, names, clock())
        for each in standings
    ]


async def _covered_and_folded(conn: AsyncConnection, standing: Standing) -> list[LateEvent]:
    """Late events that proofs cover, and that the standing no longer carries."""
    covered = {event_id for proof in standing.proofs.values() for event_id in proof.covers}
    rows = await get_late_events(conn, standing.provider_id, covered - standing.events.keys())
    return [row.event for row in rows]


def _file(
    viewer: Viewer,
    standing: Standing,
    folded: Sequence[LateEvent],
    headings: Mapping[str, BookingHeading],
    names: Names,
    now: datetime,
) -> StandingFile:
    # A service that reports something late may name a booking of another provider.
    own = (each for each in headings.values() if each.provider_id == standing.provider_id)
    links = links_to(own, names)
    lines = {
        event.id: _event_line(standing, event, links.get(event.booking_id) or _unknown(event))
        for event in (*folded, *standing.events.values())
    }
    bookings = {line.event.booking_id: line.about for line in lines.values()}
    events = {
        line.event.id: Markup("the late {} of {}").format(line.event.kind, line.about)
        for line in lines.values()
    }
    tell = Teller(viewer.zone, now, {**bookings, **events})
    reasons = reasons_so_far(standing, standing.case) if standing.case else ()
    return StandingFile(
        standing=standing,
        names=names,
        tell=tell,
        counts=tuple(_count(standing, kind, now) for kind in LateKind),
        reasons=tuple(map(tell, reasons)),
        events=tuple(
            sorted(
                (lines[event_id] for event_id in standing.events),
                key=lambda line: line.event.initiated_at,
                reverse=True,
            )
        ),
        claims=tuple(
            ClaimLine(claim=claim, line=lines[claim.id], is_settled=claim.status in _SETTLED_CLAIMS)
            for claim in reversed(standing.claims.values())
        ),
        proofs=tuple(
            ProofLine(proof=proof, covers=tuple(lines[covered] for covered in proof.covers))
            for proof in reversed(standing.proofs.values())
        ),
    )


def _unknown(event: LateEvent) -> Markup:
    """A booking that is not on record: another service's, known by its id alone."""
    return Markup('<span class="id">{}</span>').format(event.booking_id)


def _event_line(standing: Standing, event: LateEvent, about: Markup) -> EventLine:
    state, verdict = _verdict(standing, event)
    return EventLine(
        event=event,
        about=about,
        margin=margin_in_words(event.margin_seconds),
        how_late=_how_late(event),
        state=state,
        verdict=verdict,
        can_be_excused=state in {"late", "claimed", "contested"},
    )


def _how_late(event: LateEvent) -> str:
    side = "before" if event.margin_seconds >= 0 else "after the start"
    return f"{in_words(timedelta(seconds=event.margin_seconds))} {side}"


def _verdict(standing: Standing, event: LateEvent) -> tuple[str, str]:
    claim = standing.claims.get(event.id)
    if not event.late:
        return "on-time", "Not late"
    if event.excused:
        return "excused", "Excused"
    if event.settled:
        return "settled", "Settled"
    if event.aged:
        return "aged", "Too long ago"
    match claim and claim.status:
        case ClaimStatus.OPEN:
            return "claimed", "Claimed"
        case ClaimStatus.CONTESTED:
            return "contested", "Contested"
        case ClaimStatus.DISMISSED:
            return "dismissed", "Dismissed"
        case _:
            return "late", "Counts"


def _count(standing: Standing, kind: LateKind, now: datetime) -> Count:
    what = "event" if standing.policy.combined else kind.value
    # Whatever is initiated at the very start of a session is late.
    receipt = judge(kind, scheduled_start=now, initiated_at=now, policy=standing.policy)
    preview = preview_json(standing, receipt)
    match preview["leads_to"]:
        case "warning":
            follows = "it would be met with a warning"
        case "case" if standing.case:
            follows = "it would join the case"
        case "case":
            follows = "it would open a suspension case"
        case _:
            follows = "it would stay on record while the topics are suspended"
    return Count(
        kind=kind,
        count=standing.count_of(kind),
        allowed=standing.policy.allowed,
        next_one=f"The next late {what} would be the {ordinal(preview['would_be'])}: {follows}.",
    )
