"""Bookings under encryption, on a real server: nobody reads in Temporal what people wrote."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from activities.comparing import Comparer
from config import Settings
from db.ids import new_id
from ops.connections import Stack
from ops.stuck import stuck
from tests.workflows.command_line import CommandLine
from tests.workflows.sandbox import SANDBOX
from tests.workflows.test_operators import _Broken
from tests.workflows.wire import is_at_work, payload, raw, troubles
from tests.workflows.world import RefusedError, World, in_days
from worker import WORKFLOWS, build_worker
from workflows.encryption import Encryption, converter
from workflows.guard import Guard
from workflows.snapshot import BookingInput

OLD, NEW = {"2025": b"o" * 32}, {"2026": b"n" * 32}
NOTE, REASON = "a-note-for-two-people", "a-reason-for-two-people"
QUEUE = "encrypted"


class Vault:
    """A marketplace on the shared server whose clients and workers have keys."""

    def __init__(
        self, temporal: WorkflowEnvironment, engine: AsyncEngine, settings: Settings
    ) -> None:
        self._temporal, self._engine = temporal, engine
        self._settings = settings.model_copy(update={"task_queue": QUEUE})

    def seen_with(self, keys: Mapping[str, bytes]) -> World:
        """The marketplace as somebody with these keys sees it."""
        service = self._temporal.client.service_client
        return World(
            temporal=self._temporal,
            client=Client(service, data_converter=converter(keys)),
            engine=self._engine,
            task_queue=QUEUE,
        )

    @asynccontextmanager
    async def worker(self, keys: Mapping[str, bytes]) -> AsyncIterator[World]:
        """A worker with these keys, and the marketplace as it sees it."""
        world = self.seen_with(keys)
        async with build_worker(world.client, self._engine, self._settings):
            yield world


@pytest.fixture
def vault(
    temporal: WorkflowEnvironment, client: Client, engine: AsyncEngine, shared_settings: Settings
) -> Vault:
    del client  # registers the search attributes
    return Vault(temporal, engine, shared_settings)


async def _requested(world: World) -> str:
    """The id of a booking with a note, three days ahead."""
    wanted = replace(await world.wanted(in_days(3)), note=NOTE)
    await world.start(BookingInput(request=wanted))
    await world.until(lambda: world.state(wanted.booking_id), bool)
    return wanted.booking_id


async def test_notes_and_reasons_are_nowhere_in_a_history(vault: Vault) -> None:
    async with vault.worker(NEW) as world:
        booking_id = await _requested(world)
        handle = world.booking(booking_id)
        booking = await handle.query("booking")
        [start] = booking["preferred_starts"]
        # As a service without any key sends it: plain JSON, by the `temporal` command.
        await CommandLine(world=world).signal(booking_id, "confirm", start=start)
        await world.until(lambda: handle.query("booking"), lambda it: it["state"] == "confirmed")
        await world.update(handle, "ask-cancel", reason=REASON)
        with pytest.raises(RefusedError) as refused:
            await world.update(handle, "confirm", start=start)
        assert (refused.value.code, refused.value.details) == ("not-pending", {"errors": []})
        await world.signal(handle, "cancel", reason=REASON)
        ended = await handle.result()
        standing = world.standing(booking["provider_id"])
        await world.until_standing(standing, lambda it: it["late_cancellations"])
        await world.update(standing, "suspend", reason=REASON)

        assert ended["note"] == NOTE
        assert ended["cancellation"]["reason"] == REASON
        replayer = Replayer(
            workflows=WORKFLOWS,
            interceptors=[Guard()],
            workflow_runner=SANDBOX,
            data_converter=converter(NEW),
        )
        for each in (handle, standing):
            assert await troubles(each) == []
            # As it lies on the server: the SDK decrypts values that are asked for, not histories.
            history = await each.fetch_history()
            stored = b"".join(event.SerializeToString() for event in history.events)
            assert NOTE.encode() not in stored
            assert REASON.encode() not in stored
            await replayer.replay_workflow(history)
        await standing.terminate()


async def test_all_that_a_history_holds_is_encrypted_but_what_the_server_needs(
    vault: Vault,
) -> None:
    async with vault.worker(NEW) as world:
        booking_id = await _requested(world)
        await world.update(booking_id, "confirm", start=(await _start_of(world, booking_id)))
        await world.update(booking_id, "ask-cancel", reason=REASON)
        await world.update(booking_id, "cancel", reason=REASON)
        kept = json.loads((await world.booking(booking_id).fetch_history()).to_json())
    encrypted = base64.b64encode(b"binary/encrypted").decode()
    plain = {path for path, encoding in _payloads(kept) if encoding != encrypted}
    # Search attributes, by which the server finds workflows; and the SDK's own notes beside the
    # result of a local activity: its number, its name, how long it took.
    assert {_place(path) for path in plain} == {"indexedFields", "data"}
    assert any("summary" in path for path, _ in _payloads(kept))


async def test_what_an_older_key_encrypted_goes_on_after_a_rotation(vault: Vault) -> None:
    async with vault.worker(OLD) as world:
        booking_id = await _requested(world)
    async with vault.worker({**NEW, **OLD}) as world:
        await world.update(booking_id, "decline", reason=REASON)
        assert (await world.booking(booking_id).result())["note"] == NOTE


async def test_what_began_in_the_clear_goes_on_once_there_are_keys(vault: Vault) -> None:
    async with vault.worker({}) as world:
        booking_id = await _requested(world)
    async with vault.worker(NEW) as world:
        await world.update(booking_id, "decline", reason=REASON)
        history = await world.booking(booking_id).fetch_history()
    stored = b"".join(event.SerializeToString() for event in history.events)
    assert NOTE.encode() in stored
    assert REASON.encode() not in stored


async def test_rubbish_that_claims_to_be_encrypted_is_refused(vault: Vault) -> None:
    async with vault.worker(NEW) as world:
        booking_id = await _requested(world)
        handle = world.booking(booking_id)
        [known] = await Encryption(NEW).encode([payload(b"{}")])
        [unknown] = await Encryption(OLD).encode([payload(b"{}")])
        known.data = known.data[:-1]
        foreign = vault.seen_with({})
        for each in (known, unknown):
            await foreign.signal(foreign.booking(booking_id), "confirm", *raw(each))
        lines = await world.until(lambda: world.timeline(handle), lambda lines: len(lines) == 3)
        assert [line["code"] for line in lines] == [None, "malformed", "malformed"]
        assert await troubles(handle) == []


async def test_a_booking_waits_for_a_worker_with_its_key(vault: Vault) -> None:
    async with vault.worker(NEW):
        world = vault.seen_with(OLD)
        wanted = await world.wanted(in_days(3))
        # A task that has failed twice is tried again when its time is up.
        soon = timedelta(seconds=1)
        handle = await world.start(BookingInput(request=wanted), task_timeout=soon)
        assert set(await world.until(lambda: troubles(handle), bool)) == {
            "WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE"
        }
    async with vault.worker({**NEW, **OLD}) as world:
        # The row comes while the task runs; until it has ended, Temporal takes no updates.
        await world.until(lambda: is_at_work(handle), bool)
        await world.update(wanted.booking_id, "decline", reason=REASON)


async def test_who_has_no_key_is_told_so(vault: Vault) -> None:
    async with vault.worker(NEW) as world:
        workflow_id = world.booking(await _requested(world)).id
        blind = vault.seen_with(OLD)
        comparer = Comparer(blind.client, blind.engine, QUEUE, pause=0.1)
        found = await comparer.compared(workflow_id, apply=True)
        assert found is not None
        assert found.unanswered == "it answers encrypted, by a key that is not here"
        assert (found.differs, found.mended) == ((), ())
        await world.client.get_workflow_handle(workflow_id).terminate()


async def test_operators_with_the_key_read_why_something_is_stuck(vault: Vault) -> None:
    world, queue = vault.seen_with(NEW), f"broken-{new_id()}"
    stack = Stack(client=world.client, engine=world.engine, task_queue=queue)
    async with Worker(world.client, task_queue=queue, workflows=[_Broken]):
        handle = await world.client.start_workflow(
            "Booking", id=f"booking/{queue}", task_queue=queue
        )

        async def lines() -> list[str]:
            said: list[str] = []
            await stuck(stack, said.append)
            return [line for line in said if line.startswith(handle.id)]

        [line] = await world.until(lines, bool)
        assert line.endswith(": a bug in a release")
        await handle.terminate()


async def _start_of(world: World, booking_id: str) -> str:
    booking = await world.booking(booking_id).query("booking")
    return str(booking["preferred_starts"][0])


def _place(path: tuple[str, ...]) -> str:
    """What a payload is, by the names above it."""
    named = [name for name in path if name not in {"[]", "payloads"}]
    return named[-2] if "indexedFields" in named else named[-1]


def _payloads(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    """Where a history has payloads, and how each of them is encoded."""
    match value:
        case {"metadata": {"encoding": str(encoding)}}:
            return [(path, encoding)]
        case dict():
            return [found for key, each in value.items() for found in _payloads(each, (*path, key))]
        case list():
            return [found for each in value for found in _payloads(each, (*path, "[]"))]
        case _:
            return []
