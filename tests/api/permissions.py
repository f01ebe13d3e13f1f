"""Who may do what over HTTP: one row for each operation, in docs/security.md and in the tests.

A new operation needs a row in `PERMISSIONS` here; then `make docs`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tests.permission_table import printed_table

Json = dict[str, Any]


class Cell(StrEnum):
    """What an operation answers to somebody who asks for it correctly."""

    YES = "yes"
    UNKNOWN = "401"
    FORBIDDEN = "403"
    HIDDEN = "404"
    NEVER = "409"
    NO_SUCH_CASE = "–"


YES, FORBIDDEN, HIDDEN, NO_SUCH_CASE = Cell.YES, Cell.FORBIDDEN, Cell.HIDDEN, Cell.NO_SUCH_CASE


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What each kind of caller is answered. The `other` ones ask for what is somebody else's.

    `not_there` is what support is answered who asks for something that does not exist.
    """

    anonymous: Cell = Cell.UNKNOWN
    provider: Cell
    other_provider: Cell = NO_SUCH_CASE
    client: Cell
    other_client: Cell = NO_SUCH_CASE
    support: Cell
    service: Cell
    not_there: Cell = NO_SUCH_CASE


@dataclass(frozen=True, kw_only=True)
class Permission:
    """A row. `body` is a correct one; `$name` in it stands for something of the marketplace.

    `confirmed` has it asked of a confirmed booking, where it would have no sense before. `ends_it`
    says that what it is about is gone then.
    """

    answers: Answers
    body: Json | None = None
    confirmed: bool = False
    ends_it: bool = False


ALL_CALLERS = Answers(provider=YES, client=YES, support=YES, service=YES)
PUBLIC = replace(ALL_CALLERS, anonymous=YES)
STAFF = replace(ALL_CALLERS, provider=FORBIDDEN, client=FORBIDDEN)
PEOPLE = replace(ALL_CALLERS, support=FORBIDDEN, service=FORBIDDEN)
TALKERS = replace(ALL_CALLERS, service=FORBIDDEN)

OF_THE_BOOKING = replace(ALL_CALLERS, other_provider=HIDDEN, other_client=HIDDEN, not_there=HIDDEN)
PROVIDER_OF_IT = replace(OF_THE_BOOKING, client=FORBIDDEN, support=FORBIDDEN)
PROVIDER_OR_SUPPORT_OF_IT = replace(OF_THE_BOOKING, client=FORBIDDEN)
CLIENT_OF_IT = replace(OF_THE_BOOKING, provider=FORBIDDEN, support=FORBIDDEN)
CLIENT_OR_SUPPORT_OF_IT = replace(OF_THE_BOOKING, provider=FORBIDDEN)
SUPPORT_FOR_IT = replace(OF_THE_BOOKING, provider=FORBIDDEN, client=FORBIDDEN)

# Whoever has no standing on record stands well: there is no provider who is not there.
OF_THE_PROVIDER = replace(ALL_CALLERS, other_provider=HIDDEN, client=HIDDEN, not_there=YES)
PROVIDER_THEMSELVES = replace(OF_THE_PROVIDER, support=FORBIDDEN, not_there=FORBIDDEN)
SUPPORT_FOR_THEM = replace(OF_THE_PROVIDER, provider=FORBIDDEN)

KEEPER_OF_THE_TOPIC = replace(
    ALL_CALLERS, other_provider=FORBIDDEN, client=FORBIDDEN, not_there=HIDDEN
)
IN_THE_CONVERSATION = replace(OF_THE_BOOKING, service=FORBIDDEN)
ONESELF = replace(ALL_CALLERS, other_provider=HIDDEN, other_client=HIDDEN, not_there=YES)
TOLD_OF_EVENTS = replace(ALL_CALLERS, client=FORBIDDEN)
OWNER_OF_THE_ENDPOINT = replace(
    TOLD_OF_EVENTS, other_provider=HIDDEN, service=HIDDEN, not_there=HIDDEN
)

_REASON: Json = {"reason": "Ill."}

