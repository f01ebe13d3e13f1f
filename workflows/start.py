"""Reading what a workflow is started with. Rubbish fails it, and no more.

What passes here can be calculated with for as long as the booking lives: a date that runs out of
the calendar in the middle of a decision would stick the workflow.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.workflow import Info

from activities import beginning
from domain.notices.ledger import Owed
from domain.party import is_id
from domain.policy import HORIZON, MAX_STARTS, MAX_TEXT, Policy
from domain.refusal import Code
from domain.workflow_ids import booking_workflow_id, standing_workflow_id
from workflows.payloads import ENCRYPTED, json_of
from workflows.snapshot import BookingInput, Progress, StandingInput

T = TypeVar("T")

TASK_TIMEOUT = beginning.TASK_TIMEOUT
"""Said there, and here for the API, which begins workflows too and knows no activities."""

_BOOKING = TypeAdapter(BookingInput)
_STANDING = TypeAdapter(StandingInput)
_OWED = TypeAdapter(Owed)
_MOMENT = timedelta(seconds=10)
"""What was in the future when it was asked for may have passed when it arrives."""
_LONGEST_MINUTES = 24 * 60
_MOST_REMINDERS = 10
_SHORTEST_HISTORY = 10


def read_booking_input(given: RawValue, info: Info) -> BookingInput:
    """What a booking starts with. Raises `malformed`, which fails the workflow."""
    started = _read(_BOOKING, given)
    wanted = started.request
    ids = (wanted.booking_id, wanted.topic_id, wanted.provider_id, wanted.client_id)
    starts = wanted.preferred_starts
    _require_a_beginning(started, info)
    _require(all(map(is_id, ids)), "an id is not of the form of ids")
    own_id = booking_workflow_id(wanted.booking_id)
    _require(info.workflow_id == own_id, "it is another booking's id")
    _require(1 <= len(set(starts)) == len(starts) <= MAX_STARTS, "1 to 5 distinct times, please")
    _require(all(start.tzinfo is not None for start in starts), "a time without an offset")
    if started.state is None and not started.again:
        # Only at the very beginning: a later history begins when these times may have passed.
        asked = info.workflow_start_time
        soonest, latest = asked - _MOMENT, asked + HORIZON
        _require(all(start > soonest for start in starts), "a time that has passed")
        _require(all(start <= latest for start in starts), "a time more than two years ahead")
    _require(0 < wanted.duration_minutes <= _LONGEST_MINUTES, "a session lasts a day at most")
    _require(_is_text(wanted.title) and _is_text(wanted.note), "the title or the note is not text")
    _require_sane(wanted.policy)
    return _with_one_policy(started)


def read_standing_input(given: RawValue, info: Info) -> StandingInput:
    """What a standing starts with. Raises `malformed`, which fails the workflow."""
    started = _read(_STANDING, given)
    provider_id = started.provider_id
    _require_a_beginning(started, info)
    _require(is_id(provider_id), "an id is not of the form of ids")
    own_id = standing_workflow_id(provider_id)
    _require(info.workflow_id == own_id, "it is another provider's id")
    return started


def read_owed(given: RawValue) -> Owed:
    """The notice that a delivery starts with. Raises `malformed`, which fails the workflow."""
    return _read(_OWED, given)


def _require_a_beginning(started: BookingInput | StandingInput, info: Info) -> None:
    """Nobody begins in the middle: a state is what a workflow hands to its own next history."""
    # What runs again by a schedule, or because it failed, goes on from nothing but what was sent.
    runs_again = bool(info.cron_schedule) or info.attempt > 1
    goes_on = info.continued_run_id is not None and not runs_again
    begins = started.state is None and started.progress == Progress()
    _require(goes_on or begins, "a state cannot be brought along")
    limit = started.history_limit
    # The first task of a history has three events already.
    _require(limit is None or limit >= _SHORTEST_HISTORY, "such a history could hold nothing")


def _require_sane(policy: Policy) -> None:
    spans = [
        policy.late_within,
        policy.proof_within,
        policy.contest_within,
        policy.answer_within,
        policy.last_call_before_expiry,
        policy.proposal_lapses_after,
        policy.late_window_notice,
        policy.reminder_spread,
        policy.window or timedelta(0),
        *policy.reminders_before_start,
    ]
    _require(all(timedelta(0) <= span <= HORIZON for span in spans), "a policy of no sane length")
    _require(len(policy.reminders_before_start) <= _MOST_REMINDERS, "a policy of many reminders")
    _require(policy.allowed >= 0 and _is_text(policy.name), "a policy without a number or a name")


def _with_one_policy(started: BookingInput) -> BookingInput:
    request, state = started.request, started.state
    if state is not None:
        state = replace(state, policy=_the_one(state.policy))
    return replace(started, request=replace(request, policy=_the_one(request.policy)), state=state)


@lru_cache(maxsize=64)
def _the_one(policy: Policy) -> Policy:
    # One value in memory for all that are equal: nearly every booking has the same policy.
    return policy


def _is_text(value: str) -> bool:
    return len(value) <= MAX_TEXT and "\0" not in value


def _read(adapter: TypeAdapter[T], given: RawValue) -> T:
    if given.payload.metadata.get("encoding") == ENCRYPTED:
        # Not refused: it is this worker that lacks a key. The workflow task fails, and is tried
        # again until there is a worker that can read what the booking began with.
        raise RuntimeError("it is encrypted by a key that this worker does not have")
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
    return ApplicationError(why, type=Code.MALFORMED.value, non_retryable=True)
