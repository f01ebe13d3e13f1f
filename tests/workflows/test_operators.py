"""What operators are told in a terminal: repairs, stories, what is stuck, and what might be."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.recording import RECORD_BOOKING
from db.engine import create_engine
from db.ids import new_id
from db.schema import bookings
from db.stores.webhooks import delete_webhook
from domain.party import Party, Role
from domain.policy import Policy
from ops import OperatorError
from ops.connections import Stack
from ops.explain import explain
from ops.repair import repair
from ops.stuck import MANY_ATTEMPTS, stuck
from ops.what_if import read_policy, replay
from tests.conftest import settings_for
from tests.db.endpoints import endpoint
from tests.workflows.command_line import CommandLine
from tests.workflows.test_broken_database import _has_turned_patient, _without_timelines
from tests.workflows.world import World, in_days
from worker import build_worker
from workflows.payloads import NOTHING


async def test_repair_says_what_differs_and_what_was_mended(world: World, stack: Stack) -> None:
    booking_id = (await world.request()).booking_id
    said: list[str] = []

    async def run(*, apply: bool = False, as_json: bool = False) -> bool:
        said.clear()
        return await repair(
            stack, said.append, apply=apply, as_json=as_json, booking=booking_id, pause=0.1
        )

    assert await run()
    assert said == ["1 compared: nothing differs."]
    async with world.engine.begin() as conn:
        row = update(bookings).where(bookings.c.id == booking_id)
        await conn.execute(row.values(client_id="somebody-else"))
    assert not await run()
    assert said == [
        f"booking {booking_id}: bookings: of the booking, client_id is somebody-else, not client-1",
        "1 compared: 1 differ, 0 mended, 0 could not be asked.",
    ]
    assert not await run(as_json=True)
    assert [json.loads(line).get("id") for line in said] == [booking_id, None]
    assert await run(apply=True)
    assert said[0].startswith(f"booking {booking_id}: MENDED bookings: ")
    assert await run()


async def test_a_booking_is_explained(world: World, stack: Stack) -> None:
    booking = await world.confirmed(in_days(3))
    handle = world.booking(booking.booking_id)
    await world.signal(handle, "decline", reason="Too late.")
    by = {"role": "client", "id": "client-1"}
    await world.update(handle, "ask-cancel", reason="Ill.")
    said: list[str] = []
    assert await explain(world.engine, booking.booking_id, said.append)
    assert said[0].endswith(": confirmed")
    assert said[2].startswith("Now: it waits for the client, who is asked to cancel; by itself,")
    await world.update(handle, "cancel", reason="They asked.", by=by)
    standing = world.standing(booking.provider_id)
    await world.until_standing(standing, lambda it: it["late_cancellations"] == 1)

    said.clear()
    assert await explain(world.engine, booking.booking_id, said.append)
    story = "\n".join(said)
    assert "waits for nothing" in story
    assert "client client-1: cancel. Cancelled. The provider initiated it" in story
    assert "REFUSED not-pending:" in story
    assert "is late: late." in story
    assert "In their words: They asked." in story
    assert f"{booking.booking_id}-cancellation: counts" in story
    assert "client client-1: booking.cancelled by inbox: sent" in story
    assert not await explain(world.engine, "nothing", said.append)


@workflow.defn(name="Booking", sandboxed=False)
class _Broken:
    """A booking whose code has a bug."""

    @workflow.run
    async def run(self, given: RawValue = NOTHING) -> None:
        """Fail every task."""
        raise RuntimeError("a bug in a release")


async def test_a_workflow_whose_task_fails_is_stuck(world: World, stack: Stack) -> None:
    queue = f"broken-{new_id()}"
    async with Worker(world.client, task_queue=queue, workflows=[_Broken]):
        handle = await world.client.start_workflow(
            "Booking", id=f"booking/{queue}", task_queue=queue
        )
        said: list[str] = []

        async def run() -> list[str]:
            said.clear()
            await stuck(stack, said.append)
            return [line for line in said if line.startswith(handle.id)]

        [line] = await world.until(run, bool)
        assert "its task was tried" in line
        assert "workflow worker unhandled failure: a bug in a release" in line
        await handle.terminate()
    assert await world.until(run, lambda found: not found) == []


async def test_a_workflow_that_no_worker_takes_is_stuck(
    world: World, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As all of them are where a build was rolled out, and never made the current one."""
    queue = f"nobody-{new_id()}"
    handle = await world.client.start_workflow("Booking", id=f"booking/{queue}", task_queue=queue)

    async def lines() -> list[str]:
        said: list[str] = []
        await stuck(stack, said.append)
        return [line for line in said if line.startswith(handle.id)]

    assert await lines() == []
    monkeypatch.setattr("ops.stuck.WAITS_TOO_LONG", timedelta(0))
    [line] = await world.until(lines, bool)
    assert "no worker has taken its task since" in line
    await handle.terminate()


async def test_an_activity_that_was_paused_is_stuck(world: World, stack: Stack) -> None:
    start = in_days(3)
    handle = world.booking((await world.request(start)).booking_id)
    async with _without_timelines(world):
        await world.signal(handle, "confirm", start=start)

        async def recording() -> list[str]:
            pending = (await handle.describe()).raw_description.pending_activities
            return [
                each.activity_id for each in pending if each.activity_type.name == RECORD_BOOKING
            ]

        [activity_id] = await world.until(recording, bool)
        which = ("--workflow-id", handle.id, "--activity-id", activity_id)
        command_line = CommandLine(world=world)
        await command_line.run("activity", "pause", *which, "--reason", "To look at it.")
        said: list[str] = []
        await stuck(stack, said.append)
    assert f"{handle.id}: record-booking was paused by hand, and is to be unpaused" in said
    await command_line.run("activity", "unpause", *which)
    await world.until(
        lambda: world.state(handle.id.removeprefix("booking/")),
        lambda it: it["state"] == "confirmed",
    )