PERMISSIONS: dict[str, Permission] = {
    "POST /v1/topics": Permission(
        answers=replace(ALL_CALLERS, client=FORBIDDEN),
        body={"title": "Endgames", "duration_minutes": 60, "provider_id": "$provider_id"},
    ),
    "GET /v1/topics": Permission(answers=ALL_CALLERS),
    "GET /v1/topics/{topic_id}": Permission(
        answers=replace(ALL_CALLERS, other_provider=YES, other_client=YES, not_there=HIDDEN)
    ),
    "PATCH /v1/topics/{topic_id}": Permission(
        answers=KEEPER_OF_THE_TOPIC, body={"title": "Openings"}
    ),
    "POST /v1/bookings": Permission(
        answers=replace(ALL_CALLERS, provider=FORBIDDEN),
        body={
            "topic_id": "$topic_id",
            "preferred_starts": ["$start"],
            "client_id": "$client_id",
        },
    ),
    "GET /v1/bookings": Permission(answers=ALL_CALLERS),
    "GET /v1/bookings/{booking_id}": Permission(answers=OF_THE_BOOKING),
    "GET /v1/bookings/{booking_id}/timeline": Permission(answers=OF_THE_BOOKING),
    "GET /v1/bookings/{booking_id}/preview": Permission(
        answers=PROVIDER_OR_SUPPORT_OF_IT, confirmed=True
    ),
    "POST /v1/bookings/{booking_id}/confirm": Permission(
        answers=PROVIDER_OF_IT, body={"start": "$start"}
    ),
    "POST /v1/bookings/{booking_id}/decline": Permission(answers=PROVIDER_OF_IT, body=_REASON),
    "POST /v1/bookings/{booking_id}/ask-cancel": Permission(
        answers=PROVIDER_OF_IT, body=_REASON, confirmed=True
    ),
    "POST /v1/bookings/{booking_id}/cancel": Permission(
        # By a rule of the marketplace, which tells the provider what to do instead.
        answers=replace(CLIENT_OR_SUPPORT_OF_IT, provider=Cell.NEVER),
        body=_REASON,
        confirmed=True,
    ),
    "POST /v1/bookings/{booking_id}/propose-reschedule": Permission(
        answers=PROVIDER_OF_IT, body={"starts": ["$later"], "reason": "A trip."}, confirmed=True
    ),
    "POST /v1/bookings/{booking_id}/answer-reschedule": Permission(
        answers=CLIENT_OF_IT, body={"accept": True}, confirmed=True
    ),
    "POST /v1/bookings/{booking_id}/reschedule-approved": Permission(
        answers=SUPPORT_FOR_IT, body={"start": "$later"}, confirmed=True
    ),
    "PUT /v1/bookings/{booking_id}/logistics": Permission(
        answers=PROVIDER_OR_SUPPORT_OF_IT, body={"note": "Bring paper."}, confirmed=True
    ),
    "GET /v1/bookings/{booking_id}/invite.ics": Permission(answers=OF_THE_BOOKING, confirmed=True),
    "GET /v1/calendar": Permission(answers=PEOPLE),
    "POST /v1/calendar": Permission(answers=PEOPLE),
    "DELETE /v1/calendar": Permission(answers=PEOPLE),
    # Whoever knows the address may read it: calendar programs bring no token.
    "GET /v1/calendars/{token}.ics": Permission(answers=replace(PUBLIC, not_there=HIDDEN)),
    "GET /v1/providers/{provider_id}/standing": Permission(answers=OF_THE_PROVIDER),
    "GET /v1/providers/{provider_id}/standing/timeline": Permission(answers=OF_THE_PROVIDER),
    "GET /v1/providers/{provider_id}/late-events": Permission(answers=OF_THE_PROVIDER),
    "POST /v1/providers/{provider_id}/standing/submit-proof": Permission(
        answers=PROVIDER_THEMSELVES, body={"covers": ["e1"], "statement": "Ill."}
    ),
    "POST /v1/providers/{provider_id}/standing/review-proof": Permission(
        answers=SUPPORT_FOR_THEM, body={"proof_id": "proof-1", "accept": True}
    ),
    "POST /v1/providers/{provider_id}/standing/contest-claim": Permission(
        answers=PROVIDER_THEMSELVES, body={"claim_id": "e1"}
    ),
    "POST /v1/providers/{provider_id}/standing/settle-claim": Permission(
        answers=SUPPORT_FOR_THEM, body={"claim_id": "e1", "uphold": True}
    ),
    "POST /v1/providers/{provider_id}/standing/suspend": Permission(
        answers=SUPPORT_FOR_THEM, body=_REASON
    ),
    "POST /v1/providers/{provider_id}/standing/reinstate": Permission(
        answers=SUPPORT_FOR_THEM, body=_REASON
    ),
    "GET /v1/conversations": Permission(answers=TALKERS),
    "POST /v1/conversations": Permission(
        answers=TALKERS, body={"provider_id": "$provider_id", "client_id": "$client_id"}
    ),
    "GET /v1/conversations/{conversation_id}/messages": Permission(answers=IN_THE_CONVERSATION),
    "POST /v1/conversations/{conversation_id}/messages": Permission(
        answers=IN_THE_CONVERSATION, body={"text": "Good morning."}
    ),
    "GET /v1/people/{role}/{person_id}/notices": Permission(answers=ONESELF),
    "PUT /v1/people/{role}/{person_id}/notices": Permission(
        answers=ONESELF, body={"time_zone": "Europe/Berlin"}
    ),
    "GET /v1/events": Permission(answers=STAFF),
    "POST /v1/webhooks": Permission(
        answers=TOLD_OF_EVENTS, body={"url": "https://example.com/told"}
    ),
    "GET /v1/webhooks": Permission(answers=TOLD_OF_EVENTS),
    "GET /v1/webhooks/{webhook_id}": Permission(answers=OWNER_OF_THE_ENDPOINT),
    "PATCH /v1/webhooks/{webhook_id}": Permission(
        answers=OWNER_OF_THE_ENDPOINT, body={"description": "Ours."}
    ),
    "DELETE /v1/webhooks/{webhook_id}": Permission(answers=OWNER_OF_THE_ENDPOINT, ends_it=True),
    "POST /v1/webhooks/{webhook_id}/rotate-secret": Permission(
        # Support sees all endpoints, and never a secret that is not its own.
        answers=replace(OWNER_OF_THE_ENDPOINT, support=FORBIDDEN)
    ),
    "GET /v1/webhooks/{webhook_id}/deliveries": Permission(answers=OWNER_OF_THE_ENDPOINT),
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver": Permission(
        answers=OWNER_OF_THE_ENDPOINT
    ),
    "GET /v1/live": Permission(answers=ALL_CALLERS),
    "GET /healthz": Permission(answers=PUBLIC),
    "GET /readyz": Permission(answers=PUBLIC),
    "GET /metrics": Permission(answers=PUBLIC),
}
"""Every operation of the API, by its method and its path."""

ENDLESS = "GET /v1/live"
"""The operation whose answer does not end by itself while somebody waits for it."""


def printed() -> str:
    """The table, as the documentation shows it."""
    return printed_table("operation", Answers, PERMISSIONS)
