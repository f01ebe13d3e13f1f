"""The search attributes that operators find bookings and standings by, all in one registry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    SearchAttributeUpdate,
    TypedSearchAttributes,
)
from temporalio.service import RPCError, RPCStatusCode

from domain.booking.deadlines import expires_at, half_time
from domain.booking.decide import NewRequest
from domain.booking.events import BookingEvent, LateEventReported
from domain.booking.state import Booking, State
from domain.standing.events import StandingEvent
from domain.standing.state import Standing, Status

BOOKING_STATE = SearchAttributeKey.for_keyword("BookingState")
PROVIDER_ID = SearchAttributeKey.for_keyword("ProviderId")
CLIENT_ID = SearchAttributeKey.for_keyword("ClientId")
SCHEDULED_START = SearchAttributeKey.for_datetime("ScheduledStart")
HALF_TIME = SearchAttributeKey.for_datetime("HalfTime")
CLOSED_AT = SearchAttributeKey.for_datetime("ClosedAt")
LATE_KIND = SearchAttributeKey.for_keyword("LateKind")
REFUSED = SearchAttributeKey.for_int("Refused")
STANDING_STATUS = SearchAttributeKey.for_keyword("StandingStatus")

REGISTRY: tuple[SearchAttributeKey[Any], ...] = (
    BOOKING_STATE,
    PROVIDER_ID,
    CLIENT_ID,
    SCHEDULED_START,
    HALF_TIME,
    CLOSED_AT,
    LATE_KIND,
    REFUSED,
    STANDING_STATUS,
)


class AttributeClashError(Exception):
    """The server knows one of our search attributes by another type; a person has to decide."""


def of_request(request: NewRequest, now: datetime) -> TypedSearchAttributes:
    """What a booking is started with, so that it costs no event of its own later.

    `now` is the caller's clock: the half time that a pending booking is found by is as exact as
    that agrees with the server's. The workflow reminds, and expires, by its own.
    """
    expires = expires_at(now, request.preferred_starts, request.policy)
    return TypedSearchAttributes(
        [
            SearchAttributePair(BOOKING_STATE, State.PENDING.value),
            SearchAttributePair(PROVIDER_ID, request.provider_id),
            SearchAttributePair(CLIENT_ID, request.client_id),
            SearchAttributePair(HALF_TIME, half_time(now, expires)),
        ]
    )


def of_provider(provider_id: str) -> TypedSearchAttributes:
    """What a standing is started with."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(STANDING_STATUS, Status.GOOD.value),
            SearchAttributePair(PROVIDER_ID, provider_id),
        ]
    )


def changes_of_booking(
    before: Booking | None, after: Booking, events: Sequence[BookingEvent]
) -> list[SearchAttributeUpdate[Any]]:
    """What a decision changes in the search attributes of a booking."""
    changes: list[SearchAttributeUpdate[Any]] = []
    if before is None or before.state is not after.state:
        changes.append(BOOKING_STATE.value_set(after.state.value))
        if after.closed:
            # Its workflow ends when everybody has been told, which may be a day later.
            changes.append(CLOSED_AT.value_set(after.decided_at))
    start = after.scheduled_start
    if start and (before is None or before.scheduled_start != start):
        changes.append(SCHEDULED_START.value_set(start))
    late = [event.kind for event in events if isinstance(event, LateEventReported)]
    if late:
        changes.append(LATE_KIND.value_set(late[-1].value))
    return changes


def changes_of_standing(
    before: Standing | None, after: Standing, events: Sequence[StandingEvent]
) -> list[SearchAttributeUpdate[Any]]:
    """What a decision changes in the search attributes of a standing."""
    del events
    if before is not None and before.status is after.status:
        return []
    return [STANDING_STATUS.value_set(after.status.value)]


def missing_of_booking(
    present: TypedSearchAttributes, booking: Booking
) -> list[SearchAttributeUpdate[Any]]:
    """What a booking still lacks that was begun again by who knows no search attributes."""
    if present.get(PROVIDER_ID) is not None:
        return []
    half = half_time(booking.created_at, booking.expires_at)
    return [
        PROVIDER_ID.value_set(booking.provider_id),
        CLIENT_ID.value_set(booking.client_id),
        HALF_TIME.value_set(half),
    ]


def missing_of_standing(
    present: TypedSearchAttributes, standing: Standing
) -> list[SearchAttributeUpdate[Any]]:
    """What a standing still lacks that was begun by a signal, which knows no search attributes."""
    if present.get(PROVIDER_ID) is not None:
        return []
    return [
        PROVIDER_ID.value_set(standing.provider_id),
        STANDING_STATUS.value_set(standing.status.value),
    ]


async def register(client: Client) -> None:
    """Make the server know our search attributes; doing it again changes nothing.

    Raises `AttributeClashError` where one exists with another type.
    """
    service, namespace = client.operator_service, client.namespace
    known = await service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    clashes = [
        f"{key.name} should be {key.indexed_value_type.name}"
        for key in REGISTRY
        if known.custom_attributes.get(key.name, key.indexed_value_type) != key.indexed_value_type
    ]
    if clashes:
        raise AttributeClashError(f"search attributes of another type exist: {', '.join(clashes)}")
    missing = {
        key.name: IndexedValueType.ValueType(key.indexed_value_type)
        for key in REGISTRY
        if key.name not in known.custom_attributes
    }
    if not missing:
        return
    try:
        await service.add_search_attributes(
            AddSearchAttributesRequest(namespace=namespace, search_attributes=missing)
        )
    except RPCError as error:
        # Another worker that started at the same moment has just added them.
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
