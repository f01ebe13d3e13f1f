"""The worker: where the workflows, the activities and what they need are put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.runtime import Runtime
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities.delivering import Courier, Outlet, delivery_queue
from activities.mailing import MailOutlet, MailServer, letterhead
from activities.posting import Poster
from activities.record_comparer import RecordComparer
from activities.recording import Recorder
from activities.reporting import LateEventReporter
from activities.unrecorded import Unrecorded
from activities.webhooks import WebhookOutlet
from config import Settings
from config_temporal import temporal_connection
from config_values import server_at
from db.engine import create_engine
from domain.notices.ledger import Channel
from telemetry import traces
from telemetry.correlation import NamesRequests, RemembersRequests
from telemetry.measuring import measured_runtime
from workflows.booking import BookingWorkflow
from workflows.comparison import ComparisonWorkflow
from workflows.comparison import schedule as schedule_comparison
from workflows.delivery import DeliveryWorkflow
from workflows.encryption import converter
from workflows.guard import Guard
from workflows.measures import LATENESS, LATENESS_BUCKETS
from workflows.provider_standing import ProviderStandingWorkflow
from workflows.runner import LeanRunner
from workflows.search_attributes import register
from workflows.sweep import SweepWorkflow
from workflows.sweep import schedule as schedule_sweep

log = logging.getLogger("keepdate.worker")

T = TypeVar("T")

_CONNECTIONS = 20
"""So many decisions are written down at the same time; the rest wait for a connection."""

_DELIVERIES = 25
"""So many notices are on their way at the same time. The rest wait with Temporal, where waiting
costs nothing; here they would take turns with the decisions, until all were too late."""

_RETRY_SECONDS = 1.0

LETS_GO_SECONDS = 5.0
"""How much longer than for what was begun a worker is waited for, once it is to end."""

RUNNER = LeanRunner()
"""Where workflows run. The SDK's sandbox, which loads a workflow's module anew for each workflow,
costs a third of all that a worker computes. Lint keeps clocks and randomness out of `domain` and
`workflows` instead, and the tests replay every stored history in the sandbox."""

WORKFLOWS: tuple[type, ...] = (
    BookingWorkflow,
    ComparisonWorkflow,
    DeliveryWorkflow,
    ProviderStandingWorkflow,
    SweepWorkflow,
)


class NotEndedError(Exception):
    """A worker was asked to stop, and goes on; the message says for how long it was waited for."""


class Failure:
    """Why a part of a worker can serve no longer, as soon as that is known."""

    def __init__(self) -> None:
        self._first: asyncio.Future[BaseException] = asyncio.Future()

    async def tell(self, error: BaseException) -> None:
        """A part has failed."""
        if not self._first.done():
            self._first.set_result(error)

    async def wait(self) -> BaseException:
        """The error of the first part that fails; waits until one does."""
        return await asyncio.shield(self._first)


class Workers:
    """The two parts of a worker, which begin and end together: decisions, and deliveries."""

    def __init__(self, *parts: Worker, failure: Failure) -> None:
        self._parts = parts
        self.failure = failure

    async def run(self) -> None:
        """Serve until shut down. Raises what the first part says that can serve no longer."""
        try:
            async with asyncio.TaskGroup() as group:
                for part in self._parts:
                    group.create_task(part.run())
        except ExceptionGroup as failed:
            # By itself: the log tells an error and its causes, and not what is in a group.
            first = failed.exceptions[0]
            raise first from first.__cause__

    async def shutdown(self) -> None:
        """Finish what was begun, and end."""
        await asyncio.gather(*(part.shutdown() for part in self._parts))

    async def __aenter__(self) -> Workers:
        """Serve for as long as the block lasts."""
        self._exits = AsyncExitStack()
        for part in self._parts:
            await self._exits.enter_async_context(part)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Finish what was begun."""
        await self._exits.aclose()


def build_worker(
    client: Client,
    engine: AsyncEngine,
    settings: Settings,
    *,
    workflows: Sequence[type] = WORKFLOWS,
    outlets: Mapping[Channel, Outlet] | None = None,
    unrecorded: Unrecorded | None = None,
) -> Workers:
    """A worker that has everything it needs, and has not started.

    `outlets` are the ways out to people and services; left out, those that the settings name.
    `unrecorded` learns what has been decided and could not be written down yet.
    """
    recorder = Recorder(engine, mail=settings.smtp_url is not None, unrecorded=unrecorded)
    reporter = LateEventReporter(client, settings.task_queue)
    courier = Courier(engine, _outlets(engine, settings) if outlets is None else outlets)
    comparer = RecordComparer(client, engine, settings.task_queue)
    failure = Failure()
    decisions = Worker(
        client,
        task_queue=settings.task_queue,
        workflows=workflows,
        activities=[
            recorder.record_booking,
            recorder.record_standing,
            recorder.load_standing,
            recorder.recall_late_events,
            reporter.report_late_event,
            comparer.compare_records,
            comparer.sweep_ledger,
        ],
        interceptors=[Guard(), RemembersRequests()],
        workflow_runner=RUNNER,
        max_cached_workflows=settings.max_cached_workflows,
        graceful_shutdown_timeout=timedelta(seconds=settings.graceful_shutdown_seconds),
        deployment_config=_deployment(settings),
        on_fatal_error=failure.tell,
    )
    deliveries = Worker(
        client,
        task_queue=delivery_queue(settings.task_queue),
        activities=[courier.deliver],
        interceptors=[RemembersRequests()],
        max_concurrent_activities=_DELIVERIES,
        graceful_shutdown_timeout=timedelta(seconds=settings.graceful_shutdown_seconds),
        deployment_config=_deployment(settings),
        on_fatal_error=failure.tell,
    )
    return Workers(decisions, deliveries, failure=failure)


