"""A path for each command: it takes the same object as the signal and the update of its name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.gateway import Message
from api.models.base import Accepted
from api.openapi import Responses, problems, takes
from api.problems import ProblemError, refused_with
from domain.refusal import Code

Endpoint = Callable[..., Coroutine[Any, Any, JSONResponse]]

_TAKEN: Responses = {
    202: {"model": Accepted, "description": "Taken; no worker has answered in time."}
}


def add_commands(
    router: APIRouter,
    messages: Mapping[str, type[Message]],
    endpoint: Callable[[str], Endpoint],
    *,
    model: type[BaseModel],
    answered: str,
) -> None:
    """Adds the path of each command, which `endpoint` makes of its name.

    Each answers a `model`, which is said in the words of `answered`.
    """
    for name, message in messages.items():
        words = name.title().replace("-", "")
        router.add_api_route(
            f"/{name}",
            endpoint(name),
            methods=["POST"],
            operation_id=f"{words[0].lower()}{words[1:]}",
            summary=name.replace("-", " ").capitalize(),
            description=message.command.__doc__,
            response_model=model,
            response_description=answered,
            responses={**_TAKEN, **problems(403, 404, 409, 413, 422)},
            openapi_extra=takes(message),
        )


def unknown(command: str, known: Iterable[str]) -> ProblemError:
    """What tells whoever mistypes a command which ones there are."""
    told = f"There is no command {command!r}, only {', '.join(known)}."
    return refused_with(Code.UNKNOWN_COMMAND, told)
