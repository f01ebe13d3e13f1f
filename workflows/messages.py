"""The one JSON object that every command is: the same as a signal, as an update, and over HTTP.

Validation is strict (no number passes for a date, no text for a truth value), null is as good as
left out, and fields that are not known are ignored, so that a message can gain fields while older
workers still run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)

from domain.booking import commands as booking
from domain.booking.commands import BookingCommand
from domain.booking.state import Initiator
from domain.lateness import LateKind
from domain.party import ID_PATTERN, Party, Role
from domain.policy import HORIZON, MAX_STARTS, MAX_TEXT
from domain.refusal import Code, FieldError, Refusal
from domain.standing import commands as standing
from domain.standing.commands import StandingCommand
from domain.standing.state import Document
from workflows.payloads import without_nulls

_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def _read_instant(value: Any) -> Any:
    """An instant in UTC. Pydantic alone would take numbers too, for seconds since 1970."""
    if not isinstance(value, str):
        return value
    if not _RFC_3339.fullmatch(value):
        raise ValueError("must be an RFC 3339 time with an offset, like 2026-11-24T10:00:00+01:00")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the calendar") from None


def _within_the_horizon(value: datetime, info: ValidationInfo) -> datetime:
    now = (info.context or {}).get("now")
    if now is not None and value > now + HORIZON:
        raise ValueError("lies more than two years ahead")
    return value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    return value


def _distinct(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(value)) != len(value):
        raise ValueError("must not name the same one twice")
    return value


AnyInstant = Annotated[AwareDatetime, BeforeValidator(_read_instant)]
Instant = Annotated[AnyInstant, AfterValidator(_within_the_horizon)]
Starts = Annotated[
    tuple[Instant, ...], Field(min_length=1, max_length=MAX_STARTS), AfterValidator(_distinct)
]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(_no_nul)]
Reason = Annotated[
    # In one constraint: in one of its own, the length would be that before the stripping.
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT),
    AfterValidator(_no_nul),
]
Identifier = Annotated[str, StringConstraints(pattern=f"^{ID_PATTERN}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,200}$")]
CommandId = Annotated[Text, StringConstraints(min_length=1, max_length=255)]
Span = Annotated[int, Field(ge=0, le=int(HORIZON.total_seconds()))]
HttpUrl = Annotated[
    # As a browser sends it, in ASCII: a longer one is no place where a document lies.
    str,
    StringConstraints(pattern=r"^https?://[!-\.0-~][!-~]*$", max_length=1000),
]


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

    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
        AfterValidator(_no_nul),
    ]
    url: HttpUrl


class SubmitProofMessage(Message):
    command = standing.SubmitProof
    covers: Annotated[
        tuple[Reference, ...], Field(min_length=1, max_length=100), AfterValidator(_distinct)
    ]
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
    """Pydantic's complaints, by the sender's own names of the fields.

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
