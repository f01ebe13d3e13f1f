"""Methods of HTTP that are alike for all paths: HEAD, and those that a path does not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_NOT_ALLOWED = 405


class Methods:
    """Answers HEAD as GET without the body, and whatever is not allowed with all that is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Routing changes the scope on its way.
        asked = dict(scope)
        is_head = scope["method"] == "HEAD"
        has_ended = False

        async def pass_on(message: Message) -> None:
            nonlocal has_ended
            if message["type"] == "http.response.start" and message["status"] == _NOT_ALLOWED:
                allowed = methods_of(scope["app"].router.routes, asked)
                MutableHeaders(scope=message)["Allow"] = ", ".join(allowed)
            if not is_head or message["type"] == "http.response.start":
                await send(message)
            elif not has_ended:
                # The server tells what goes on writing, as live streams do, that nobody is there.
                has_ended = True
                await send({"type": "http.response.body", "body": b""})

        # In a copy, for the server must not take HEAD for GET: it would miss the body.
        inside = {**scope, "method": "GET"} if is_head else scope
        try:
            await self._app(inside, receive, pass_on)
        finally:
            # What is found out about a request on its way is noted there, for whoever measures it.
            scope.update({**inside, "method": scope["method"]})


def methods_of(routes: Iterable[BaseRoute], scope: Scope) -> Iterator[str]:
    """The methods that there are for the path of a request."""
    found = {method for route in routes for method in _METHODS if _takes(route, scope, method)}
    for method in _METHODS:
        if method in found:
            yield method
            if method == "GET":
                yield "HEAD"


def _takes(route: BaseRoute, scope: Scope, method: str) -> bool:
    asked: dict[str, Any] = {**scope, "method": method}
    # What is mounted are files, which are read.
    may_be = method == "GET" or not isinstance(route, Mount)
    return may_be and route.matches(asked)[0] is Match.FULL
