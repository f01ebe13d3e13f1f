"""Requests that are safe to repeat: the same key is answered the same, and acts once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.requests import Request
from starlette.responses import JSONResponse

from api.body import Json
from api.problems import MEDIA_TYPE, ProblemError, malformed_field, refused, refused_with
from db.ids import new_id
from db.stores.idempotency import Claim, Claimed, claim, finish
from domain.party import Party
from domain.refusal import Code, Refusal

KEY_PATTERN = "^[ -~]{1,255}$"
"""What an `Idempotency-Key` may be: printable ASCII."""

_KEY = re.compile(KEY_PATTERN, re.ASCII)
_MADE = frozenset({201, 202})
_SETTLED = frozenset({200, 201, 403, 409})
"""Answers that are given again. 202 is asked anew, and an error may be over by the next time."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A status and a JSON document, in a form that can be kept."""

    status: int
    body: Json

    @classmethod
    def refused(cls, refusal: Refusal) -> Answered:
        """A refusal by the rules, as an answer."""
        problem = refused(refusal)
        return cls(status=problem.status, body=problem.document)

    @property
    def response(self) -> JSONResponse:
        """The answer as it goes out."""
        problem = self.status >= 400  # noqa: PLR2004
        return JSONResponse(
            self.body, self.status, media_type=MEDIA_TYPE if problem else "application/json"
        )

    def made_in(self, collection: str) -> JSONResponse:
        """The answer to a creation as it goes out: it says where what is made lies, or will lie."""
        response = self.response
        if self.status in _MADE:
            response.headers["Location"] = f"{collection}/{self.body['id']}"
        return response


Effect = Callable[[AsyncConnection, str], Awaitable[Answered]]
"""What a write does in the transaction of its key; the text is an id put by for what it makes."""


@dataclass(frozen=True, kw_only=True)
class Write:
    """A request that changes something: whose, by which key, and what tells it from another.

    Without a key every request is one of its own.
    """

    owner: Party
    key: str | None
    fingerprint: str

    @classmethod
    def of(cls, request: Request, caller: Party, body: Json) -> Write:
        """The write that a request is. Raises the problem 422 for a key that cannot be one."""
        content = json.dumps(body, sort_keys=True, separators=(",", ":"))
        told = f"{request.method} {request.url.path}\n{content}"
        return cls(
            owner=caller,
            key=read_key(request),
            fingerprint=hashlib.sha256(told.encode()).hexdigest(),
        )

    async def claimed(self, conn: AsyncConnection, subject_id: str) -> Claimed:
        """Claims the key in the transaction of `conn`; another request's key is refused."""
        if self.key is None:
            return Claimed(claim=Claim.NEW, subject_id=subject_id)
        found = await claim(
            conn,
            owner=self.owner,
            key=self.key,
            fingerprint=self.fingerprint,
            subject_id=subject_id,
        )
        if found.claim is Claim.REUSED:
            raise refused_with(Code.KEY_REUSED)
        return found

    async def keep(self, conn: AsyncConnection, answered: Answered) -> None:
        """Keeps an answer that stays the same, in the transaction of `conn`."""
        if self.key is not None and answered.status in _SETTLED:
            await finish(
                conn,
                owner=self.owner,
                key=self.key,
                status=answered.status,
                body=answered.body,
            )


def read_key(request: Request) -> str | None:
    """The `Idempotency-Key` of a request. Raises the problem 422 for one that cannot be used."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise malformed_field("Idempotency-Key", "must be 1 to 255 printable ASCII characters")
    return key


def kept_answer(found: Claimed) -> Answered | None:
    """The answer that this very request was given before."""
    if found.status is None:
        return None
    return Answered(status=found.status, body=found.body)


async def written_once(
    engine: AsyncEngine,
    write: Write,
    effect: Effect,
) -> Answered:
    """Carries out a write that concerns the database alone, in one transaction with its key.

    `effect` gets the connection and an id put by for what it may create. It must refuse before it
    writes: a refusal is kept as the answer.
    """
    async with engine.begin() as conn:
        found = await write.claimed(conn, new_id())
        answered = kept_answer(found)
        if answered is None:
            answered = await refusal_as_answer(effect(conn, found.subject_id))
            await write.keep(conn, answered)
    return answered


async def refusal_as_answer(work: Awaitable[Answered]) -> Answered:
    """What something answers, a refusal by the rules being an answer too. Other problems raise."""
    try:
        return await work
    except ProblemError as problem:
        if problem.status not in _SETTLED:
            raise
        return Answered(status=problem.status, body=problem.document)