async def test_an_activity_that_fails_again_and_again_is_stuck(world: World, stack: Stack) -> None:
    start = in_days(3)
    handle = world.booking((await world.request(start)).booking_id)
    async with _without_timelines(world):
        await world.signal(handle, "confirm", start=start)
        await _has_turned_patient(world, handle)

        async def run() -> list[dict[str, Any]]:
            said: list[str] = []
            all_get_on = await stuck(stack, said.append, as_json=True)
            # What does not arrive is told too, and is nothing that is stuck.
            found = [each for each in map(json.loads, said) if "workflow_id" in each]
            assert all_get_on is not bool(found)
            return [each for each in found if each["workflow_id"] == handle.id]

        [found] = await world.until(run, bool)
        assert found["reason"].startswith("record-booking was tried ")
        assert "decisions" in found["reason"]


async def test_what_an_endpoint_does_not_take_is_one_line_for_all_bookings(
    world: World, stack: Stack
) -> None:
    provider = await world.provider_with_topic()
    owner = Party(role=Role.PROVIDER, id=provider[0])
    url = "https://127.0.0.1/a-key"
    webhook_id = await endpoint(world.engine, "booking.requested", owner=owner, url=url)
    asked = [await world.request(in_days(days), provider=provider) for days in (30, 31)]
    theirs = tuple(f"booking/{each.booking_id}:" for each in asked)

    async def run() -> list[str]:
        said: list[str] = []
        await stuck(stack, said.append)
        assert not [line for line in said if line.startswith(theirs)]
        return [line for line in said if webhook_id in line]

    [line] = await world.until(run, lambda found: "2 notices" in "".join(found))
    assert line.startswith(f"webhook {webhook_id} of {owner} at 127.0.0.1: 2 notices are still")
    attempts = re.search(r"after up to (\d+) attempts\. The last, of booking/", line)
    assert attempts is not None
    # Of the first there may have been more by the time that the second has had as many.
    assert int(attempts[1]) >= MANY_ATTEMPTS
    assert "a-key" not in line
    async with world.engine.begin() as conn:
        await delete_webhook(conn, webhook_id, now=in_days(0))
    assert await run() == []


async def _proposed(world: World, provider: tuple[str, str], days: int) -> str:
    """A booking of which the provider proposed another date, so many days ahead."""
    booking = await world.confirmed(in_days(days), provider=provider)
    propose = {"starts": [in_days(days + 20)], "reason": "A trip."}
    await world.update(world.booking(booking.booking_id), "propose-reschedule", **propose)
    return booking.booking_id


@pytest.fixture
async def alone(world: World, database: str, temporal: WorkflowEnvironment) -> AsyncIterator[World]:
    """A marketplace with nobody in it yet: what concerns everybody there is soon done."""
    queue = f"alone-{new_id()}"
    settings = settings_for(database, temporal).model_copy(update={"task_queue": queue})
    engine = create_engine(database, pool_size=5)
    async with build_worker(world.client, engine, settings):
        yield replace(world, engine=engine, task_queue=queue)
    await engine.dispose()


async def test_a_draft_policy_is_tried_on_what_is_on_record(alone: World, tmp_path: Path) -> None:
    world = alone
    provider = provider_id, _ = await world.provider_with_topic()
    # One is late by the rules, two are not, and would be within ten days.
    first, *others = [await _proposed(world, provider, days) for days in (3, 7, 8)]
    standing = world.standing(provider_id)
    await world.until_standing(standing, lambda it: it["late_reschedules"] == 1)

    async def run(file: Path, **options: Any) -> list[str]:
        said: list[str] = []
        await replay(world.engine, file, said.append, now=in_days(1), **options)
        return said

    same = tmp_path / "same.toml"
    same.write_text("")
    assert not [line for line in await run(same) if line.startswith(f"provider {provider_id}")]

    draft = tmp_path / "wider.toml"
    draft.write_text('late_within = "P10D"\n')
    said = await run(draft)
    at = said.index(
        f"provider {provider_id}: gains a warning; gains a case; would be case-open, and is warned"
    )
    why = said[at + 1 : at + 4]
    assert all(any(other in line for line in why) for other in others)
    assert not any(first in line for line in why)
    assert "Under the draft 0 late cancellations and 3 late reschedules count today" in why[2]
    assert any("Nothing was changed." in line for line in said)

    changes = [json.loads(line) for line in await run(draft, as_json=True)]
    [change] = [each for each in changes if each.get("provider_id") == provider_id]
    assert change["recorded"] == {"warnings": 1, "cases": 0, "suspensions": 0}
    assert change["under_draft"] == {"warnings": 2, "cases": 1, "suspensions": 0}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("allowed = 'many'", "allowed: "),
        ("alowed = 3", "has no alowed"),
        ("allowed = -1", "allowed: must not"),
        ('window = "-P1D"', "window: must not"),
        ('proof_within = "P999999999D"', "proof_within: must not"),
        ('reminders_before_start = ["PT1H", "-PT1H"]', "reminders_before_start: must not"),
    ],
)
def test_a_draft_that_cannot_be_a_policy_is_not_tried(
    tmp_path: Path, text: str, complaint: str
) -> None:
    draft = tmp_path / "draft.toml"
    draft.write_text(text)
    with pytest.raises(OperatorError, match=complaint):
        read_policy(draft)
    draft.write_text("allowed = 0\nwindow = 86400\ncombined = true\n")
    assert read_policy(draft) == Policy(
        name="draft", allowed=0, window=timedelta(days=1), combined=True
    )
