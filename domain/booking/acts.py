"""What each command requires of its own content, and the events that it leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain.booking import commands as do
from domain.booking import events as happened
from domain.booking.commands import BookingCommand
from domain.booking.deadlines import lapses_at
from domain.booking.events import BookingEvent
from domain.booking.initiative import Attribution, attribute_amendment, attribute_cancellation
from domain.booking.late_event_ids import cancellation_event_id, reschedule_event_id
from domain.booking.state import Booking, RescheduleStatus, State
from domain.instants import rfc3339
from domain.lateness import LateKind, judge
from domain.party import Party, Role
from domain.policy import CLOCK_TOLERANCE
from domain.refusal import Code, Refusal, refuse

Events = tuple[BookingEvent, ...]


@dataclass(frozen=True, kw_only=True)
class Act:
    """One command about to be judged: on what, by whom, in whose name, given when."""

    booking: Booking
    by: Party
    in_name_of: Role
    given: datetime

    @property
    def start(self) -> datetime:
        """The scheduled start, which a confirmed booking always has."""
        if self.booking.scheduled_start is None:
            raise ValueError("a confirmed booking without a date")
        return self.booking.scheduled_start

    def passed(self, start: datetime) -> Refusal | None:
        """Why a time cannot be taken: it had passed when the command was given; None if not."""
        if start > self.given:
            return None
        return refuse(Code.START_PASSED, f"{rfc3339(start)} has passed.")

    def said_at(self, initiated_at: datetime | None) -> datetime | Refusal | None:
        """When it was initiated, by the giver's word: their clock may differ a little from ours."""
        if initiated_at is None:
            return None
        if self.by.role not in (Role.SUPPORT, Role.SERVICE):
            return refuse(Code.NOT_ALLOWED, "Only support and services can say since when.")
        if initiated_at > self.given + CLOCK_TOLERANCE:
            return refuse(Code.AT_IMPLAUSIBLE, "It cannot have been initiated after it was given.")
        # Of support's clock and of the one by which the booking was made, either may be ahead.
        if initiated_at < self.booking.created_at - CLOCK_TOLERANCE:
            return refuse(
                Code.AT_IMPLAUSIBLE, "It cannot have been initiated before the booking was made."
            )
        return max(min(initiated_at, self.given), self.booking.created_at)


def _confirm(act: Act, command: do.Confirm) -> Events | Refusal:
    if command.start not in act.booking.preferred_starts:
        return refuse(Code.NOT_PREFERRED)
    return act.passed(command.start) or (
        happened.BookingConfirmed(at=act.given, start=command.start),
    )


def _decline(act: Act, command: do.Decline) -> Events | Refusal:
    return (
        happened.BookingDeclined(
            at=act.given, reason=command.reason, over_scheduling=command.over_scheduling
        ),
    )


def _ask_cancel(act: Act, command: do.AskCancel) -> Events | Refusal:
    if act.booking.cancellation is not None:
        return refuse(Code.ALREADY_ASKED)
    receipt = judge(
        LateKind.CANCELLATION,
        scheduled_start=act.start,
        initiated_at=act.given,
        policy=act.booking.policy,
    )
    return (happened.CancellationAsked(at=act.given, reason=command.reason, receipt=receipt),)


def _cancel(act: Act, command: do.Cancel) -> Events | Refusal:
    said_at = act.said_at(command.initiated_at)
    if isinstance(said_at, Refusal):
        return said_at
    attribution = attribute_cancellation(
        act.booking,
        in_name_of=act.in_name_of,
        given=act.given,
        said_by=command.initiated_by,
        said_at=said_at,
    )
    return _cancelled(act, command.reason, attribution)


def _cancelled(act: Act, reason: str, attribution: Attribution) -> Events:
    cancelled = happened.BookingCancelled(
        at=act.given,
        reason=reason,
        initiated_by=attribution.initiated_by,
        initiated_at=attribution.initiated_at,
        executed_by=act.by.role,
        fault=attribution.fault,
        withdrawn=act.booking.state is State.PENDING,
        receipt=attribution.receipt,
    )
    return (cancelled, *_report(act, attribution, cancellation_event_id(act.booking)))


def _propose(act: Act, command: do.ProposeReschedule) -> Events | Refusal:
    if act.booking.reschedule is not None:
        return refuse(Code.ALREADY_PROPOSED)
    for start in command.starts:
        if refusal := act.passed(start):
            return refusal
    receipt = judge(
        LateKind.RESCHEDULE,
        scheduled_start=act.start,
        initiated_at=act.given,
        policy=act.booking.policy,
    )
    proposed = happened.RescheduleProposed(
        at=act.given,
        starts=command.starts,
        reason=command.reason,
        lapses_at=lapses_at(act.given, act.booking),
        receipt=receipt,
    )
    attribution = Attribution.by_provider(receipt)
    return (proposed, *_report(act, attribution, reschedule_event_id(act.booking)))


def _answer(act: Act, command: do.AnswerReschedule) -> Events | Refusal:
    proposal = act.booking.reschedule
    if proposal is None or proposal.status is not RescheduleStatus.PROPOSED:
        return refuse(Code.NOTHING_PROPOSED)
    if command.cancel:
        attribution = attribute_cancellation(
            act.booking, in_name_of=act.in_name_of, given=act.given
        )
        return _cancelled(act, "None of the proposed times suits.", attribution)
    if not command.accept:
        return (happened.RescheduleDeclined(at=act.given),)
    only = proposal.starts[0] if len(proposal.starts) == 1 else None
    start = command.start or only
    if start is None or start not in proposal.starts:
        return refuse(Code.NOT_PROPOSED)
    return act.passed(start) or (happened.RescheduleAccepted(at=act.given, start=start),)


def _approve(act: Act, command: do.ApproveReschedule) -> Events | Refusal:
    if refusal := act.passed(command.start):
        return refusal
    said_at = act.said_at(command.initiated_at)
    if isinstance(said_at, Refusal):
        return said_at
    if command.start == act.start and act.booking.reschedule is None:
        return ()  # entered already, as by another of support: it is no second reschedule
    attribution = attribute_amendment(
        act.booking,
        given=act.given,
        said_by=command.initiated_by,
        said_at=said_at,
    )
    amended = happened.BookingRescheduled(
        at=act.given,
        start=command.start,
        previous_start=act.start,
        initiated_by=attribution.initiated_by,
        initiated_at=attribution.initiated_at,
        fault=attribution.fault,
        executed_by=act.by.role,
        receipt=attribution.receipt,
    )
    return (amended, *_report(act, attribution, reschedule_event_id(act.booking)))


def _report(act: Act, attribution: Attribution, event_id: str) -> Events:
    """The report to the provider's standing, if this is to be counted there."""
    receipt = attribution.receipt
    if receipt is None or not receipt.late or attribution.counted_already:
        return ()
    return (
        happened.LateEventReported(
            at=act.given,
            id=event_id,
            kind=receipt.kind,
            scheduled_start=receipt.scheduled_start,
            initiated_at=receipt.initiated_at,
            late_within_seconds=receipt.late_within_seconds,
            claimed=attribution.claimed,
        ),
    )


DECIDERS: dict[type[BookingCommand], Callable[..., Events | Refusal]] = {
    do.Confirm: _confirm,
    do.Decline: _decline,
    do.AskCancel: _ask_cancel,
    do.Cancel: _cancel,
    do.ProposeReschedule: _propose,
    do.AnswerReschedule: _answer,
    do.ApproveReschedule: _approve,
}
