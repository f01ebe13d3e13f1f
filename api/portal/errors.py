"""What went wrong, as a page: problems that programs get as documents, told to people."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.portal.forms import ForgedError, sent_form
from api.portal.paths import is_page
from api.portal.rendering import render
from api.portal.session import SignInNeededError, viewer_of, wanted
from telemetry.correlation import request_id

_TITLES = {
    403: "This form could not be accepted",
    404: "There is nothing here",
    405: "This page cannot do that",
    409: "Things have changed meanwhile",
    413: "This is too much at once",
    422: "This address is not quite right",
    500: "Something went wrong on our side",
    503: "We cannot reach a part of the system",
}
_OTHERWISE = "This did not work"
_ADVICE = {
    403: (
        "It was not sent from a page of your present session, or the page was open for too long. "
        "Nothing was changed. Go back, reload the page, and try again."
    ),
    404: "Either the address is wrong, or what it leads to is not yours to see.",
    405: "Nothing was changed. Go back, reload the page, and try again.",
    413: "A form may hold 256 kB. Nothing was changed.",
    422: "A part of it cannot be read, such as a filter, or a place in a list.",
    500: "It is logged, and not your fault. Try again in a moment.",
    503: "Try again in a moment. What you sent is carried out once, however often you send it.",
}

_SIGNED_OUT = (
    "You are signed out",
    "Nothing was changed. Sign in, and you come back to the page that you were on.",
)

_log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Has the errors of pages told as pages; the API's own stay problem documents."""
    for kind, told in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _for_people(told))

    @app.exception_handler(ForgedError)
    async def _forged(request: Request, forged: ForgedError) -> Response:
        if viewer_of(request) is not None:
            return error_page(request, 403, written=forged.written)
        back = SignInNeededError(wanted(request)).address
        return error_page(request, 403, told=_SIGNED_OUT, onward=back, written=forged.written)

    @app.exception_handler(SignInNeededError)
    async def _sign_in(_: Request, needed: SignInNeededError) -> Response:
        return RedirectResponse(needed.address, 303)


def error_page(
    request: Request,
    status: int,
    detail: str = "",
    *,
    told: tuple[str, str] | None = None,
    onward: str = "/",
    written: Sequence[str] = (),
) -> Response:
    """A page that says what went wrong, what to do now, and what was written in vain.

    `told` is a title and advice of its own; `onward` is where to go from there.
    """
    title, advice = told or (_TITLES.get(status, _OTHERWISE), _ADVICE.get(status) or detail)
    form = sent_form(request)
    return render(
        request,
        viewer_of(request),
        "error.html",
        status=status,
        title=title,
        advice=advice,
        onward=onward,
        reference=request_id.get() or "-",
        written=written or (form.words() if form else ()),
    )


class PageErrors:
    """Answers a page for what nobody else caught; what it was is logged, never told."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not is_page(scope["path"]):
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception:  # the last resort of a page: whatever it was is a bug of ours
            if begun:
                raise
            _log.exception("page failed")
            await error_page(Request(scope, receive), 500)(scope, receive, send)


def _page_above(request: Request) -> str | None:
    """The page whose form leads to an address that takes forms alone.

    What is refused is shown at that address, which somebody may well open again.
    """
    path = request.url.path
    while request.method in {"GET", "HEAD"} and path != "/":
        path = path.rpartition("/")[0] or "/"
        asked = {**request.scope, "method": "GET", "path": path}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.routes):
            return path
    return None


def _for_people(told: Any) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def tell(request: Request, error: Exception) -> Response:
        response: Response = await told(request, error)
        if not is_page(request.url.path):
            return response
        page = _page_above(request) if response.status_code == 405 else None  # noqa: PLR2004
        if page is not None:
            return RedirectResponse(page, 303)
        problem: dict[str, Any] = json.loads(bytes(response.body))
        return error_page(request, response.status_code, problem["detail"])

    return tell
