"""A provider's standing in the making, for tests: what is reported, brought and decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from domain.lateness import LateKind
from domain.party import Party, Role
from domain.policy import DEFAULT_POLICY, Policy
from domain.refusal import Refusal
from domain.standing import commands as do
from domain.standing import events as happened
from domain.standing.commands import StandingCommand
from domain.standing.deadlines import Deadline, DeadlineKind, next_deadline
from domain.standing.decide import begin, decide, elapse
from domain.standing.events import StandingEvent
from domain.standing.evolve import evolve_all, evolve_each
from domain.standing.fold import Missed, OnRecordOnly, fold, missed, recall
from domain.standing.state import Standing

Happened = TypeVar("Happened", bound=StandingEvent)

BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)

PROVIDER = Party(role=Role.PROVIDER, id="ada")
OTHER_PROVIDER = Party(role=Role.PROVIDER, id="zoe")
CLIENT = Party(role=Role.CLIENT, id="carl")
SUPPORT = Party(role=Role.SUPPORT, id="sue")
SERVICE = Party(role=Role.SERVICE, id="billing")

CANCELLATION, RESCHEDULE = LateKind.CANCELLATION, LateKind.RESCHEDULE


def late(
    event_id: str,
    kind: LateKind = CANCELLATION,
    *,
    initiated_at: datetime = BEGUN,
    claimed: bool = False,
    margin: timedelta = DAY,
) -> do.ReportLateEvent:
    """A report of something late, one day before the session unless another margin is given."""
    return do.ReportLateEvent(
        id=event_id,
        booking_id=f"booking-of-{event_id}",
        kind=kind,
        scheduled_start=initiated_at + margin,
        initiated_at=initiated_at,
        claimed=claimed,
    )


def proof(*covers: str, by: Party | None = PROVIDER) -> do.SubmitProof:
    """Proof for some events."""
    return do.SubmitProof(by=by, covers=covers, statement="The train did not run.")


def review(proof_id: str, *, accept: bool, note: str = "") -> do.ReviewProof:
    """Support's review."""
    return do.ReviewProof(by=SUPPORT, proof_id=proof_id, accept=accept, note=note)


def standing(policy: Policy = DEFAULT_POLICY) -> Standing:
    """A provider of whom nothing late is known."""
    return replace(begin(PROVIDER.id, BEGUN), policy=policy)


@dataclass
class Live:
    """A standing and its clock: what is overdue happens before whatever comes next."""

    now: datetime = BEGUN
    standing: Standing = field(default_factory=standing)
    events: list[StandingEvent] = field(default_factory=list)

    def give(self, *commands: StandingCommand) -> tuple[str, ...]:
        """Give commands, all legal, and name the events of the last."""
        happened: tuple[StandingEvent, ...] = ()
        for command in commands:
            self.wait(timedelta(0))
            answer = decide(self.standing, command, self.now)
            assert not isinstance(answer, Refusal), answer
            happened = answer
            self._apply(happened)
        return tuple(event.type for event in happened)

    def refused(self, command: StandingCommand) -> str:
        """The code that a command is refused with."""
        self.wait(timedelta(0))
        answer = decide(self.standing, command, self.now)
        assert isinstance(answer, Refusal), answer
        return answer.code

    def wait(self, span: timedelta, *, outage: bool = False) -> tuple[str, ...]:
        """Let time pass, and name what happened by itself: when due, or after an outage."""
        self.now += span
        happened: list[StandingEvent] = []
        while (deadline := next_deadline(self.standing)) and deadline.at <= self.now:
            handled = self.now if outage else deadline.at
            events = elapse(self.standing, deadline, handled)
            assert events, deadline
            self._apply(events)
            happened += events
        return tuple(event.type for event in happened)

    def _apply(self, events: tuple[StandingEvent, ...]) -> None:
        self.standing = evolve_all(self.standing, events)
        self.events += events

    @property
    def status(self) -> str:
        """The status, as text."""
        return self.standing.status

    def last(self, kind: type[Happened]) -> Happened:
        """The newest event of a type."""
        return next(event for event in reversed(self.events) if isinstance(event, kind))


