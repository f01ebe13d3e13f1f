"""The transition table of a booking: actor, from, command, to. Everything else is refused.

`decide` asks this table first; the tests enumerate every cell of it; the documentation prints it.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.booking.state import CLOSED, State
from domain.party import Role
from domain.policy import DEFAULT_POLICY, Policy
from domain.refusal import Code
from domain.rules import with_numbers

PENDING, CONFIRMED = State.PENDING, State.CONFIRMED


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One legal move. A service may make the move of any party but the clock.

    `rule` names the numbers of a policy, `{answer_within}`; `rule_under` prints them.
    """

    actors: tuple[Role, ...]
    source: State
    command: str
    targets: tuple[State, ...]
    rule: str

    def rule_under(self, policy: Policy) -> str:
        """The rule behind the move, with the numbers that a booking was made under."""
        return with_numbers(self.rule, policy)


def _row(
    actors: tuple[Role, ...], source: State, command: str, targets: tuple[State, ...], rule: str
) -> Transition:
    return Transition(actors=actors, source=source, command=command, targets=targets, rule=rule)


_PROVIDER, _CLIENT, _SUPPORT = (Role.PROVIDER,), (Role.CLIENT,), (Role.SUPPORT,)
_CLIENT_OR_SUPPORT, _CLOCK = (Role.CLIENT, Role.SUPPORT), (Role.CLOCK,)

TABLE: tuple[Transition, ...] = (
    _row(
        _PROVIDER,
        PENDING,
        "confirm",
        (CONFIRMED,),
        "The provider confirms one of the client's preferred times.",
    ),
    _row(_PROVIDER, PENDING, "decline", (State.DECLINED,), "The provider declines, with a reason."),
    _row(
        _CLIENT_OR_SUPPORT,
        PENDING,
        "cancel",
        (State.CANCELLED,),
        "A request that is still pending can be withdrawn; that never counts.",
    ),
    _row(
        _PROVIDER,
        CONFIRMED,
        "ask-cancel",
        (CONFIRMED,),
        "A provider cannot cancel a confirmed booking; they ask the client to.",
    ),
    _row(
        _CLIENT_OR_SUPPORT,
        CONFIRMED,
        "cancel",
        (State.CANCELLED,),
        "The client cancels; it counts only where the provider initiated it, and late.",
    ),
    _row(
        _PROVIDER,
        CONFIRMED,
        "propose-reschedule",
        (CONFIRMED,),
        "The provider asks for another date; if that is late, it counts at once.",
    ),
    _row(
        _CLIENT,
        CONFIRMED,
        "answer-reschedule",
        (CONFIRMED, State.CANCELLED),
        "The client accepts a proposed time, declines, or cancels because none suits.",
    ),
    _row(
        _SUPPORT,
        CONFIRMED,
        "reschedule-approved",
        (CONFIRMED,),
        "Support amends the date once the client agrees.",
    ),
    _row(
        _CLOCK,
        PENDING,
        "remind",
        (PENDING,),
        "The provider is reminded at half time, and before the request expires.",
    ),
    _row(
        _CLOCK,
        PENDING,
        "expire",
        (State.EXPIRED,),
        "A request expires after {answer_within}, or with its last preferred time.",
    ),
    _row(
        _CLOCK,
        CONFIRMED,
        "remind",
        (CONFIRMED,),
        "The provider is told before the late window opens; both are told before the start.",
    ),
    _row(
        _CLOCK,
        CONFIRMED,
        "lapse",
        (CONFIRMED,),
        "A proposal lapses after {proposal_lapses_after}, or at the scheduled start.",
    ),
    _row(
        _CLOCK,
        CONFIRMED,
        "complete",
        (State.COMPLETED,),
        "A booking is completed when the session's end has passed.",
    ),
)

LEGAL: dict[tuple[State, str], Transition] = {(row.source, row.command): row for row in TABLE}

OWN_PARTY: dict[str, Role] = {row.command: row.actors[0] for row in TABLE if row.actors != _CLOCK}
"""In whose name each command is given: who acts where a service acts for them."""

OTHERWISE: dict[str, Code] = {
    "confirm": Code.NOT_PENDING,
    "decline": Code.NOT_PENDING,
    "ask-cancel": Code.NOT_CONFIRMED,
    "propose-reschedule": Code.NOT_CONFIRMED,
    "answer-reschedule": Code.NOTHING_PROPOSED,
    "reschedule-approved": Code.NOT_CONFIRMED,
}
"""The refusal of a command in an open state that the table has no row for."""


def lookup(state: State, command: str) -> Transition | Code:
    """The row that allows a command in a state, or the code that refuses it there."""
    if state in CLOSED:
        return Code.ALREADY_CLOSED
    return LEGAL.get((state, command)) or OTHERWISE.get(command, Code.UNKNOWN_COMMAND)


def printed() -> str:
    """The table as Markdown, one legal move a line, with the numbers of the default policy."""
    lines = ["| actor | from | command | to | rule |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {', '.join(row.actors)} | {row.source} | `{row.command}` "
        f"| {', '.join(row.targets)} | {row.rule_under(DEFAULT_POLICY)} |"
        for row in TABLE
    ]
    return "\n".join(lines)
