"""Why a command was refused: one code for each reason, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """The code that callers see: in a problem document, an update's error, a timeline."""

    MALFORMED = "malformed"
    UNKNOWN_COMMAND = "unknown-command"
    AT_IMPLAUSIBLE = "at-implausible"
    NOT_ALLOWED = "not-allowed"
    ALREADY_CLOSED = "already-closed"
    NOT_PENDING = "not-pending"
    NOT_CONFIRMED = "not-confirmed"
    NOT_PREFERRED = "not-preferred"
    START_PASSED = "start-passed"
    SLOT_TAKEN = "slot-taken"
    ALREADY_ASKED = "already-asked"
    PROVIDER_CANNOT_CANCEL = "provider-cannot-cancel"
    ALREADY_PROPOSED = "already-proposed"
    NOTHING_PROPOSED = "nothing-proposed"
    NOT_PROPOSED = "not-proposed"
    UNKNOWN_EVENT = "unknown-event"
    ALREADY_EXCUSED = "already-excused"
    UNKNOWN_PROOF = "unknown-proof"
    ALREADY_REVIEWED = "already-reviewed"
    UNKNOWN_CLAIM = "unknown-claim"
    CLAIM_SETTLED = "claim-settled"
    ALREADY_SUSPENDED = "already-suspended"
    NOT_SUSPENDED = "not-suspended"
    TOPIC_SUSPENDED = "topic-suspended"
    TOPIC_NOT_LISTED = "topic-not-listed"
    TRANSACTIONAL_OFF = "transactional-off"
    KEY_REUSED = "key-reused"


MEANINGS: dict[Code, str] = {
    Code.MALFORMED: "The message is not of the form that this command takes.",
    Code.UNKNOWN_COMMAND: "There is no command of this name.",
    Code.AT_IMPLAUSIBLE: "It cannot have been given, or initiated, when it says.",
    Code.NOT_ALLOWED: "This is for somebody else to do, or to see.",
    Code.ALREADY_CLOSED: "The booking is closed: nothing can change it any more.",
    Code.NOT_PENDING: "The request has been answered already.",
    Code.NOT_CONFIRMED: "The booking is not confirmed.",
    Code.NOT_PREFERRED: "The client did not offer this time.",
    Code.START_PASSED: "This time has passed.",
    Code.SLOT_TAKEN: "The provider has another session at this time.",
    Code.ALREADY_ASKED: "The client has been asked to cancel already.",
    Code.PROVIDER_CANNOT_CANCEL: (
        "A provider cannot cancel a booking: ask the client to cancel it instead."
    ),
    Code.ALREADY_PROPOSED: "New times have been proposed already, and that proposal is open.",
    Code.NOTHING_PROPOSED: "No new times await an answer.",
    Code.NOT_PROPOSED: "This is not one of the times proposed.",
    Code.UNKNOWN_EVENT: "The provider has no late event of this id.",
    Code.ALREADY_EXCUSED: "This late event has been excused already.",
    Code.UNKNOWN_PROOF: "The provider has brought no proof of this id.",
    Code.ALREADY_REVIEWED: "This proof has been reviewed already.",
    Code.UNKNOWN_CLAIM: "There is no claim of this id against the provider.",
    Code.CLAIM_SETTLED: "This claim has been contested or settled already.",
    Code.ALREADY_SUSPENDED: "The provider's topics are suspended already.",
    Code.NOT_SUSPENDED: "The provider's topics are not suspended.",
    Code.TOPIC_SUSPENDED: "The provider's topics are suspended and take no new requests.",
    Code.TOPIC_NOT_LISTED: "This topic is not listed and takes no new requests.",
    Code.TRANSACTIONAL_OFF: "What binds a person cannot all be off: some has to come by e-mail.",
    Code.KEY_REUSED: "This idempotency key was used before, for another request.",
}


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """What is wrong with one field of a message."""

    field: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A command that changes nothing, and why.

    `message` is a sentence for people. `errors` names the fields of a malformed message;
    `free_starts` are the preferred times that a taken slot leaves, as RFC 3339 text.
    """

    code: Code
    message: str = ""
    errors: tuple[FieldError, ...] = ()
    free_starts: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return self.message or MEANINGS[self.code]


def refuse(code: Code, message: str = "") -> Refusal:
    """A refusal with the code's own sentence, unless a better one is given."""
    return Refusal(code=code, message=message or MEANINGS[code])
