"""What is broken on purpose: each fault lasts for a while, and then its object is whole again."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psycopg

from dev.trial import Trial
from drills.receivers import Receivers
from drills.town import Town

Fault = Callable[["Scene", float], Awaitable[None]]

_FROZEN_AT_LEAST = 30.0
"""Seconds: longer than anybody waits for an answer, which has been given up when it comes."""


@dataclass
class Scene:
    """The stack that is broken, and the people who go on all the while."""

    stack: Trial
    town: Town
    receivers: Receivers
    workers: list[str] = field(default_factory=list)

    @property
    def database(self) -> str:
        """The database as libpq knows it."""
        return self.stack.database_url.replace("postgresql+psycopg://", "postgresql://")

    async def killed(self, name: str, seconds: float) -> None:
        """A part dies at once, stays dead for a while, and comes back on the same data."""
        await asyncio.to_thread(self.stack.kill, name)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self.stack.again, name)

    async def frozen(self, name: str, seconds: float) -> None:
        """A part stands still for half a minute or longer, and goes on as if nothing had been."""
        process = self.stack.parts[name].process
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(max(seconds, _FROZEN_AT_LEAST))
        finally:
            process.send_signal(signal.SIGCONT)


async def kill_worker(scene: Scene, seconds: float) -> None:
    """kill -9 of a worker"""
    await scene.killed(scene.town.chance.choice(scene.workers), seconds)


async def kill_api(scene: Scene, seconds: float) -> None:
    """kill -9 of the API"""
    await scene.killed("api", seconds)


async def kill_temporal(scene: Scene, seconds: float) -> None:
    """kill -9 of the Temporal server"""
    await scene.killed("temporal", seconds)
    await asyncio.to_thread(scene.stack.until, scene.stack.temporal.is_ready)


async def kill_postgres(scene: Scene, seconds: float) -> None:
    """kill -9 of PostgreSQL"""
    await scene.killed("postgres", seconds)
    await asyncio.to_thread(scene.stack.until, scene.stack.postgres.is_ready)


async def freeze_worker(scene: Scene, seconds: float) -> None:
    """SIGSTOP of a worker"""
    await scene.frozen(scene.town.chance.choice(scene.workers), seconds)


async def freeze_temporal(scene: Scene, seconds: float) -> None:
    """SIGSTOP of the Temporal server"""
    await scene.frozen("temporal", seconds)


async def refuse_connections(scene: Scene, seconds: float) -> None:
    """PostgreSQL refuses connections, and has ended those that were open"""
    name = scene.database.partition("?")[0].rpartition("/")[2]
    other = scene.database.replace(f"/{name}?", "/postgres?")
    async with await psycopg.AsyncConnection.connect(other, autocommit=True) as conn:
        await conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            await asyncio.sleep(seconds)
        finally:
            await conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


async def lock_tables(scene: Scene, seconds: float) -> None:
    """slow SQL: somebody holds a lock on all bookings"""
    async with await psycopg.AsyncConnection.connect(scene.database) as conn:
        await conn.execute("LOCK TABLE bookings IN ACCESS EXCLUSIVE MODE")
        await asyncio.sleep(seconds)
        await conn.rollback()


async def send_twice(scene: Scene, seconds: float) -> None:
    """every request is sent twice, at the same time"""
    scene.town.twice = True
    try:
        await asyncio.sleep(seconds)
    finally:
        scene.town.twice = False


async def skew_api(scene: Scene, seconds: float) -> None:
    """the clock of the API is ten minutes ahead"""
    async with _another_api(scene, "600"):
        await asyncio.sleep(seconds)


async def lag_api(scene: Scene, seconds: float) -> None:
    """the clock of the API is ten minutes behind"""
    async with _another_api(scene, "-600"):
        await asyncio.sleep(seconds)


async def fill_receivers(scene: Scene, seconds: float) -> None:
    """the disks of the mail server and of the endpoint are full: 451 and 500"""
    scene.receivers.full = True
    try:
        await asyncio.sleep(seconds)
    finally:
        scene.receivers.full = False


async def mix_versions(scene: Scene, seconds: float) -> None:
    """a worker of another version serves beside ours"""
    name = "worker-other"
    scene.stack.run(name, "-m", "drills.other_version", settings=scene.receivers.settings)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(scene.stack.stop, name)


FAULTS: dict[str, Fault] = {
    "kill-worker": kill_worker,
    "kill-api": kill_api,
    "kill-temporal": kill_temporal,
    "kill-postgres": kill_postgres,
    "freeze-worker": freeze_worker,
    "freeze-temporal": freeze_temporal,
    "refuse-connections": refuse_connections,
    "slow-sql": lock_tables,
    "full-receivers": fill_receivers,
    "twice": send_twice,
    "clock-ahead": skew_api,
    "clock-behind": lag_api,
    "mixed-versions": mix_versions,
}
"""Every fault by its name."""


@asynccontextmanager
async def _another_api(scene: Scene, seconds_ahead: str) -> AsyncIterator[None]:
    """Another API takes the place of ours for a while."""
    stack = scene.stack
    await asyncio.to_thread(stack.stop, "api")
    stack.run(
        "api-off", "-m", "drills.skewed_api", seconds_ahead,
        settings={"HTTP_PORT": str(stack.http_port)},
    )  # fmt: skip
    try:
        yield
    finally:
        with contextlib.suppress(KeyError):
            await asyncio.to_thread(stack.stop, "api-off")
        stack.again("api")
