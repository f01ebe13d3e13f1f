"""The line of a timeline that a decision leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic_core import to_json, to_jsonable_python

from domain.lateness import Receipt
from domain.party import Party
from domain.record import REFUSALS_KEPT, Entry

REMEMBERED = 50
"""A workflow keeps this many of the newest decisions of its timeline; the database keeps all."""

LONG = 2000
"""A new history does not carry on what was sent with a command if it is longer than this, in bytes
of JSON: what a history begins with is limited in size, and the database has all."""

_ENVELOPE = ("command_id", "by", "at")


def applied(
    *,
    by: Party,
    command: str,
    given: datetime,
    handled: datetime,
    rule: str,
    text: str,
    policy: str,
    inputs: Any,
    events: Sequence[Any],
) -> Entry:
    """A command that was carried out, or a deadline that passed; its number is given later."""
    data: dict[str, Any] = {"policy": policy, "events": [event.type for event in events]}
    if inputs is not None:
        data["inputs"] = inputs_of(inputs)
        data["command_id"] = to_jsonable_python(inputs).get("command_id")
    receipts = [getattr(event, "receipt", None) for event in events]
    receipt = next((each for each in receipts if isinstance(each, Receipt)), None)
    if receipt is not None:
        data["receipt"] = to_jsonable_python(receipt)
    return Entry(
        seq=0,
        given_at=given,
        handled_at=handled,
        by=by,
        command=command,
        outcome="applied",
        code=None,
        rule=rule,
        text=text,
        data=data,
    )


def inputs_of(command: Any) -> dict[str, Any]:
    """What a command says for itself, without what every command says, as JSON."""
    values = to_jsonable_python(command)
    return {name: values[name] for name in values if name not in _ENVELOPE}


def newest(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The lines to remember: however many refusals come, they never drive out what was decided."""
    refused = [entry.seq for entry in entries if entry.outcome == "refused"][-REFUSALS_KEPT:]
    decided = [entry.seq for entry in entries if entry.outcome != "refused"][-REMEMBERED:]
    kept = {*refused, *decided}
    return tuple(entry for entry in entries if entry.seq in kept)


def without_long_inputs(entry: Entry) -> Entry:
    """A line without what was sent, where that is long."""
    if len(to_json(entry.data.get("inputs"))) <= LONG:
        return entry
    return replace(
        entry, data={name: value for name, value in entry.data.items() if name != "inputs"}
    )
