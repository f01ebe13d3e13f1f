"""What the demo plays on: people who call the API, and the clock of one workflow at a time."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper

from config import Settings
from dev.address import address_of
from dev.tokens import development_token
from domain.party import Party, Role

Json = dict[str, Any]

_PATIENCE_SECONDS = 30
"""How long a result may take to be seen. It takes an instant, unless the machine is very busy."""

_TOKEN_LASTS = timedelta(hours=1)
_ANSWER_SECONDS = 15.0


class DemoError(Exception):
    """The demo cannot go on; the message is one line for the person at the terminal."""


class Person:
    """Somebody who calls the API with a token of their own."""

    def __init__(self, role: Role, name: str, http: httpx.AsyncClient) -> None:
        self.role = role
        self.id = name
        self._http = http

    async def get(self, path: str, **query: str) -> Json:
        """What the API shows this person."""
        return self._granted(await self._call("GET", path, params=query))

    async def post(self, path: str, body: Json) -> Json:
        """Does something. It may be taken and not carried out yet: wait for what it changes."""
        return self._granted(await self._call("POST", path, json=body))

    async def put(self, path: str, body: Json) -> Json:
        """Replaces something."""
        return self._granted(await self._call("PUT", path, json=body))

    async def refused(self, path: str, body: Json) -> Json:
        """The problem that an act of this person is refused with."""
        answer = await self._call("POST", path, json=body)
        if answer.is_success:
            raise DemoError(f"POST {path} was not refused: {answer.text}")
        problem: Json = answer.json()
        return problem

    async def until(self, path: str, reached: Callable[[Json], bool]) -> Json:
        """Waits until the API shows something, and returns it."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            answer = await self._call("GET", path)
            # 202 is a booking whose creation was taken, and is yet to be recorded.
            if answer.status_code != httpx.codes.ACCEPTED and reached(
                shown := self._granted(answer)
            ):
                return shown
            if time.monotonic() > deadline:
                raise DemoError(f"{path} did not change within {_PATIENCE_SECONDS} s")
            await asyncio.sleep(0.05)

    async def _call(self, method: str, path: str, **content: Any) -> httpx.Response:
        # A key of its own for each act, so that one whose answer is lost could be sent again.
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        try:
            return await self._http.request(method, path, headers=headers, **content)
        except httpx.TransportError as error:
            raise DemoError(f"the API does not answer ({error!r})") from error

    def _granted(self, answer: httpx.Response) -> Json:
        if not answer.is_success:
            request = answer.request
            raise DemoError(
                f"{request.method} {request.url.path} as {self.role} {self.id}:"
                f" {answer.status_code} {answer.text}"
            )
        found: Json = answer.json()
        return found


class Stage:
    """A running stack: its API, and the clocks of its workflows."""

    def __init__(self, settings: Settings, skipper: TimeSkipper, closing: AsyncExitStack) -> None:
        self._settings = settings
        self._skipper = skipper
        self._closing = closing
        # Nobody of an earlier run, so that the demo can be played again on the same stack.
        self._run = uuid.uuid4().hex[:6]

    async def person(self, role: Role, name: str) -> Person:
        """Somebody new, signed in."""
        return await self.known_person(role, f"{name}-{self._run}")

    async def known_person(self, role: Role, person_id: str) -> Person:
        """Somebody of this very id, signed in."""
        token = development_token(self._settings, Party(role=role, id=person_id), _TOKEN_LASTS)
        http = await self._closing.enter_async_context(
            httpx.AsyncClient(
                base_url=address_of(self._settings),
                headers={"Authorization": f"Bearer {token}"},
                timeout=_ANSWER_SECONDS,
            )
        )
        return Person(role, person_id, http)

    async def forward(self, workflow_id: str, until: datetime) -> None:
        """Moves the clock of one workflow forward; every deadline on the way is met."""
        handle = self._skipper.client.get_workflow_handle(workflow_id)
        try:
            now = await self._skipper.get_current_time(handle)
            await self._skipper.fast_forward(handle, until - now)
        except RPCError as error:
            raise DemoError(f"Temporal cannot move {workflow_id} forward: {error}") from error


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Stage]:
    """The stack that `keepdate up` runs on this machine. Raises DemoError if there is none."""
    if settings.environment == "production" or settings.shared_secret is None:
        raise DemoError("the demo needs a development stack, whose tokens it can sign")
    address = address_of(settings)
    async with AsyncExitStack() as closing:
        try:
            async with httpx.AsyncClient(base_url=address) as probe:
                ready = (await probe.get("/readyz")).is_success
            # By the port alone: what TEMPORAL_ADDRESS names may be somebody's real cluster.
            client = await Client.connect(f"127.0.0.1:{settings.temporal_port}")
        except (httpx.TransportError, RuntimeError):
            ready = False
        if not ready:
            raise DemoError(f"no stack answers at {address}: start one with `keepdate up`")
        yield Stage(settings, TimeSkipper(client), closing)