def _outlets(engine: AsyncEngine, settings: Settings) -> dict[Channel, Outlet]:
    """The channels that this worker delivers by, besides the inbox."""
    mail = settings.smtp_url is not None
    webhook = WebhookOutlet(engine, Poster(settings.webhook_reach), mail=mail)
    outlets: dict[Channel, Outlet] = {Channel.WEBHOOK: webhook}
    if settings.smtp_url is not None and settings.mail_from is not None:
        head = letterhead(
            settings.mail_from, reply_to=settings.mail_reply_to, portal=settings.public_origin
        )
        outlets[Channel.EMAIL] = MailOutlet(engine, MailServer.of(settings.smtp_url), head)
    return outlets


def _deployment(settings: Settings) -> WorkerDeploymentConfig:
    """Which build this worker is: named always, or the SDK hashes every loaded module to find one.

    Bookings live for weeks, across many builds: each moves to the current build with its next task.
    """
    build = settings.deployment_build_id
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(settings.deployment_name, build or _release()),
        use_worker_versioning=build is not None,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE
        if build is not None
        else VersioningBehavior.UNSPECIFIED,
    )


def _release() -> str:
    try:
        return version("keepdate")
    except PackageNotFoundError:
        return "unpackaged"


async def run_worker(settings: Settings, stop: asyncio.Event) -> None:
    """Serve workflows and activities until told to stop, then finish what was begun.

    Waits for Temporal if it is not there yet, and for no longer than until it is told to stop.
    Raises `AttributeClashError` where the server knows one of the search attributes by another
    type, `MetricsAddressError`, and `RPCError` where Temporal refuses what a worker needs. Raises
    what Temporal says where it serves no longer, and `NotEndedError` where it does not end when it
    is to; what does not end is left behind.
    """
    metrics = server_at(settings.metrics_host, settings.metrics_port)
    runtime = measured_runtime(metrics, {LATENESS: LATENESS_BUCKETS})
    async with _database(settings) as engine:
        client = await _unless_told(stop, _prepared(settings, runtime))
        if client is None:
            return
        unrecorded = Unrecorded()
        worker = build_worker(client, engine, settings, unrecorded=unrecorded)
        serving = asyncio.create_task(worker.run())
        measuring = asyncio.create_task(unrecorded.show(runtime.metric_meter))
        stopping = asyncio.create_task(stop.wait())
        failing = asyncio.create_task(worker.failure.wait())
        log.info("worker serves task queue %s", settings.task_queue)
        await asyncio.wait({serving, stopping, failing}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        ending = {serving}
        if not failing.done():
            ending.add(asyncio.create_task(worker.shutdown()))
        # The SDK lets go of what has failed, or is to end, and may never have done so.
        patience = settings.graceful_shutdown_seconds + LETS_GO_SECONDS
        await asyncio.wait(ending, timeout=patience)
        if failing.done():
            raise failing.result() from failing.result().__cause__
        if not serving.done():
            raise NotEndedError(f"asked to stop, the worker has not ended in {patience:g} seconds")
        failing.cancel()
        measuring.cancel()
        await serving


async def _unless_told(stop: asyncio.Event, preparing: Coroutine[Any, Any, T]) -> T | None:
    """What comes of a preparation; nothing, where it is not done when we are told to stop."""
    prepared, stopping = asyncio.create_task(preparing), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({prepared, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return prepared.result() if prepared.done() else None
    finally:
        prepared.cancel()
        stopping.cancel()


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(
        settings.require_database_url(),
        pool_size=_CONNECTIONS,
        application_name="keepdate-worker",
    )
    traces.follow_statements(engine)
    try:
        yield engine
    finally:
        await engine.dispose()


async def _prepared(settings: Settings, runtime: Runtime) -> Client:
    """A Temporal that knows what workflows need of it."""
    client = await _connect(settings, runtime)
    await register(client)
    await schedule_comparison(client, settings.task_queue)
    await schedule_sweep(client, settings.task_queue)
    return client


async def _connect(settings: Settings, runtime: Runtime) -> Client:
    while True:
        try:
            return await Client.connect(
                **temporal_connection(settings),
                data_converter=converter(settings.codec_keyring),
                runtime=runtime,
                interceptors=[NamesRequests()],
                plugins=traces.plugins(),
            )
        except RuntimeError as error:
            log.warning("Temporal is not there yet: %s", error)
            await asyncio.sleep(_RETRY_SECONDS)
