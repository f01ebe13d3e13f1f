"""Plays whole lives on servers of its own and keeps their histories: `make histories`.

The stored histories are what live bookings look like to a new worker. A change that cannot replay
them would stick every booking that is under way.

They lie in `histories/<version>/`, by the version of the project that recorded them. Recording
replaces those of the version in the making alone: what a released version has recorded is what may
still be running somewhere, and stays until no booking of that version can be left.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import tempfile
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, WorkflowRunner

from config import Settings
from db.engine import create_engine
from db.migrate import upgrade
from dev.postgres import Postgres
from dev.temporal import temporal_command
from domain.notices.ledger import Channel
from tests.workflows.lives import LIVES, name_of
from tests.workflows.lives_of_notices import OUTLET
from tests.workflows.sources import ROOT, fingerprints
from tests.workflows.world import Handle, World
from worker import RUNNER, WORKFLOWS, build_worker
from workflows.guard import Guard
from workflows.payloads import data_converter
from workflows.search_attributes import register

HISTORIES = Path(__file__).with_name("histories")
SOURCES = "sources.json"
"""The fingerprints of what runs inside workflows, at the time of the recording."""

IDENTITY = "keepdate"
"""The client's own would name this process and this machine."""

log = logging.getLogger(__name__)


def version_in_the_making() -> str:
    """The version that the next release will have. Raises SystemExit if it is out already."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version: str = tomllib.loads(text)["project"]["version"]
    if f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        raise SystemExit(
            f"{version} is released, and what it recorded stays as it is:"
            " raise the version in pyproject.toml first"
        )
    return version


@asynccontextmanager
async def a_world() -> AsyncIterator[World]:
    """Servers and a worker that end with it."""
    directory = Path(tempfile.mkdtemp(prefix="keepdate-"))
    try:
        with Postgres(directory / "pg", durable=False) as postgres:
            postgres.ensure_database("keepdate")
            url = postgres.url("keepdate")
            upgrade(url)
            async with await WorkflowEnvironment.start_time_skipping_v2(
                dev_server_existing_path=temporal_command(),
                dev_server_extra_args=[
                    "--dynamic-config-value",
                    "frontend.WorkflowTimeSkippingEnabled=true",
                ],
                dev_server_log_level="error",
                identity=IDENTITY,
            ) as temporal:
                service = temporal.client.service_client
                client = await Client.connect(
                    service.config.target_host, identity=IDENTITY, data_converter=data_converter
                )
                await register(client)
                engine = create_engine(url)
                # Nobody connects to it: who has an address in these lives is sent to an outlet.
                settings = Settings(
                    database_url=url,
                    smtp_url="smtp://mail.invalid",
                    mail_from="keepdate@example.org",
                )
                outlets = {Channel.EMAIL: OUTLET}
                async with build_worker(client, engine, settings, outlets=outlets):
                    yield World(
                        temporal=temporal,
                        client=client,
                        engine=engine,
                        task_queue=settings.task_queue,
                    )
                await engine.dispose()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def replayer(*workflows: type, runner: WorkflowRunner = RUNNER) -> Replayer:
    """Configured as the worker is; left out, with the workflows that it has."""
    return Replayer(
        workflows=workflows or WORKFLOWS,
        interceptors=[Guard()],
        workflow_runner=runner,
        data_converter=data_converter,
    )


async def keep(client: Client, directory: Path, name: str, handle: Handle) -> None:
    """Write down every history of a workflow, the newest one first found: `name-1`, `name-2`…

    Raises `NondeterminismError` for one that its own code cannot replay. These lives are asked
    often how far they are, and where a machine is overloaded an answer can fall into the end of a
    recording: see `test_queries_meanwhile`. Then record again.
    """
    run_id, found, replays = (await handle.describe()).run_id, [], replayer()
    while run_id:
        history = await client.get_workflow_handle(handle.id, run_id=run_id).fetch_history()
        await replays.replay_workflow(history)
        found.append(history)
        started = history.events[0].workflow_execution_started_event_attributes
        run_id = started.continued_execution_run_id
    for number, history in enumerate(reversed(found), start=1):
        kept = {"workflow_id": history.workflow_id, **_neutral(json.loads(history.to_json()))}
        path = directory / f"{name}-{number}.json"
        path.write_text(json.dumps(kept, separators=(",", ":")) + "\n", encoding="utf-8")
        ended = EventType.Name(history.events[-1].event_type).removeprefix("EVENT_TYPE_")
        log.info("%s: %d events, %s", path.name, len(history.events), ended)


def _neutral(value: Any) -> Any:
    """Without the stack traces of failed attempts, which name the files of this machine."""
    match value:
        case dict():
            return {key: _neutral(each) for key, each in value.items() if key != "stackTrace"}
        case list():
            return [_neutral(each) for each in value]
        case _:
            return value


async def main() -> None:
    """Record every life anew, under the version in the making."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    directory, sources = HISTORIES / version_in_the_making(), fingerprints(WORKFLOWS)
    async with a_world() as world:
        handles = await asyncio.gather(*(life(world) for life in LIVES))
        with tempfile.TemporaryDirectory(dir=HISTORIES) as name:
            kept = Path(name)
            for life, handle in zip(LIVES, handles, strict=True):
                await keep(world.client, kept, name_of(life), handle)
            (kept / SOURCES).write_text(json.dumps(sources, indent=1) + "\n", encoding="utf-8")
            # All of them or none: those of before stay where one cannot be replayed.
            shutil.rmtree(directory, ignore_errors=True)
            shutil.copytree(kept, directory)


if __name__ == "__main__":
    asyncio.run(main())
