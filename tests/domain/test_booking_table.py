"""Every state x command x role of a booking, written out from the contract, not from the table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.booking.commands import COMMANDS as COMMAND_TYPES
from domain.booking.deadlines import DeadlineKind, deadlines
from domain.booking.decide import decide, elapse
from domain.booking.evolve import evolve_all
from domain.booking.state import CLOSED, OPEN, State
from domain.booking.table import LEGAL, OTHERWISE, OWN_PARTY, TABLE, Transition, lookup, printed
from domain.party import THE_CLOCK, Party, Role
from domain.policy import DEFAULT_POLICY, Policy
from domain.refusal import Code, Refusal
from tests.domain.examples import (
    CLIENT,
    COMMANDS,
    EARLY,
    OTHER_CLIENT,
    OTHER_PROVIDER,
    PROVIDER,
    SERVICE,
    SITUATIONS,
    SUPPORT,
)

GIVERS: dict[str, Party | None] = {
    "provider": PROVIDER,
    "stranger-p": OTHER_PROVIDER,
    "client": CLIENT,
    "stranger-c": OTHER_CLIENT,
    "support": SUPPORT,
    "service": SERVICE,
    "left-out": None,
    "clock": THE_CLOCK,
}

# A cell is the state afterwards, or the code of the refusal; `-` is `not-allowed`.
MATRIX = """
from       command              provider                stranger-p  client            stranger-c  support        service           left-out          clock
pending    confirm              confirmed               -           -                 -           -              confirmed         confirmed         -
pending    decline              declined                -           -                 -           -              declined          declined          -
pending    ask-cancel           not-confirmed           -           -                 -           -              not-confirmed     not-confirmed     -
pending    cancel               provider-cannot-cancel  -           cancelled         -           cancelled      cancelled         cancelled         -
pending    propose-reschedule   not-confirmed           -           -                 -           -              not-confirmed     not-confirmed     -
pending    answer-reschedule    -                       -           nothing-proposed  -           -              nothing-proposed  nothing-proposed  -
pending    reschedule-approved  -                       -           -                 -           not-confirmed  not-confirmed     not-confirmed     -
confirmed  confirm              not-pending             -           -                 -           -              not-pending       not-pending       -
confirmed  decline              not-pending             -           -                 -           -              not-pending       not-pending       -
confirmed  ask-cancel           confirmed               -           -                 -           -              confirmed         confirmed         -
confirmed  cancel               provider-cannot-cancel  -           cancelled         -           cancelled      cancelled         cancelled         -
confirmed  propose-reschedule   confirmed               -           -                 -           -              confirmed         confirmed         -
confirmed  answer-reschedule    -                       -           nothing-proposed  -           -              nothing-proposed  nothing-proposed  -
confirmed  reschedule-approved  -                       -           -                 -           confirmed      confirmed         confirmed         -
asked      confirm              not-pending             -           -                 -           -              not-pending       not-pending       -
asked      decline              not-pending             -           -                 -           -              not-pending       not-pending       -
asked      ask-cancel           already-asked           -           -                 -           -              already-asked     already-asked     -
asked      cancel               provider-cannot-cancel  -           cancelled         -           cancelled      cancelled         cancelled         -
asked      propose-reschedule   confirmed               -           -                 -           -              confirmed         confirmed         -
asked      answer-reschedule    -                       -           nothing-proposed  -           -              nothing-proposed  nothing-proposed  -
asked      reschedule-approved  -                       -           -                 -           confirmed      confirmed         confirmed         -
proposed   confirm              not-pending             -           -                 -           -              not-pending       not-pending       -
proposed   decline              not-pending             -           -                 -           -              not-pending       not-pending       -
proposed   ask-cancel           confirmed               -           -                 -           -              confirmed         confirmed         -
proposed   cancel               provider-cannot-cancel  -           cancelled         -           cancelled      cancelled         cancelled         -
proposed   propose-reschedule   already-proposed        -           -                 -           -              already-proposed  already-proposed  -
proposed   answer-reschedule    -                       -           confirmed         -           -              confirmed         confirmed         -
proposed   reschedule-approved  -                       -           -                 -           confirmed      confirmed         confirmed         -
accepted   confirm              not-pending             -           -                 -           -              not-pending       not-pending       -
accepted   decline              not-pending             -           -                 -           -              not-pending       not-pending       -
accepted   ask-cancel           confirmed               -           -                 -           -              confirmed         confirmed         -
accepted   cancel               provider-cannot-cancel  -           cancelled         -           cancelled      cancelled         cancelled         -
accepted   propose-reschedule   already-proposed        -           -                 -           -              already-proposed  already-proposed  -
accepted   answer-reschedule    -                       -           nothing-proposed  -           -              nothing-proposed  nothing-proposed  -
accepted   reschedule-approved  -                       -           -                 -           confirmed      confirmed         confirmed         -
"""  # noqa: E501

CLOCK_MATRIX = {
    ("pending", "remind"): "pending",
    ("pending", "expire"): "expired",
    ("confirmed", "remind"): "confirmed",
    ("confirmed", "lapse"): "confirmed",
    ("confirmed", "complete"): "completed",
}


def _cells() -> dict[tuple[str, str, str], str]:
    header, *rows = (line.split() for line in MATRIX.strip().splitlines())
    return {
        (row[0], row[1], giver): "not-allowed" if cell == "-" else cell
        for row in rows
        for giver, cell in zip(header[2:], row[2:], strict=True)
    } | {
        (state, command, giver): "already-closed"
        for state in ("declined", "expired", "cancelled", "completed")
        for command in COMMANDS
        for giver in GIVERS
    }


CELLS = _cells()


def test_the_matrix_has_a_cell_for_every_state_command_and_role() -> None:
    assert set(CELLS) == {(s, c, g) for s in SITUATIONS for c in COMMAND_TYPES for g in GIVERS}
    assert {SITUATIONS[situation]().state for situation in SITUATIONS} == set(State)
    assert {giver.role for giver in GIVERS.values() if giver} == set(Role)


@pytest.mark.parametrize(
    ("situation", "command", "giver"), CELLS, ids=["/".join(cell) for cell in CELLS]
)
def test_every_cell(situation: str, command: str, giver: str) -> None:
    booking = SITUATIONS[situation]()
    answer = decide(booking, replace(COMMANDS[command], by=GIVERS[giver]), EARLY)
    outcome = answer.code if isinstance(answer, Refusal) else evolve_all(booking, answer).state
    assert outcome == CELLS[situation, command, giver]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("command", COMMAND_TYPES)
def test_the_table_and_decide_agree(state: State, command: str) -> None:
    row = lookup(state, command)
    answers = [
        decide(booking, COMMANDS[command], EARLY)
        for booking in (make() for make in SITUATIONS.values())
        if booking.state is state
    ]
    if isinstance(row, Code):
        assert {answer.code for answer in answers if isinstance(answer, Refusal)} == {row}
        assert all(isinstance(answer, Refusal) for answer in answers)
    else:
        assert not all(isinstance(answer, Refusal) for answer in answers)


def test_each_legal_row_leads_where_it_says() -> None:
    reached: dict[tuple[State, str], set[State]] = {}
    for (situation, command, _), outcome in CELLS.items():
        if outcome in set(State):
            source = SITUATIONS[situation]().state
            reached.setdefault((source, command), set()).add(State(outcome))
    for row in TABLE:
        if row.actors != (Role.CLOCK,):
            assert reached.pop((row.source, row.command)) <= set(row.targets)
    assert reached == {}


def test_each_row_names_exactly_those_who_may() -> None:
    for row in TABLE:
        if row.actors != (Role.CLOCK,):
            legal = {giver for giver in ("provider", "client", "support") if _legal(row, giver)}
            assert legal == {str(actor) for actor in row.actors}


def _legal(row: Transition, giver: str) -> bool:
    return any(
        CELLS[situation, row.command, giver] in set(State)
        for situation, make in SITUATIONS.items()
        if make().state is row.source
    )


def test_the_clock_has_these_moves_and_no_others() -> None:
    rows = {
        (str(row.source), row.command): {str(target) for target in row.targets}
        for row in TABLE
        if Role.CLOCK in row.actors
    }
    assert rows == {move: {target} for move, target in CLOCK_MATRIX.items()}
    assert {command for _, command in CLOCK_MATRIX} == set(DeadlineKind)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_deadline_is_a_move_of_the_clock(situation: str) -> None:
    booking = SITUATIONS[situation]()
    found = deadlines(booking)
    for deadline in found:
        moved = evolve_all(booking, elapse(booking, deadline, deadline.at))
        assert moved.state == CLOCK_MATRIX[booking.state, deadline.kind]
    assert bool(found) == (booking.state in OPEN)


def test_every_move_of_the_clock_is_made_by_some_deadline() -> None:
    made = {
        (str(booking.state), str(deadline.kind))
        for booking in (make() for make in SITUATIONS.values())
        for deadline in deadlines(booking)
    }
    assert made == set(CLOCK_MATRIX)


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_a_closed_booking_has_no_way_out(state: State) -> None:
    assert not [row for row in TABLE if row.source is state]
    for command in (*COMMAND_TYPES, *DeadlineKind):
        assert lookup(state, command) is Code.ALREADY_CLOSED


def test_a_command_that_does_not_exist_is_unknown() -> None:
    assert lookup(State.PENDING, "teleport") is Code.UNKNOWN_COMMAND


def test_every_command_belongs_to_a_party_and_has_a_refusal_or_is_always_legal() -> None:
    assert {command: str(role) for command, role in OWN_PARTY.items()} == {
        "confirm": "provider",
        "decline": "provider",
        "ask-cancel": "provider",
        "cancel": "client",
        "propose-reschedule": "provider",
        "answer-reschedule": "client",
        "reschedule-approved": "support",
    }
    for command in COMMAND_TYPES:
        legal_everywhere = {state for state, name in LEGAL if name == command} == OPEN
        assert legal_everywhere != (command in OTHERWISE)


def test_no_two_rows_answer_for_the_same_move() -> None:
    assert len(LEGAL) == len(TABLE)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.source}-{row.command}")
def test_the_printed_table_holds_every_row(row: Transition) -> None:
    line = (
        f"| {', '.join(row.actors)} | {row.source} | `{row.command}` "
        f"| {', '.join(row.targets)} | {row.rule_under(DEFAULT_POLICY)} |"
    )
    assert line in printed().splitlines()


def test_a_rule_has_the_numbers_of_the_booking_s_own_policy() -> None:
    policy = Policy(answer_within=timedelta(hours=36), proposal_lapses_after=timedelta(days=2))
    assert LEGAL[State.PENDING, "expire"].rule_under(policy) == (
        "A request expires after 1 day 12 hours, or with its last preferred time."
    )
    assert LEGAL[State.CONFIRMED, "lapse"].rule_under(policy) == (
        "A proposal lapses after 2 days, or at the scheduled start."
    )


def test_the_printed_table_is_markdown_and_holds_nothing_else() -> None:
    header, ruler, *rows = printed().splitlines()
    assert len(rows) == len(TABLE)
    assert {line.count("|") for line in (header, ruler, *rows)} == {6}


def test_nothing_more_is_due_on_a_closed_booking() -> None:
    closed = [make() for make in SITUATIONS.values() if make().closed]
    assert {booking.state for booking in closed} == CLOSED
    assert [deadlines(booking) for booking in closed] == [[]] * len(closed)
