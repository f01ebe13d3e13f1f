"""What ours are compared with: workflows that do nothing, and bare ones that do as many steps.

`python -m bench.baseline ADDRESS` is their worker. It serves them twice: as the SDK does by
default, in its sandbox, and as our own worker does, outside of it. Both on the event loop of ours.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

with workflow.unsafe.imports_passed_through():
    import uvloop

    from dev.trial import Trial
    from worker import RUNNER

BY_DEFAULT = "baseline"
AS_OURS = "baseline-as-ours"
STEPS = ("request", "confirm", "cancel")
_LONG = timedelta(days=20)
_QUICK = timedelta(seconds=2)


@activity.defn
async def note(step: str) -> str:
    """Stands for a recording, and records nothing."""
    return step


@workflow.defn
class NoOp:
    """Begins, and has ended: what the server itself costs."""

    @workflow.run
    async def run(self) -> None:
        """Nothing."""


@workflow.defn
class Bare:
    """A lifecycle's durable steps: three local activities, two signals, and a timer before each."""

    def __init__(self) -> None:
        self._told: list[str] = []

    @workflow.signal
    def tell(self, command: str) -> None:
        """A command."""
        self._told.append(command)

    @workflow.run
    async def run(self) -> None:
        """Notes each step when it comes."""
        for number, step in enumerate(STEPS):
            if number:
                await workflow.wait_condition(lambda: bool(self._told), timeout=_LONG)
                self._told.pop()
            await workflow.execute_local_activity(note, step, start_to_close_timeout=_QUICK)


def start_worker(stack: Trial) -> None:
    """Starts the worker of these workflows, as a process beside ours."""
    stack.run("baseline", "-m", "bench.baseline", stack.temporal.address)
    stack.until(lambda: stack.temporal.has_worker(AS_OURS))


async def serve(address: str) -> None:
    """Serves them until told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = await Client.connect(address)
    async with (
        _worker(client, BY_DEFAULT, SandboxedWorkflowRunner()),
        _worker(client, AS_OURS, RUNNER),
    ):
        await stop.wait()


def _worker(client: Client, task_queue: str, runner: WorkflowRunner) -> Worker:
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[NoOp, Bare],
        activities=[note],
        workflow_runner=runner,
        deployment_config=WorkerDeploymentConfig(
            version=WorkerDeploymentVersion("baseline", "1"), use_worker_versioning=False
        ),
    )


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
