"""The commands of operators: repairing, telling, forgetting, and trying out a policy."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from config import load_settings
from domain.party import Role
from ops import A_CENTURY, OperatorError

app = typer.Typer()
policies = typer.Typer(help="Trying out other rules.", no_args_is_help=True)
app.add_typer(policies, name="policy")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Whom = Annotated[
    list[str],
    typer.Argument(
        metavar="[ROLE] PERSON",
        help="The marketplace's id of the person; provider, client or support before it, where"
        " more than one of them has this id.",
    ),
]


def say(line: str) -> None:
    """Print a line: what people wrote in it begins no other one, and tells a terminal nothing."""
    typer.echo("".join(each if each.isprintable() else " " for each in line))


@app.command()
def repair(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Record again what differs.")] = False,
    booking: Annotated[str | None, typer.Option(help="Compare this booking alone.")] = None,
    closed_days: Annotated[
        float | None,
        typer.Option(
            min=0, max=A_CENTURY.days, help="Of closed bookings, only those of so many days [all]."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compares every workflow with the database; exits with 1 where something differs."""
    from ops.connections import stack
    from ops.repair import repair as run

    async def work() -> bool:
        async with stack(load_settings()) as parts:
            return await run(
                parts,
                say,
                apply=apply,
                as_json=as_json,
                booking=booking,
                closed_within=None if closed_days is None else timedelta(days=closed_days),
            )

    _run(work())


@app.command()
def explain(booking: str) -> None:
    """Tells one booking from its request on: who, when, by which rule, and what came of it."""
    from ops.connections import database
    from ops.explain import explain as run

    async def work() -> bool:
        async with database(load_settings()) as engine:
            return await run(engine, booking, say)

    _run(work())


@app.command()
def stuck(*, as_json: AsJson = False) -> None:
    """Lists workflows that do not get on, and exits with 1 where there are any.

    What endpoints do not take comes last, in one line for each.
    """
    from ops.connections import stack
    from ops.stuck import stuck as run

    async def work() -> bool:
        async with stack(load_settings()) as parts:
            return await run(parts, say, as_json=as_json)

    _run(work())


@app.command()
def export(whom: Whom) -> None:
    """Prints everything on record about a person, as JSON."""
    from ops.connections import database
    from ops.privacy import export as run
    from ops.privacy import person_meant

    named = _named(whom)

    async def work() -> bool:
        async with database(load_settings()) as engine:
            person = await person_meant(engine, *named)
            await run(engine, person, print)
        return True

    _run(work())


@app.command()
def erase(
    whom: Whom,
    *,
    histories: Annotated[
        bool,
        typer.Option(
            "--histories/--keep-histories",
            help="Have Temporal forget the person's closed workflows now, not by its retention.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Takes a person out of the record: their name, their words, and the id that leads to them."""
    from ops.connections import database, stack
    from ops.privacy import erase as run
    from ops.privacy import person_meant

    named = _named(whom)

    async def work() -> bool:
        settings = load_settings()
        async with database(settings) as engine:
            person = await person_meant(engine, *named)
        if not (yes or typer.confirm(f"Erase {person} for good?")):
            raise OperatorError("nobody is erased")
        async with stack(settings) as parts:
            return await run(parts, person, say, histories=histories)

    _run(work())


@policies.command()
def replay(file: Path, *, as_json: AsJson = False) -> None:
    """Says who would have gained or lost a warning, a case or a suspension; changes nothing."""
    from ops.connections import database
    from ops.what_if import replay as run

    async def work() -> bool:
        async with database(load_settings()) as engine:
            await run(engine, file, say, as_json=as_json)
        return True

    _run(work())


def _named(whom: list[str]) -> tuple[Role | None, str]:
    """The role that was given, if one was, and the id."""
    match whom:
        case [person_id]:
            return None, person_id
        case [role, person_id] if role in tuple(Role):
            return Role(role), person_id
    raise typer.BadParameter("is one id, or one of provider, client and support, and an id")


def _run(work: Coroutine[Any, Any, bool]) -> None:
    """Run a command to its end, which is an exit with 1 where something is not well.

    What the operator can mend is one line.
    """
    try:
        well = asyncio.run(work)
    except OperatorError as error:
        typer.echo(f"keepdate: {error}", err=True)
        well = False
    if not well:
        raise typer.Exit(1)
