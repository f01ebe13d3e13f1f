"""The domain's dataclasses as JSON documents, and back."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from domain.booking.events import BookingEvent
from domain.booking.state import Booking
from domain.refusal import Refusal
from domain.standing.events import StandingEvent
from domain.standing.state import Standing

# Building an adapter takes milliseconds, so each is built once.
_BOOKING = TypeAdapter(Booking)
_STANDING = TypeAdapter(Standing)
_REFUSAL = TypeAdapter(Refusal)
_BOOKING_EVENT: TypeAdapter[BookingEvent] = TypeAdapter(
    Annotated[BookingEvent, Field(discriminator="type")]
)
_STANDING_EVENT: TypeAdapter[StandingEvent] = TypeAdapter(
    Annotated[StandingEvent, Field(discriminator="type")]
)

Json = dict[str, Any]


def booking_document(booking: Booking) -> Json:
    """A whole booking as it is kept."""
    return _dumped(_BOOKING, booking)


def booking_from(document: Json) -> Booking:
    """A booking as it was kept. Fields that it did not have yet take their defaults."""
    return _BOOKING.validate_python(document, strict=False)


def standing_document(standing: Standing) -> Json:
    """A whole standing as it is kept; its events, claims and proofs in the order they came in."""
    return _dumped(_STANDING, standing)


def standing_from(document: Json) -> Standing:
    """A standing as it was kept."""
    return _STANDING.validate_python(document, strict=False)


def refusal_document(refusal: Refusal) -> Json:
    """A refusal as it is kept."""
    return _dumped(_REFUSAL, refusal)


def refusal_from(document: Json) -> Refusal:
    """A refusal as it was kept."""
    return _REFUSAL.validate_python(document, strict=False)


def booking_event_document(event: BookingEvent) -> Json:
    """An event of a booking, whole, as the feed shows it."""
    return _dumped(_BOOKING_EVENT, event)


def booking_event_from(document: Json) -> BookingEvent:
    """An event of a booking as it was kept."""
    return _BOOKING_EVENT.validate_python(document, strict=False)


def standing_event_document(event: StandingEvent) -> Json:
    """An event of a standing, whole, as the feed shows it."""
    return _dumped(_STANDING_EVENT, event)


def standing_event_from(document: Json) -> StandingEvent:
    """An event of a standing as it was kept."""
    return _STANDING_EVENT.validate_python(document, strict=False)


def storable(value: Any) -> Any:
    """A JSON value without what PostgreSQL cannot hold: NUL, half characters, and no-numbers.

    A refused command is put on record as it came, and must not stop the recording by what is in it.
    """
    match value:
        case str():
            return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {storable(str(key)): storable(item) for key, item in value.items()}
        case list() | tuple():
            return [storable(item) for item in value]
        case _:
            return value


def _dumped(adapter: TypeAdapter[Any], value: object) -> Json:
    document: Json = adapter.dump_python(value, mode="json")
    return document
