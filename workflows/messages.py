"""The one JSON object that every command is: the same as a signal, as an update, and over HTTP.

Validation is strict (no number passes for a date, no text for a truth value), null is as good as
left out, and fields that are not known are ignored, so that a message can gain fields while older
workers still run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)

from domain.booking import commands as booking
from domain.booking.commands import BookingCommand
from domain.booking.state import Initiator
from domain.lateness import LateKind
from domain.party import Party, Role
from domain.refusal import Code, FieldError, Refusal
from domain.standing import commands as standing
from domain.standing.commands import StandingCommand
from domain.standing.state import Document
from workflows.fields import (
    AnyInstant,
    CommandId,
    HttpUrl,
    Identifier,
    Instant,
    Name,
    Reason,
    Reference,
    References,
    Span,
    Starts,
    Text,
)
from workflows.payloads import without_nulls


def _a_party(role: Role) -> Role:
    if role is Role.CLOCK:
        raise ValueError("nobody acts as the clock")
    return role


class By(BaseModel):
    """Who gives a command."""

    model_config = ConfigDict(strict=True, frozen=True)

    role: Annotated[Role, AfterValidator(_a_party)]
    id: Identifier


class Message(BaseModel):
    """What every command may say: an id that makes it safe to repeat, by whom, and when given."""

    model_config = ConfigDict(strict=True, frozen=True)
    command: ClassVar[type[BookingCommand] | type[StandingCommand]]

    command_id: CommandId | None = None
    by: By | None = None
    at: AnyInstant | None = Field(default=None, description="When it was given; left out: now.")

    def to_command(self) -> BookingCommand | StandingCommand:
        """The command that this message gives."""
        values = {name: _plain(getattr(self, name)) for name in type(self).model_fields}
        return self.command(**values)


def _plain(value: Any) -> Any:
    match value:
        case By(role=role, id=party_id):
            return Party(role=role, id=party_id)
        case DocumentMessage(name=name, url=url):
            return Document(name=name, url=url)
        case tuple():
            return tuple(_plain(item) for item in value)
        case _:
            return value


# What each of these asks for, its command says: the API's description takes it from there.


class ConfirmMessage(Message):
    command = booking.Confirm
    start: Instant = Field(description="One of the client's preferred times.")


class DeclineMessage(Message):
    command = booking.Decline
    reason: Reason
    over_scheduling: bool = Field(
        default=False, description="Whether only the times did not suit: it invites to a chat."
    )


class AskCancelMessage(Message):
    command = booking.AskCancel
    reason: Reason


class CancelMessage(Message):
    command = booking.Cancel
    reason: Reason
    initiated_by: Initiator | None = Field(default=None, description="Whose idea it was.")
    initiated_at: Instant | None = Field(
        default=None, description="Since when; for support and services alone."
    )


class ProposeRescheduleMessage(Message):
    command = booking.ProposeReschedule
    starts: Starts
    reason: Reason


def _no_if_accepted(cancel: bool, info: ValidationInfo) -> bool:
    if cancel and info.data.get("accept"):
        raise ValueError("a proposal cannot be accepted and the booking cancelled at once")
    return cancel


class AnswerRescheduleMessage(Message):
    command = booking.AnswerReschedule
    accept: bool
    start: Instant | None = Field(default=None, description="Which of the proposed times.")
    cancel: Annotated[bool, AfterValidator(_no_if_accepted)] = Field(
        default=False, description="Cancel, because none of the times suits."
    )


class ApproveRescheduleMessage(Message):
    command = booking.ApproveReschedule
    start: Instant
    initiated_by: Initiator | None = Field(
        default=None, description="Whose idea it was, where no proposal is on record."
    )
    initiated_at: Instant | None = None


class LateEventMessage(Message):
    command = standing.ReportLateEvent
    id: Reference
    booking_id: Identifier
    kind: LateKind
    scheduled_start: Instant
    initiated_at: Instant
    claimed: bool = False
    late_within_seconds: Span | None = Field(
        default=None,
        description="The late window that the booking was made under; left out: the standing's.",
    )


class DocumentMessage(BaseModel):
    """A document that supports a proof."""

    model_config = ConfigDict(strict=True, frozen=True)

    name: Name
    url: HttpUrl


class SubmitProofMessage(Message):
    command = standing.SubmitProof
    covers: References
    statement: Reason
    documents: Annotated[tuple[DocumentMessage, ...], Field(max_length=10)] = ()


class ReviewProofMessage(Message):
    command = standing.ReviewProof
    proof_id: Reference
    accept: bool
    note: Text = ""


class ContestClaimMessage(Message):
    command = standing.ContestClaim
    claim_id: Reference
    note: Text = ""


class SettleClaimMessage(Message):
    command = standing.SettleClaim
    claim_id: Reference
    uphold: bool
    note: Text = ""


class SuspendMessage(Message):
    command = standing.Suspend
    reason: Reason


class ReinstateMessage(Message):
    command = standing.Reinstate
    reason: Reason


def _by_name(*models: type[Message]) -> dict[str, type[Message]]:
    return {model.command.name: model for model in models}


BOOKING_MESSAGES: dict[str, type[Message]] = _by_name(
    ConfirmMessage,
    DeclineMessage,
    AskCancelMessage,
    CancelMessage,
    ProposeRescheduleMessage,
    AnswerRescheduleMessage,
    ApproveRescheduleMessage,
)
STANDING_MESSAGES: dict[str, type[Message]] = _by_name(
    LateEventMessage,
    SubmitProofMessage,
    ReviewProofMessage,
    ContestClaimMessage,
    SettleClaimMessage,
    SuspendMessage,
    ReinstateMessage,
)


def decode(
    models: Mapping[str, type[Message]], name: str, payload: bytes, now: datetime
) -> Message | Refusal:
    """One message read from its JSON, or why it cannot be: `malformed`, naming the fields."""
    model = models.get(name)
    if model is None:
        return Refusal(
            code=Code.UNKNOWN_COMMAND, message=f"There is no command {name[:80]!r} here."
        )
    try:
        return model.model_validate_json(without_nulls(payload), context={"now": now})
    except ValidationError as error:
        return malformed(*field_errors(error.errors(include_url=False, include_context=False))[:20])


def field_errors(errors: Iterable[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """What is wrong with a message, field by field, in the names that its sender uses.

    That too few items are left of a list is not said where the items themselves are at fault.
    """
    found = list(errors)
    within = {error["loc"][:length] for error in found for length in range(len(error["loc"]))}
    return tuple(
        FieldError(
            field=".".join(map(str, error["loc"])) or "body",
            message=str(error["msg"]).removeprefix("Value error, "),
        )
        for error in found
        if not (error["type"] == "too_short" and error["loc"] in within)
    )


def malformed(*errors: FieldError) -> Refusal:
    """A refusal that names what is wrong with a message, field by field."""
    said = "; ".join(f"{error.field}: {error.message}" for error in errors)
    return Refusal(code=Code.MALFORMED, message=said[:1000], errors=errors)
