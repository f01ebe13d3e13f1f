"""Whatever people write, it stays within what Temporal takes: 2 MB a value, and 4 MB a task."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from domain.account import Account
from domain.policy import MAX_TEXT
from domain.record import Entry
from domain.standing import commands as do
from domain.standing.decide import CLAIMS_WAITING
from domain.standing.events import ProofSubmitted, StandingEvent
from domain.standing.evolve import PROOFS_KEPT
from domain.standing.fold import CARRIED
from domain.standing.state import Document, Standing
from tests.domain.standings import PROVIDER, SUPPORT, Live, late, review
from workflows.deliveries import MOST_AT_ONCE
from workflows.entries import applied
from workflows.fitting import newest_that_fit
from workflows.inbox import REMEMBERED, Outcomes
from workflows.logbook import RECORDINGS_KEPT, Draft, Logbook
from workflows.provider_standing import ProviderStandingWorkflow
from workflows.snapshot import StandingInput

ONE_VALUE = 2_000_000
ONE_TASK = 4_000_000
OWED = 250
"""What a notice weighs that is owed when a history ends."""

UPDATES_AT_ONCE = 10
"""So many updates of one workflow may wait; Temporal refuses the next one."""

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LONGEST = "\x01"
"""A character that is a text's as any other, and takes six bytes of JSON."""

TEXT = LONGEST * MAX_TEXT


def test_the_newest_items_are_taken_while_there_is_room_and_the_very_newest_in_any_case() -> None:
    assert newest_that_fit(["a", "b", "c"], 9) == ("a", "b", "c")
    assert newest_that_fit(["a", "b", "c"], 8) == ("b", "c")
    assert newest_that_fit(["a", "a long one", "c"], 8) == ("c",)
    assert newest_that_fit(["a", "a long one"], 3) == ("a long one",)
    assert newest_that_fit([], 3) == ()


def _id(number: int) -> str:
    return f"{number:04}".ljust(200, "x")


def _proof(*covers: str) -> do.SubmitProof:
    document = Document(name=LONGEST * 200, url="https://example.org/".ljust(1000, "x"))
    return do.SubmitProof(by=PROVIDER, covers=covers, statement=TEXT, documents=(document,) * 10)


def _largest() -> tuple[Live, Standing]:
    """A provider of whom everything is as much and as long as it may be."""
    live = Live()
    for number in range(CARRIED + CLAIMS_WAITING):
        live.give(late(_id(number), claimed=number >= CARRIED))
    for number in range(CARRIED, CARRIED + CLAIMS_WAITING):
        live.give(do.ContestClaim(by=PROVIDER, claim_id=_id(number), note=TEXT))
    for _ in range(PROOFS_KEPT):
        live.give(_proof(*list(live.standing.events)[:100]))
    live.give(*(review(each, accept=False, note=TEXT) for each in live.standing.proofs))
    return live, live.standing


def _line(seq: int, command: do.StandingCommand, text: str) -> Entry:
    entry = applied(
        by=SUPPORT,
        command=command.name,
        given=NOW,
        handled=NOW,
        rule="",
        text=text,
        policy="",
        inputs=command,
        events=(),
    )
    return replace(entry, seq=seq)


def _written(logbook: Logbook, entry: Entry, *events: StandingEvent) -> None:
    draft = Draft(number=entry.seq, first_seq=1, entries=(entry,), refused=0, refusals=())
    logbook.written(draft, events, revision=entry.seq)


def test_ten_answers_at_once_and_what_the_next_history_begins_with_fit_into_one_task() -> None:
    _, standing = _largest()
    answer: dict[str, Any] = ProviderStandingWorkflow.machine.json(standing, SUPPORT, NOW)
    assert answer["events"]
    assert answer["proofs"][-1]["note"] == TEXT

    logbook, outcomes = Logbook(), Outcomes()
    for seq in range(1, 101):
        _written(logbook, _line(seq, do.Suspend(reason=TEXT), f"Topics suspended: {TEXT}"))
    for number in range(REMEMBERED):
        outcomes.remember(f"support/sue/suspend/{number}{LONGEST * 250}", None)
    begins = StandingInput(
        provider_id=standing.provider_id,
        state=standing,
        progress=replace(logbook.handed_over(), outcomes=outcomes.handed_over()),
    )
    assert len(begins.progress.newest) > 1
    assert len(begins.progress.outcomes) > 1
    handed_over = len(to_json(begins)) + OWED * MOST_AT_ONCE
    assert handed_over < ONE_VALUE
    assert UPDATES_AT_ONCE * len(to_json(answer)) + handed_over < ONE_TASK


def test_what_a_workflow_tells_of_its_record_fits_into_the_answers_to_queries() -> None:
    live, standing = _largest()
    logbook = Logbook()
    for seq in range(1, RECORDINGS_KEPT + 1):
        _written(logbook, _line(seq, _proof("e"), "Brought."), live.last(ProofSubmitted))
    assert len(to_json(logbook.newest_lines)) < ONE_VALUE

    told: Account[Standing, StandingEvent] = logbook.account(standing, None)
    numbers = [each.number for each in told.recordings]
    while told.older:
        assert len(to_json(told)) < ONE_VALUE
        told = logbook.account(standing, numbers[0])
        numbers = [*(each.number for each in told.recordings), *numbers]
    # Page by page, it is all of it.
    assert numbers == list(range(1, RECORDINGS_KEPT + 1))
