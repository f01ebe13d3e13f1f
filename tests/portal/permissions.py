"""Who may do what on the portal's pages: one row a page or form, in docs/security.md and the tests.

A new page or form needs a row in `PERMISSIONS` here; then `make docs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tests.permission_table import printed_table


class Cell(StrEnum):
    """What somebody is answered who asks for a page, or sends a form that a page of theirs has."""

    YES = "yes"
    SIGN_IN = "signs in"
    NOTHING = "204"
    REFUSED = "403"
    HIDDEN = "404"
    NEVER = "409"
    NO_SUCH_CASE = "–"


YES, REFUSED, HIDDEN, NO_SUCH_CASE = Cell.YES, Cell.REFUSED, Cell.HIDDEN, Cell.NO_SUCH_CASE


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What each kind of visitor is answered. The `other` ones ask for what is somebody else's.

    `not_there` is what somebody is answered who may see such a thing, and asks for one that does
    not exist.
    """

    nobody: Cell = Cell.SIGN_IN
    provider: Cell
    other_provider: Cell = NO_SUCH_CASE
    client: Cell
    other_client: Cell = NO_SUCH_CASE
    support: Cell
    not_there: Cell = NO_SUCH_CASE


@dataclass(frozen=True, kw_only=True)
class Permission:
    """A row. `written` is what a form is filled in with; `$name` stands for something there is.

    `confirmed` has it asked of a confirmed booking, where it would have no sense before. `ends_it`
    says that what it is about is gone then.
    """

    answers: Answers
    written: Mapping[str, str] = field(default_factory=dict)
    confirmed: bool = False
    ends_it: bool = False


EVERYBODY = Answers(provider=YES, client=YES, support=YES)
PUBLIC = replace(EVERYBODY, nobody=YES)
PROVIDERS = replace(EVERYBODY, client=HIDDEN, support=HIDDEN)
CLIENTS = replace(EVERYBODY, provider=HIDDEN, support=HIDDEN)
SUPPORT = replace(EVERYBODY, provider=HIDDEN, client=HIDDEN)
WHO_MEET = replace(EVERYBODY, support=HIDDEN)
TOLD_OF_EVENTS = replace(EVERYBODY, client=HIDDEN)

OF_IT = replace(EVERYBODY, other_provider=HIDDEN, other_client=HIDDEN, not_there=HIDDEN)
PROVIDER_OF_IT = replace(OF_IT, client=REFUSED, support=REFUSED)
CLIENT_OF_IT = replace(OF_IT, provider=REFUSED, support=REFUSED)
SUPPORT_FOR_IT = replace(OF_IT, provider=REFUSED, client=REFUSED)
OWN_TOPIC = replace(PROVIDERS, other_provider=HIDDEN, not_there=HIDDEN)
OF_A_PROVIDER = replace(SUPPORT, not_there=HIDDEN)
OWN_ENDPOINT = replace(TOLD_OF_EVENTS, other_provider=HIDDEN, not_there=HIDDEN)

_WHY = {"reason": "Ill."}
_TOPIC = {"title": "Endgames", "duration_minutes": "60"}

