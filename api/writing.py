"""Answering a request that changes what is the database's alone: once, however often it is sent."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import JSONResponse

from api.body import Json
from api.idempotency import Effect, Write, written_once
from api.services import Services
from domain.party import Party


async def answer_once(
    request: Request,
    caller: Party,
    parts: Services,
    body: Json,
    effect: Effect,
    *,
    makes_in: str | None = None,
) -> JSONResponse:
    """Carries out `effect` as `written_once` does, and answers what came of it.

    `makes_in` is the path below which lies what is made, if each of it has a path of its own.

    The same request by the same key is answered the same. Raises the problem 422 for a key that
    cannot be one, 409 for another request's.
    """
    write = Write.of(request, caller, body)
    answered = await written_once(parts.engine, write, effect)
    return answered.response if makes_in is None else answered.made_in(makes_in)
