"""The description of the API at `/openapi.json`, bodies and problems included."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.idempotency import KEY_PATTERN
from api.models.base import Accepted
from api.problems import MEDIA_TYPE, Problem

_TEMPLATE = "#/components/schemas/{model}"
_models: dict[str, type[BaseModel]] = {}

_MEANINGS = {
    401: "No valid token.",
    403: "Somebody else has to do this.",
    404: "Nothing there, or nothing of the caller's.",
    409: "The rules refuse it; `code` says which.",
    413: "The request is too large.",
    422: "The request is malformed; `errors` names the fields.",
    429: "Too much at once; `Retry-After` says in how many seconds to go on.",
    503: "A part of the system cannot be reached. Try again, with the same `Idempotency-Key`.",
}

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes the request safe to repeat: the same key is answered the same.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": KEY_PATTERN},
}


def takes(model: type[BaseModel]) -> dict[str, Any]:
    """The description of a write whose body is such an object, for `openapi_extra`."""
    _models[model.__name__] = model
    schema = {"$ref": _TEMPLATE.format(model=model.__name__)}
    return {
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }


Responses = dict[int | str, dict[str, Any]]

NOT_YET: Responses = {202: {"model": Accepted, "description": "Taken, and not recorded yet."}}
"""The description of the answer about a booking that the database does not show yet."""


_LOCATION = {
    "Location": {"description": "Where it is read.", "schema": {"type": "string"}, "required": True}
}
MADE: Responses = {201: {"headers": _LOCATION}}
"""The description of the answer to a creation of what has a path of its own."""


def problems(*statuses: int) -> Responses:
    """The description of the problems that a path may answer, for `responses`."""
    return {
        status: {"description": _MEANINGS[status], "model": Problem}
        for status in sorted({401, *statuses, 503})
    }


def streams(media_type: str, model: type[BaseModel]) -> Responses:
    """The description of an answer of server-sent events, each of which has such an object."""
    _models[model.__name__] = model
    data = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": _TEMPLATE.format(model=model.__name__)},
    }
    text = {"type": "string"}
    event = {"type": "object", "properties": {"id": text, "event": text, "data": data}}
    schema = {
        **text,
        "contentMediaType": media_type,
        "contentSchema": {"type": "array", "items": event},
    }
    return {200: {"description": "What happens.", "content": {media_type: {"schema": schema}}}}


def describe(app: FastAPI) -> None:
    """Completes the description that FastAPI makes with what it cannot know."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = made()
            _add_models(document)
            _mark_problems(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _add_models(document: dict[str, Any]) -> None:
    models = [(model, "validation") for model in _models.values()]
    _, found = models_json_schema(models, ref_template=_TEMPLATE)  # type: ignore[arg-type]
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in found.get("$defs", {}).items():
        schemas.setdefault(name, schema)


def _mark_problems(document: dict[str, Any]) -> None:
    for path in document["paths"].values():
        for operation in path.values():
            for response in operation.get("responses", {}).values():
                content = response.get("content", {})
                schema = content.get("application/json", {}).get("schema", {})
                if schema.get("$ref") == _TEMPLATE.format(model=Problem.__name__):
                    response["content"] = {MEDIA_TYPE: {"schema": schema}}
