"""Answering a request that changes what is the database's alone: once, however often it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse

from api.body import Json
from api.idempotency import Answered, Write, written_once
from api.services import Services
from domain.party import Party


async def answer_once(
    request: Request,
    caller: Party,
    parts: Services,
    body: Json,
    effect: Callable[[AsyncConnection, str], Awaitable[Answered]],
) -> JSONResponse:
    """Carries out `effect` as `written_once` does, and answers what came of it.

    The same request by the same key is answered the same. Raises the problem 422 for a key that
    cannot be one, 409 for another request's.
    """
    write = Write.of(request, caller, body)
    return (await written_once(parts.engine, write, effect)).response
