"""`keepdate export` and `keepdate erase`: what is on record about a person, and taking it away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.api.common.v1 import WorkflowExecution as ExecutionId
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from activities.executions import listed
from db.personal import exporting
from db.personal.erasing import Erased, OpenBookingsError
from db.personal.erasing import erase as erase_from_record
from db.queries.bookings import get_booking
from db.queries.late_events import get_late_events, ids_of_booking
from domain.instants import rfc3339
from domain.party import Party, Role, is_id
from domain.workflow_ids import BOOKINGS, STANDINGS, standing_workflow_id
from ops import OperatorError, Say
from ops.connections import Stack
from workflows.search_attributes import CLIENT_ID, PROVIDER_ID

_PEOPLE = (Role.PROVIDER, Role.CLIENT, Role.SUPPORT)
_PAUSED = "= 'Paused'"
# One that was paused is under way as well.
_UNDER_WAY = "IN ('Running', 'Paused')"
_CLOSED = "NOT IN ('Running', 'Paused')"
_ATTRIBUTES = {Role.PROVIDER: PROVIDER_ID, Role.CLIENT: CLIENT_ID}


async def person_meant(engine: AsyncEngine, role: Role | None, person_id: str) -> Party:
    """Whom an operator means who may have left out the role: whoever is on record by the id.

    Raises OperatorError where that is nobody, or might be several.
    """
    if role is not None:
        return _person(role, person_id)
    found: list[Party] = []
    async with engine.connect() as conn:
        for each in _PEOPLE:
            person = _person(each, person_id)
            if await _is_on_record(conn, person):
                found.append(person)
    match found:
        case [person]:
            return person
        case []:
            raise OperatorError(f"nothing is on record about {person_id}")
    several = " and of ".join(map(str, found))
    raise OperatorError(f"{person_id} is the id of {several}: say which, with the role before it")


async def _is_on_record(conn: AsyncConnection, person: Party) -> bool:
    # Their export, no further than to the first table that names them.
    async with aclosing(exporting.export(conn, person)) as tables:
        async for _, rows in tables:
            if rows:
                return True
    return False


async def export(engine: AsyncEngine, person: Party, say: Say) -> None:
    """Say everything about a person, as one JSON object: who, when, and the rows by table.

    Raises OperatorError where there is nothing to say.
    """
    tables: dict[str, Any] = {}
    async with engine.connect() as conn:
        await conn.execution_options(isolation_level="REPEATABLE READ")
        async for table, rows in exporting.export(conn, person):
            tables[table] = to_jsonable_python(rows, fallback=_range)
    if not any(tables.values()):
        raise OperatorError(f"nothing is on record about {person}")
    exported = {
        "person": {"role": person.role.value, "id": person.id},
        "exported_at": rfc3339(datetime.now(UTC)),
        "tables": tables,
    }
    say(json.dumps(exported, indent=2, ensure_ascii=False))


async def erase(stack: Stack, person: Party, say: Say, *, histories: bool = False) -> bool:
    """Erase a person, and say what was done. False while they have open bookings.

    `histories` has Temporal forget their closed workflows too; else its retention ends them.
    """
    running = [each.workflow_id async for each in _workflows(stack.client, person, _UNDER_WAY)]
    halted = [each.workflow_id async for each in _workflows(stack.client, person, _PAUSED)]
    bookings = [each.removeprefix(BOOKINGS) for each in running if each.startswith(BOOKINGS)]
    # What is under way may not be on record yet, of a request even nothing.
    still_open = [each for each in bookings if not await _is_over(stack.engine, each)]
    if still_open:
        return _refused(person, sorted(still_open), say)
    # The standing of a provider never ends by itself; one that lived on would write the id anew.
    # Should the next step fail, it begins again where its record ends.
    standings = [each for each in running if each.startswith(STANDINGS)]
    try:
        erased = await _erased(stack, person, standings)
    except OpenBookingsError as error:
        return _refused(person, error.bookings, say)
    if person.role is Role.PROVIDER:
        # One that has begun meanwhile, or that the list did not know yet, goes on from a record
        # that is there no more: it would try for ever to write down what follows.
        begun = standing_workflow_id(person.id)
        if await _end(stack.client.get_workflow_handle(begun)) and begun not in standings:
            standings.append(begun)
    if erased.pseudonym is None:
        say(f"Nothing is on record about {person}.")
    else:
        rows = ", ".join(f"{count} in {table}" for table, count in erased.rows.items())
        say(f"{person} is {erased.pseudonym} from now on. Rows changed: {rows}.")
    paused = [each for each in halted if each.removeprefix(BOOKINGS) in bookings]
    if len(bookings) > len(paused):
        say(
            f"{len(bookings) - len(paused)} workflows of closed bookings run on until they have"
            " told others of them, or given up, which they do after 24 hours. They write nothing"
            " down again."
        )
    for each in paused:
        say(
            f"{each} was paused by hand, and does not end: `temporal workflow unpause"
            f" --workflow-id {each}` has it go on, until it has told others, or given up. Temporal"
            " keeps what it knows until then; to have it forgotten, erase with --histories after"
            " that."
        )
    # In this order: what the list learns in between to have ended is in both, and not in neither.
    ended = [each async for each in _workflows(stack.client, person, _UNDER_WAY)]
    runs = [each async for each in _workflows(stack.client, person, _CLOSED)]
    closed = {each.workflow_id for each in runs} | set(standings)
    if histories:
        # One that went on as new, or was reset, has a history for each of its runs. Of those of a
        # standing, the list may not know yet that they have ended.
        for run in (*runs, *(each for each in ended if each.workflow_id in standings)):
            await _forget(stack.client, run.workflow_id, run.run_id)
        for workflow_id in standings:
            await _forget(stack.client, workflow_id)
        say(f"Temporal forgets {len(closed)} closed workflows.")
    elif closed:
        say(
            f"Temporal remembers {len(closed)} closed workflows until its retention ends; with"
            " --histories it forgets them now."
        )
    return True


async def _is_over(engine: AsyncEngine, booking_id: str) -> bool:
    """Whether a booking is closed on record, and what was late of it known to the standing.

    Its workflow may then still be running, to tell somebody of it; it decides nothing any more.
    """
    async with engine.connect() as conn:
        row = await get_booking(conn, booking_id)
        if row is None or not row.booking.closed:
            return False
        ids = await ids_of_booking(conn, booking_id)
        return len(await get_late_events(conn, row.booking.provider_id, ids)) == len(ids)


async def _erased(stack: Stack, person: Party, standings: Iterable[str]) -> Erased:
    for workflow_id in standings:
        await _end(stack.client.get_workflow_handle(workflow_id))
    return await erase_from_record(stack.engine, person)


async def _end(standing: WorkflowHandle[Any, Any]) -> bool:
    """Ends a standing; False if it has ended already, or there is none."""
    try:
        await standing.terminate("The person is erased.")
    except RPCError as error:
        # Somebody else erases them too, or has just done so, and the list does not know it yet.
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


def _person(role: Role, person_id: str) -> Party:
    if role not in _PEOPLE:
        raise OperatorError(f"a {role} is nobody: provider, client or support")
    if not is_id(person_id):
        raise OperatorError(f"{person_id!r} cannot be the id of anybody")
    return Party(role=role, id=person_id)


def _refused(person: Party, bookings: Iterable[str], say: Say) -> bool:
    say(f"{person} cannot be erased while these bookings are open: {', '.join(bookings)}")
    return False


async def _workflows(client: Client, person: Party, which: str) -> AsyncIterator[ExecutionId]:
    attribute = _ATTRIBUTES.get(person.role)
    if attribute is None:
        return
    quoted = person.id.replace("'", "")
    query = f"{attribute.name} = '{quoted}' AND ExecutionStatus {which}"
    async for page in listed(client, query):
        for each in page:
            yield each


async def _forget(client: Client, workflow_id: str, run_id: str = "") -> None:
    try:
        await client.workflow_service.delete_workflow_execution(
            DeleteWorkflowExecutionRequest(
                namespace=client.namespace,
                workflow_execution=ExecutionId(workflow_id=workflow_id, run_id=run_id),
            )
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


def _range(value: Any) -> Any:
    if isinstance(value, Range):
        return {"from": value.lower, "until": value.upper}
    return str(value)