PERMISSIONS: dict[str, Permission] = {
    "GET /": Permission(answers=EVERYBODY),
    # Where nobody is signed in there is nothing to follow, and no page either.
    "GET /live": Permission(answers=replace(EVERYBODY, nobody=Cell.NOTHING)),
    "GET /sign-in": Permission(answers=PUBLIC),
    # As one of the demo people; in production there are none, and it is a 404.
    "POST /sign-in": Permission(answers=PUBLIC, written={"role": "provider", "id": "ada"}),
    "GET /sign-in/start": Permission(answers=PUBLIC),
    # Nobody who was not sent there by the identity provider.
    "GET /sign-in/callback": Permission(
        answers=Answers(nobody=REFUSED, provider=REFUSED, client=REFUSED, support=REFUSED)
    ),
    "POST /sign-out": Permission(answers=PUBLIC),
    "GET /settings": Permission(answers=EVERYBODY),
    "POST /settings": Permission(answers=EVERYBODY, written={"zone": "Europe/Berlin"}),
    "POST /settings/calendar": Permission(answers=WHO_MEET),
    "POST /settings/calendar/close": Permission(answers=WHO_MEET),
    "GET /topics": Permission(answers=PROVIDERS),
    "POST /topics": Permission(answers=PROVIDERS, written=_TOPIC),
    "GET /topics/{topic_id}": Permission(answers=OWN_TOPIC),
    "POST /topics/{topic_id}": Permission(answers=OWN_TOPIC, written=_TOPIC),
    "POST /topics/{topic_id}/pause": Permission(answers=OWN_TOPIC),
    "POST /topics/{topic_id}/list": Permission(answers=OWN_TOPIC),
    "GET /browse": Permission(answers=CLIENTS),
    "GET /request/{topic_id}": Permission(answers=replace(CLIENTS, not_there=HIDDEN)),
    "POST /request/{topic_id}": Permission(
        answers=replace(CLIENTS, not_there=HIDDEN), written={"start_1": "$later"}
    ),
    "GET /bookings": Permission(answers=EVERYBODY),
    "GET /bookings/{booking_id}": Permission(answers=OF_IT),
    "GET /bookings/{booking_id}/invite.ics": Permission(answers=OF_IT, confirmed=True),
    "POST /bookings/{booking_id}/confirm": Permission(
        answers=PROVIDER_OF_IT, written={"start": "$start"}
    ),
    "POST /bookings/{booking_id}/decline": Permission(answers=PROVIDER_OF_IT, written=_WHY),
    "POST /bookings/{booking_id}/ask-cancel": Permission(
        answers=PROVIDER_OF_IT, written=_WHY, confirmed=True
    ),
    "POST /bookings/{booking_id}/cancel": Permission(
        # By a rule of the marketplace, which tells the provider what to do instead.
        answers=replace(OF_IT, provider=Cell.NEVER),
        written=_WHY,
        confirmed=True,
    ),
    "POST /bookings/{booking_id}/propose-reschedule": Permission(
        answers=PROVIDER_OF_IT, written={"start_1": "$later", **_WHY}, confirmed=True
    ),
    "POST /bookings/{booking_id}/answer-reschedule": Permission(
        answers=CLIENT_OF_IT, written={"answer": "keep"}, confirmed=True
    ),
    "POST /bookings/{booking_id}/reschedule-approved": Permission(
        answers=SUPPORT_FOR_IT, written={"start": "$later"}, confirmed=True
    ),
    "POST /bookings/{booking_id}/logistics": Permission(
        answers=replace(OF_IT, client=REFUSED), written={"note": "Bring paper."}, confirmed=True
    ),
    "GET /messages": Permission(answers=EVERYBODY),
    # A client writes to whoever offers a topic, a provider to whoever has turned to them.
    "POST /messages/start": Permission(
        answers=replace(WHO_MEET, other_provider=HIDDEN, other_client=YES),
        written={"provider_id": "$provider_id", "client_id": "$client_id"},
    ),
    "GET /messages/{conversation_id}": Permission(answers=OF_IT),
    "POST /messages/{conversation_id}": Permission(
        answers=OF_IT, written={"text": "Good morning."}
    ),
    "GET /notices": Permission(answers=EVERYBODY),
    "GET /notices/preferences": Permission(answers=EVERYBODY),
    "POST /notices/preferences": Permission(
        answers=EVERYBODY, written={"email": "somebody@example.org"}
    ),
    "GET /standing": Permission(answers=PROVIDERS),
    "POST /standing/proof": Permission(
        answers=PROVIDERS, written={"covers": "e1", "statement": "Ill."}
    ),
    "POST /standing/claims/{claim_id}/contest": Permission(answers=PROVIDERS),
    "GET /queues": Permission(answers=SUPPORT),
    "GET /providers": Permission(answers=SUPPORT),
    "GET /providers/{provider_id}": Permission(answers=OF_A_PROVIDER),
    "POST /providers/{provider_id}/proofs/{proof_id}/review": Permission(
        answers=OF_A_PROVIDER, written={"verdict": "accept"}
    ),
    "POST /providers/{provider_id}/claims/{claim_id}/settle": Permission(
        answers=OF_A_PROVIDER, written={"verdict": "uphold"}
    ),
    "POST /providers/{provider_id}/suspend": Permission(answers=OF_A_PROVIDER, written=_WHY),
    "POST /providers/{provider_id}/reinstate": Permission(answers=OF_A_PROVIDER, written=_WHY),
    "GET /webhooks": Permission(answers=TOLD_OF_EVENTS),
    "POST /webhooks": Permission(
        answers=TOLD_OF_EVENTS, written={"url": "https://hooks.example.org/told"}
    ),
    "GET /webhooks/{webhook_id}": Permission(answers=OWN_ENDPOINT),
    "POST /webhooks/{webhook_id}": Permission(
        answers=OWN_ENDPOINT, written={"url": "https://hooks.example.org/other"}
    ),
    "POST /webhooks/{webhook_id}/enable": Permission(answers=OWN_ENDPOINT),
    "POST /webhooks/{webhook_id}/disable": Permission(answers=OWN_ENDPOINT),
    "POST /webhooks/{webhook_id}/secret": Permission(
        # Support sees all endpoints, and never a secret that is not its own.
        answers=replace(OWN_ENDPOINT, support=REFUSED)
    ),
    "POST /webhooks/{webhook_id}/delete": Permission(answers=OWN_ENDPOINT, ends_it=True),
    "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver": Permission(
        answers=OWN_ENDPOINT
    ),
}
"""Every page and every form of the portal, by its method and its path."""


def printed() -> str:
    """The table, as the documentation shows it."""
    return printed_table("page or form", Answers, PERMISSIONS)
