"""The one place where what went wrong becomes HTTP: problem documents by RFC 9457."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from api.gateway import field_errors
from api.outcomes import TemporalUnreachableError
from db import outages
from domain.refusal import MEANINGS, Code, FieldError, Refusal, refuse

MEDIA_TYPE = "application/problem+json"

PROBLEM_CODE = "keepdate.problem"
"""Under this name a request keeps the code of the problem that it was answered with."""

_MOST_FIELDS = 20
"""So many are named: in one request there may be tens of thousands."""

_log = logging.getLogger(__name__)

_STATUSES: dict[Code, int] = {
    Code.NOT_ALLOWED: 403,
    Code.UNKNOWN_COMMAND: 404,
    Code.MALFORMED: 422,
}
"""The status of a refusal; every other refusal is a conflict with what is on record: 409."""

_TITLES: dict[str, str] = {
    "unauthenticated": "A valid token is needed.",
    "not-found": "There is nothing here, or nothing that is yours.",
    "method-not-allowed": "This address does not take this method.",
    "too-large": "The request is too large.",
    "too-many-messages": "One person can send so many messages at once, and no more.",
    "too-many-streams": "Too many live streams are open.",
    "too-many-webhooks": "One owner can have so many endpoints, and no more.",
    "webhook-disabled": "The endpoint is disabled, and is told of nothing.",
    "unavailable": "A part of the system cannot be reached. Try again.",
    "internal": "Something went wrong on our side.",
    "bad-request": "The request cannot be served.",
}
"""Problems that are not refusals of the marketplace's rules."""


class FieldProblem(BaseModel):
    """What is wrong with one field. `body.` and the like are left out: `preferred_starts.1`."""

    field: str = Field(examples=["preferred_starts.1"])
    message: str


class Problem(BaseModel):
    """Why a request was not carried out (RFC 9457). `code` is for programs, `detail` for people."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str = Field(examples=["urn:keepdate:problem:slot-taken"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["slot-taken"])
    errors: list[FieldProblem] = []
    """The fields that are wrong, where `code` is `malformed`, or the parts that are missing."""
    free_starts: list[str] = []
    """The times that are still free, where `code` is `slot-taken`."""


class _ProblemResponse(JSONResponse):
    """A document that leaves its code with the request, for whoever counts."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[PROBLEM_CODE] = json.loads(bytes(self.body))["code"]
        await super().__call__(scope, receive, send)


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        *,
        errors: Iterable[FieldError] = (),
        free_starts: Iterable[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        title = MEANINGS[Code(code)] if code in set(Code) else _TITLES[code]
        super().__init__(f"{code}: {detail or title}")
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.document: dict[str, Any] = {
            "type": f"urn:keepdate:problem:{code}",
            "title": title,
            "status": status,
            "detail": detail or title,
            "code": code,
        }
        listed = [{"field": error.field, "message": error.message} for error in errors]
        if listed:
            self.document["errors"] = listed
        if free_starts is not None:
            self.document["free_starts"] = list(free_starts)

    @property
    def response(self) -> JSONResponse:
        """The problem document, as it goes out."""
        return _ProblemResponse(
            self.document, self.status, headers=self.headers, media_type=MEDIA_TYPE
        )


def refused(refusal: Refusal) -> ProblemError:
    """The problem that a refusal of the rules becomes."""
    return ProblemError(
        _STATUSES.get(refusal.code, 409),
        refusal.code.value,
        str(refusal),
        errors=refusal.errors,
        free_starts=refusal.free_starts,
    )


def refused_with(code: Code, message: str = "") -> ProblemError:
    """The problem of a refusal that the API itself decides."""
    return refused(refuse(code, message))


def malformed(errors: Iterable[FieldError]) -> ProblemError:
    """The problem of a request with these fields wrong: the first of them, where there are many."""
    found = tuple(islice(errors, _MOST_FIELDS))
    detail = "; ".join(f"{error.field}: {error.message}" for error in found[:3])
    return refused(Refusal(code=Code.MALFORMED, message=detail, errors=found))


def malformed_field(field: str, message: str) -> ProblemError:
    """The problem of a request with one field wrong."""
    return malformed((FieldError(field=field, message=message),))


def not_found(detail: str = "") -> ProblemError:
    """Nothing there, or somebody else's: the answer does not tell which."""
    return ProblemError(404, "not-found", detail)


def unauthenticated(detail: str = "") -> ProblemError:
    """No token, or none that is valid."""
    return ProblemError(
        401, "unauthenticated", detail, headers={"WWW-Authenticate": 'Bearer realm="keepdate"'}
    )


def unavailable(detail: str, errors: Iterable[FieldError] = ()) -> ProblemError:
    """A part that is needed cannot be reached at the moment."""
    return ProblemError(503, "unavailable", detail, errors=errors, headers={"Retry-After": "2"})


def internal() -> ProblemError:
    """A bug of ours. What it was is logged, never told."""
    return ProblemError(500, "internal")


def install(app: FastAPI) -> None:
    """Has every error of this application answered by a problem document."""

    @app.exception_handler(ProblemError)
    async def _problem(_: Request, error: ProblemError) -> JSONResponse:
        return error.response

    @app.exception_handler(RequestValidationError)
    async def _parameters(_: Request, error: RequestValidationError) -> JSONResponse:
        # The first part of a location is where it is (`query`, `path`), which the caller knows.
        located = [{**item, "loc": item["loc"][1:]} for item in error.errors()]
        return malformed(field_errors(located)).response

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        codes = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
        code = codes.get(error.status_code, "bad-request")
        return ProblemError(error.status_code, code, headers=error.headers).response

    async def _database(_: Request, error: Exception) -> JSONResponse:
        if not outages.is_outage(error):
            raise error
        _log.warning("The database cannot be reached: %s", outages.in_brief(error))
        return unavailable("The database cannot be reached at the moment.").response

    @app.exception_handler(TemporalUnreachableError)
    async def _temporal(_: Request, error: TemporalUnreachableError) -> JSONResponse:
        _log.warning("Temporal cannot be reached: %s", error)
        return unavailable("Temporal cannot be reached at the moment.").response

    for kind in outages.KINDS:
        app.add_exception_handler(kind, _database)
