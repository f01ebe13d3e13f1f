"""Reading what a workflow is started with. Only the API starts one; rubbish may fail it."""

from __future__ import annotations

import re
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain.policy import MAX_STARTS, MAX_TEXT
from domain.refusal import Code
from workflows.payloads import json_of
from workflows.snapshot import BookingInput, StandingInput

T = TypeVar("T")

_BOOKING = TypeAdapter(BookingInput)
_STANDING = TypeAdapter(StandingInput)
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def booking_workflow_id(booking_id: str) -> str:
    """The workflow id of a booking."""
    return f"booking/{booking_id}"


def standing_workflow_id(provider_id: str) -> str:
    """The workflow id of a provider's standing."""
    return f"provider-standing/{provider_id}"


def read_booking_input(given: RawValue, workflow_id: str) -> BookingInput:
    """What a booking starts with. Raises `malformed`, which fails the workflow."""
    started = _read(_BOOKING, given)
    wanted = started.request
    ids = (wanted.booking_id, wanted.topic_id, wanted.provider_id, wanted.client_id)
    starts = wanted.preferred_starts
    _require(all(_ID.fullmatch(each) for each in ids), "an id is not of the form of ids")
    _require(workflow_id == booking_workflow_id(wanted.booking_id), "it is another booking's id")
    _require(1 <= len(set(starts)) == len(starts) <= MAX_STARTS, "1 to 5 distinct times, please")
    _require(all(start.tzinfo is not None for start in starts), "a time without an offset")
    _require(wanted.duration_minutes > 0, "a session lasts at least a minute")
    _require(len(wanted.note) <= MAX_TEXT and "\0" not in wanted.note, "the note is not text")
    return started


def read_standing_input(given: RawValue, workflow_id: str) -> StandingInput:
    """What a standing starts with. Raises `malformed`, which fails the workflow."""
    started = _read(_STANDING, given)
    provider_id = started.provider_id
    _require(_ID.fullmatch(provider_id) is not None, "an id is not of the form of ids")
    _require(workflow_id == standing_workflow_id(provider_id), "it is another provider's id")
    return started


def _read(adapter: TypeAdapter[T], given: RawValue) -> T:
    found = json_of(given)
    if isinstance(found, str):
        raise _malformed(found)
    try:
        return adapter.validate_json(found)
    except ValidationError as error:
        raise _malformed(str(error.errors(include_url=False)[:3])) from None


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _malformed(otherwise)


def _malformed(why: str) -> ApplicationError:
    return ApplicationError(f"malformed: {why}", type=Code.MALFORMED.value, non_retryable=True)
