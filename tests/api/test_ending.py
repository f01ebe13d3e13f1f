"""What becomes of requests when the process ends before they are answered."""

from __future__ import annotations

import asyncio
import json

from starlette.types import Message, Receive, Scope, Send

from api.telemetry import Metrics, Telemetry


async def test_a_request_that_the_process_does_not_wait_for_may_be_sent_again() -> None:
    begun = asyncio.Event()
    sent: list[Message] = []

    async def takes_too_long(_scope: Scope, _receive: Receive, _send: Send) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/topics", "headers": []}
    request = asyncio.create_task(
        Telemetry(takes_too_long, metrics=Metrics())(scope, receive, send)
    )
    await begun.wait()
    # As the web server does with what is left when the time for ending is over.
    request.cancel()
    await request
    start, body = sent
    assert start["status"] == 503
    assert b"retry-after" in dict(start["headers"])
    assert json.loads(body["body"])["code"] == "unavailable"
