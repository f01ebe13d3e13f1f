"""A standing as callers see it: its JSON, and what one more late event would lead to."""

from __future__ import annotations

from typing import Any, TypeVar

from domain.instants import rfc3339
from domain.lateness import LateKind, Receipt, margin_in_words
from domain.standing.state import LateEvent, Standing
from domain.standing.words import ordinal, reasons_so_far

T = TypeVar("T")


def standing_json(standing: Standing, newest: int | None = None) -> dict[str, Any]:
    """A standing as JSON. Instants are in UTC.

    Of the late events it lists those that it carries; `events_in_all` says how many there are.
    `newest` limits the lists to that many of the newest entries, for answers whose size is limited.
    """
    case = standing.case
    suspension = standing.suspension
    return {
        "provider_id": standing.provider_id,
        "status": standing.status.value,
        "revision": standing.revision,
        "late_cancellations": standing.count_of(LateKind.CANCELLATION),
        "late_reschedules": standing.count_of(LateKind.RESCHEDULE),
        "allowed": standing.policy.allowed,
        "policy": standing.policy.name,
        "case": case
        and {
            "opened_at": rfc3339(case.opened_at),
            "due_at": rfc3339(case.due_at),
            "reasons": list(reasons_so_far(standing, case)),
        },
        "suspension": suspension
        and {
            "since": rfc3339(suspension.since),
            "cause": suspension.cause.value,
            "reason": suspension.reason,
        },
        "events": [
            late_event_json(event, counts=standing.counts(event))
            for event in _newest(standing.events, newest)
        ],
        "events_in_all": len(standing.events) + standing.folded.events,
        "claims": [
            {
                "id": claim.id,
                "booking_id": claim.booking_id,
                "status": claim.status.value,
                "due_at": rfc3339(claim.due_at),
                "note": claim.note,
            }
            for claim in _newest(standing.claims, newest)
        ],
        "proofs": [
            {
                "id": proof.id,
                "status": proof.status.value,
                "covers": list(proof.covers),
                "statement": proof.statement,
                "documents": [{"name": doc.name, "url": doc.url} for doc in proof.documents],
                "submitted_at": rfc3339(proof.submitted_at),
                "note": proof.note,
            }
            for proof in _newest(standing.proofs, newest)
        ],
    }


def _newest(items: dict[str, T], newest: int | None) -> list[T]:
    found = list(items.values())
    return found if newest is None else found[-newest:]


def late_event_json(event: LateEvent, *, counts: bool) -> dict[str, Any]:
    """A late event as JSON. Whether it counts is said by its standing."""
    return {
        "id": event.id,
        "booking_id": event.booking_id,
        "kind": event.kind.value,
        "scheduled_start": rfc3339(event.scheduled_start),
        "initiated_at": rfc3339(event.initiated_at),
        "margin_seconds": event.margin_seconds,
        "counts": counts,
        "excused": event.excused,
        "settled": event.settled,
    }


def preview_json(
    standing: Standing, receipt: Receipt, *, counted_already: bool = False
) -> dict[str, Any]:
    """What one more act of the provider would count as, and what it would lead to.

    `counted_already` says that it would belong to an incident that has been counted.
    """
    kind, allowed = receipt.kind, standing.policy.allowed
    what = "event" if standing.policy.combined else kind
    would_count = receipt.late and not counted_already
    would_be = standing.count(kind) + 1 if would_count else standing.count(kind)
    margin = margin_in_words(receipt.margin_seconds)
    if not receipt.late:
        leads_to, text = "nothing", f"This is {margin}: it is not late, and would not count."
    elif counted_already:
        leads_to = "nothing"
        text = f"This is {margin}: it belongs to your late proposal, and would not count twice."
    elif would_be <= allowed:
        leads_to = "warning"
        text = f"This is {margin}: it would be your {ordinal(would_be)} late {what}, and a warning."
    elif standing.suspension and standing.case is None:
        leads_to = "nothing"
        text = (
            f"This is {margin}: it would be your {ordinal(would_be)} late {what}, "
            "and stay on record; your topics are suspended already."
        )
    elif standing.case:
        leads_to = "case"
        text = (
            f"This is {margin}: it would be your {ordinal(would_be)} late {what}, "
            "and join your case."
        )
    else:
        leads_to = "case"
        text = (
            f"This is {margin}: it would be your {ordinal(would_be)} late {what}, and open a case."
        )
    return {
        "late": receipt.late,
        "margin_seconds": receipt.margin_seconds,
        "kind": kind.value,
        "would_be": would_be,
        "leads_to": leads_to,
        "text": text,
    }
