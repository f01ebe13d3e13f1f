"""A stream as an HTTP response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.connections import hung_up
from api.live.hub import Hub
from api.live.stream import stream
from api.problems import ProblemError
from domain.party import Party

_SEND_SECONDS = 20
_AGAIN_AFTER_SECONDS = 30


def live_response(
    request: Request,
    hub: Hub,
    viewer: Party,
    *,
    named: bool = True,
    session: str | None = None,
) -> Response:
    """What concerns a person, from now on or from where the request says.

    `Last-Event-ID` says so, which browsers send by themselves when they connect again, or else
    `after` in the address. It ends with the `session` of the portal that asks for it. Raises the
    problem 429 for somebody who has too many streams open.
    """
    if hub.is_full(viewer):
        raise ProblemError(
            429,
            "too-many-streams",
            "Close another stream first: this caller has as many open as one can have.",
            headers={"Retry-After": str(_AGAIN_AFTER_SECONDS)},
        )
    place = request.headers.get("last-event-id") or request.query_params.get("after")
    return LiveResponse(stream(hub, viewer, place, named=named, session=session))


class LiveResponse(Response):
    """Sends events as they come, and ends when they do or when nobody takes them any more."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncGenerator[bytes]) -> None:
        super().__init__(
            headers={
                "Cache-Control": "no-store",
                # Proxies would otherwise collect what is to be seen at once.
                "X-Accel-Buffering": "no",
            }
        )
        del self.headers["content-length"]
        self._frames = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send(send))
            leaving = group.create_task(_disconnected(receive))
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if sending.done() and not sending.result() and hung_up(scope):
                # An answer that ends short is a bug to the server, unless its reader has left.
                await leaving
            sending.cancel()
            leaving.cancel()

    async def _send(self, send: Send) -> bool:
        """Whether all of it was taken."""

        async def pass_on(message: Message) -> None:
            # Who takes nothing for so long comes back and is told the rest, or does not.
            async with asyncio.timeout(_SEND_SECONDS):
                await send(message)

        async with aclosing(self._frames) as frames:
            try:
                await pass_on(
                    {
                        "type": "http.response.start",
                        "status": self.status_code,
                        "headers": self.raw_headers,
                    }
                )
                async for chunk in frames:
                    await pass_on({"type": "http.response.body", "body": chunk, "more_body": True})
                await pass_on({"type": "http.response.body", "body": b"", "more_body": False})
            except TimeoutError:
                # A computer that fell asleep is no failure of ours.
                return False
        return True


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
