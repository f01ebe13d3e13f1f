"""The people of a marketplace of many years, and how its providers stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from db.documents import standing_document
from db.ids import new_id
from domain.lateness import LateKind
from domain.party import Role
from domain.standing.state import Case, Claim, ClaimStatus, LateEvent, Proof, Standing, Status

_WAITING = 500
"""One of so many of them has a case that is open, a proof to be reviewed and a claim to settle."""


def people_of(
    providers: list[str], clients: list[str], warned: list[str]
) -> Iterator[dict[str, Any]]:
    """Rows of everybody; the providers who are warned come last."""
    for role, ids in ((Role.PROVIDER, [*providers, *warned]), (Role.CLIENT, clients)):
        for number, person in enumerate(ids):
            standing = _status(number - len(providers))
            yield {
                "role": role.value,
                "id": person,
                "name": f"{role.value.capitalize()} Number {number}",
                "zone": "Europe/Berlin",
                "standing": standing.value if role is Role.PROVIDER else None,
            }


def standings_of(warned: list[str]) -> Iterator[dict[str, Any]]:
    """Rows of how the warned stand; of some of them something waits for support."""
    now = datetime.now(UTC)
    for number, provider in enumerate(warned):
        status = _status(number)
        standing = Standing(provider_id=provider, decided_at=now)
        if status is Status.CASE_OPEN:
            standing = _waiting_for_support(standing)
        yield {
            "provider_id": provider,
            "status": status.value,
            "suspended": False,
            "document": json.dumps(standing_document(standing)),
            "revision": 1,
            "recording": 1,
            "refused": 0,
            "updated_at": now,
        }


def _status(number: int) -> Status:
    """Of the warned, by their number; a number below 0 is of those who have bookings."""
    if number < 0:
        return Status.GOOD
    return Status.WARNED if number % _WAITING else Status.CASE_OPEN


def _waiting_for_support(standing: Standing) -> Standing:
    now, booking_id = standing.decided_at, new_id()
    due_at = now + timedelta(days=2)
    late = LateEvent(
        id=booking_id,
        booking_id=booking_id,
        kind=LateKind.CANCELLATION,
        scheduled_start=now,
        initiated_at=now - timedelta(days=1),
        margin_seconds=24 * 60 * 60,
        late=True,
    )
    claim = Claim(id=late.id, booking_id=booking_id, due_at=due_at, status=ClaimStatus.CONTESTED)
    proof = Proof(
        id="proof-1", covers=(late.id,), statement="I was ill.", documents=(), submitted_at=now
    )
    return replace(
        standing,
        events={late.id: late},
        claims={claim.id: claim},
        proofs={proof.id: proof},
        case=Case(opened_at=now, due_at=due_at, reasons=("Three late cancellations.",)),
    )