def with_case(*more: StandingCommand) -> Live:
    """A provider with three late cancellations, `e1` to `e3`, and so a case; and what follows."""
    live = Live()
    live.give(late("e1"), late("e2"), late("e3"))
    if more:
        live.give(*more)
    return live


def suspended() -> Live:
    """A provider whose case ran out."""
    live = with_case()
    live.wait(7 * DAY)
    return live


@dataclass
class Folding:
    """A standing that carries next to nothing, beside one that carries everything.

    What the database does for the first is done here from the second.
    """

    whole: Standing
    carried: int
    folded: Standing = field(init=False)

    def __post_init__(self) -> None:
        self.folded = self.whole

    def give(self, command: StandingCommand, now: datetime) -> None:
        """Decide a command on both. They agree, and both go on from what was decided."""
        recalled = self._recalled(command)
        one, other = decide(self.whole, command, now), decide(recalled, command, now)
        if isinstance(one, Refusal) or isinstance(other, Refusal):
            assert one == other
        else:
            self._go_on(recalled, one, other)

    def wait(self, until: datetime) -> None:
        """Let everything happen that is due."""
        while (due := next_deadline(self.whole)) and due.at <= until:
            if self._is_folded_and_does_not_count(due.subject):
                # It will never count again, so nobody waits for it to age.
                self.whole = evolve_each(self.whole, elapse(self.whole, due, until))
                continue
            own = self._own_deadline()
            assert (own.kind, own.at) == (due.kind, due.at)
            # Of several that are due at once, either may come first.
            one, other = elapse(self.whole, own, until), elapse(self.folded, own, until)
            self._go_on(self.folded, one, other)

    def _is_folded_and_does_not_count(self, event_id: str) -> bool:
        event = self.whole.events.get(event_id)
        return (
            event is not None
            and event_id not in self.folded.events
            and not (self.whole.counts(event))
        )

    def _own_deadline(self) -> Deadline:
        while True:
            own = next_deadline(self.folded)
            assert own is not None
            if own.subject or own.kind is not DeadlineKind.AGE_EVENTS:
                return own
            before, self.folded = self.folded, self._recalled(own)
            assert self.folded.folded.events < before.folded.events

    def _go_on(
        self, recalled: Standing, one: tuple[StandingEvent, ...], other: tuple[StandingEvent, ...]
    ) -> None:
        assert _in_numbers(one) == _in_numbers(other)
        if other:
            self.whole = evolve_each(self.whole, one)
            self.folded = fold(evolve_each(recalled, other), self.carried)

    def _recalled(self, asked: StandingCommand | Deadline) -> Standing:
        wanted = missed(self.folded, asked)
        if wanted is None:
            return self.folded
        wanted = replace(wanted, most=2)
        return recall(self.folded, wanted, self._found(wanted))

    def _found(self, wanted: Missed) -> OnRecordOnly:
        if wanted.oldest:
            counting = [
                event
                for event in self.whole.counting()
                if event.kind in wanted.oldest and event.id not in wanted.carried
            ]
            found = counting[: wanted.most]
        else:
            found = [event for event in self.whole.events.values() if event.id in wanted.ids]
        claims = self.whole.claims
        return OnRecordOnly(
            events=tuple(found),
            claims=tuple(claims[event.id] for event in found if event.id in claims),
        )


def _in_numbers(events: tuple[StandingEvent, ...]) -> list[object]:
    """The events without the lists that are shorter where less is carried."""
    return [
        replace(event, case=replace(event.case, reasons=()))
        if isinstance(event, happened.CaseOpened)
        else (event.type, len(event.settled) + event.settled_besides)
        if isinstance(event, happened.TopicsReinstated)
        else event
        for event in events
    ]
