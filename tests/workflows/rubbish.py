"""Everything that can be wrong with a message."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from temporalio.api.common.v1 import Payload

from domain.instants import rfc3339
from tests.workflows.wire import payload, sent
from tests.workflows.world import in_days, now

SOON = rfc3339(in_days(3))

GOOD_FIELDS: dict[str, dict[str, Any]] = {
    "confirm": {"start": SOON},
    "decline": {"reason": "Ill."},
    "ask-cancel": {"reason": "Ill."},
    "cancel": {"reason": "Ill.", "initiated_at": SOON},
    "propose-reschedule": {"reason": "Ill.", "starts": [SOON]},
    "answer-reschedule": {"accept": True, "start": SOON},
    "reschedule-approved": {"start": SOON, "initiated_at": SOON},
    "late-event": {
        "id": "event-1",
        "booking_id": "booking-1",
        "kind": "cancellation",
        "scheduled_start": SOON,
        "initiated_at": SOON,
    },
    "submit-proof": {"covers": ["event-1"], "statement": "A doctor's note."},
    "review-proof": {"proof_id": "proof-1", "accept": True},
    "contest-claim": {"claim_id": "event-1"},
    "settle-claim": {"claim_id": "event-1", "uphold": True},
    "suspend": {"reason": "Fraud."},
    "reinstate": {"reason": "A mistake."},
}
"""For each command, fields of the right form."""

_NAIVE = "2026-11-24T10:00:00"
_INSTANTS = {
    "naive": _NAIVE,
    "year 9999": "9999-12-31T23:59:59Z",
    "beyond the calendar in UTC": "9999-12-31T23:59:59-14:00",
    "before the calendar in UTC": "0001-01-01T00:00:00+14:00",
    "a number": 1_800_000_000,
    "a date alone": "2026-11-24",
    "the 13th month": "2026-13-01T00:00:00Z",
    "an offset beyond a day": "2026-11-24T10:00:00+25:00",
}


def rubbish(name: str) -> dict[str, list[Payload]]:
    """Arguments that no command takes, by what is wrong with them."""
    good = GOOD_FIELDS[name]
    found = {
        "an array": [sent([good])],
        "a string": [sent("confirm")],
        "a number": [sent(7)],
        "a truth value": [sent(True)],
        "null": [sent(None)],
        "nothing encoded": [payload(b"", b"binary/null")],
        "no argument": [],
        "two arguments": [sent(good), sent(good)],
        "two arguments, the second broken": [sent(good), payload(b"{")],
        "two arguments, the first unknown": [payload(b"?", b"what/ever"), sent(good)],
        "no field": [sent({})],
        "wrong types": [sent({field: {"a": [1]} for field in good})],
        "not JSON": [payload(b"{start:")],
        "not UTF-8": [payload(b'{"command_id":"\xff\xfe"}')],
        "no bytes": [payload(b"")],
        "binary": [payload(b"\x00\x01\x02", b"binary/plain")],
        "encrypted": [payload(b"\x00\x01\x02", b"binary/encrypted")],
        "an encoding that is no text": [payload(b"{}", b"\xff\xfe")],
        "no encoding": [payload(json.dumps(good).encode(), None)],
        "100 kB of text": [sent({**good, "command_id": "x" * 100_000})],
        "100 kB of a string": [sent("x" * 100_000)],
        "deep arrays": [payload(b"[" * 50_000 + b"]" * 50_000)],
        "deep objects": [payload(b'{"a":' * 20_000 + b"1" + b"}" * 20_000)],
        "half a character": [payload(b'{"command_id":"\\ud800","start":"\\ud800"}')],
        "NUL": [sent({**good, "command_id": "a\0b"})],
        "a huge number": [payload(b'{"at":' + b"9" * 100_000 + b"}")],
        "no number": [payload(b'{"at":NaN,"start":Infinity}')],
        "the clock's role": [sent({**good, "by": {"role": "clock", "id": "clock"}})],
        "at in the future": [sent({**good, "at": rfc3339(now() + timedelta(days=400))})],
    }
    for label, instant in _INSTANTS.items():
        found[f"at: {label}"] = [sent({**good, "at": instant})]
    for field in good.keys() & {"start", "starts", "scheduled_start", "initiated_at"}:
        value = [_NAIVE] if field == "starts" else _NAIVE
        found[f"{field}: naive"] = [sent({**good, field: value})]
    return found


UNKNOWN_NAMES = ("no-such-command", "Confirm", "con\0firm", "**bold**\n# A card", "x" * 900)
"""Signals that no workflow of ours knows."""
