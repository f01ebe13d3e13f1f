"""What a message is refused with that is not of the form that its command takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from domain.refusal import Refusal
from tests.workflows.rubbish import GOOD_FIELDS
from tests.workflows.world import now
from workflows.messages import BOOKING_MESSAGES, STANDING_MESSAGES, decode
from workflows.payloads import json_of

MESSAGES = {**BOOKING_MESSAGES, **STANDING_MESSAGES}
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOOD = "2026-03-12T10:00:00+01:00"


def complaints(name: str, **fields: Any) -> dict[str, str]:
    """What is said of each field of a malformed message."""
    found = decode(MESSAGES, name, json.dumps(fields).encode(), NOW)
    assert isinstance(found, Refusal)
    assert found.message == "; ".join(f"{each.field}: {each.message}" for each in found.errors)
    return {each.field: each.message for each in found.errors}


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_null_is_left_out(name: str) -> None:
    def read(fields: dict[str, Any]) -> Any:
        return decode(MESSAGES, name, json.dumps(fields).encode(), now())

    fields = MESSAGES[name].model_fields
    nulls = {field: None for field, each in fields.items() if not each.is_required()}
    needed = {field: value for field, value in GOOD_FIELDS[name].items() if field not in nulls}
    assert isinstance(read(needed), MESSAGES[name])
    assert read({**needed, **nulls}) == read(needed)
    for field in needed:
        assert complaints(name, **{**needed, field: None})[field] == "Field required"


def test_a_time_of_no_offset_is_told_in_our_own_words() -> None:
    assert complaints("confirm", start="2026-03-12T10:00:00") == {
        "start": "must be an RFC 3339 time with an offset, like 2026-11-24T10:00:00+01:00"
    }


def test_of_a_list_with_a_bad_item_only_the_item_is_told() -> None:
    assert list(complaints("propose-reschedule", reason="Ill.", starts=["soon"])) == ["starts.0"]
    assert list(complaints("propose-reschedule", reason="Ill.", starts=["soon", GOOD])) == [
        "starts.0"
    ]
    assert list(complaints("propose-reschedule", reason="Ill.", starts=[])) == ["starts"]


def test_no_reporter_chooses_a_late_window_longer_than_any_booking_waits() -> None:
    report = {
        "id": "b-1/1",
        "booking_id": "b-1",
        "kind": "cancellation",
        "scheduled_start": GOOD,
        "initiated_at": "2026-03-01T09:00:00Z",
    }
    assert list(complaints("late-event", **report, late_within_seconds=731 * 86_400 + 1)) == [
        "late_within_seconds"
    ]


@pytest.mark.parametrize(
    ("encoding", "named"), [(b"binary/plain", "binary/plain"), (b"\xffx", "\\xffx")]
)
def test_an_encoding_that_is_no_json_is_named(encoding: bytes, named: str) -> None:
    payload = Payload(metadata={"encoding": encoding}, data=b"confirm")
    told = json_of(RawValue(payload))
    assert told == f'one JSON object is needed, and the encoding is "{named}"'
