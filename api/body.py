"""Reading what a caller sends, after it is known who they are and that the thing is theirs.

FastAPI would read a body before anything else, and so answer 422 to somebody who should get 401
or 404. Here a path reads its body itself, when it is due, and every body is JSON of one kind:
an object, without numbers or texts that another part would choke on.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from api.gateway import field_errors
from api.problems import ProblemError, malformed, malformed_field

MAX_BODY_BYTES = 256 * 1024
_MAX_DEPTH = 32
_ANSWERED_TO_NOBODY = 499

Json = dict[str, Any]
M = TypeVar("M", bound=BaseModel)


async def read_object(request: Request, *, most_bytes: int = MAX_BODY_BYTES) -> Json:
    """The JSON object that a request carries. Raises the problems 413 and 422."""
    raw = await _read(request, most_bytes)
    if not raw.strip():
        raise malformed_field("body", "a JSON object is needed")
    try:
        value = json.loads(raw.decode(), parse_constant=_no_constant)
        # Half a surrogate pair is no character: it could be neither stored nor sent on.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise malformed_field("body", f"is not JSON: {_told(error)}") from error
    if not isinstance(value, dict):
        raise malformed_field("body", "must be a JSON object")
    if _deeper_than(value, _MAX_DEPTH):
        raise malformed_field("body", f"is nested more than {_MAX_DEPTH} deep")
    return value


def parse(model: type[M], body: Json, **context: Any) -> M:
    """A JSON object as one of our models. Raises the problem 422, naming every field at fault."""
    try:
        return model.model_validate_json(json.dumps(body), context=context)
    except ValidationError as error:
        raise malformed(field_errors(error.errors(include_url=False))) from error


def parse_new(model: type[M], body: Json, **context: Any) -> M:
    """A JSON object as something new, of which what is null is left out. Raises the problem 422."""
    return parse(model, without_nulls(body), **context)


def without_nulls(body: Json) -> Json:
    """What a JSON object says: in some languages, what is null cannot be left out otherwise."""
    return {name: value for name, value in body.items() if value is not None}


def parse_change(model: type[M], body: Json) -> M:
    """A JSON object as a change, from which what stays is left out. Raises the problem 422."""
    wanted = parse(model, body)
    for name in wanted.model_fields_set:
        if getattr(wanted, name) is None:
            raise malformed_field(name, "is either left out or given a value")
    return wanted


async def _read(request: Request, most_bytes: int) -> bytes:
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most_bytes:
                raise ProblemError(
                    413, "too-large", f"A request may have {most_bytes // 1024} kB at most."
                )
            parts.append(part)
    except ClientDisconnect as error:
        raise ProblemError(_ANSWERED_TO_NOBODY, "bad-request", "The caller has gone.") from error
    return b"".join(parts)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _told(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"{error.msg} at line {error.lineno}, column {error.colno}"
        case UnicodeError():
            return "it holds what is not a character"
        case RecursionError():
            return "it is nested too deep"
        case _:
            return str(error)


def _deeper_than(value: object, depth: int) -> bool:
    layer = [value]
    for _ in range(depth):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not layer:
            return False
    return True
