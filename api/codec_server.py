"""Decrypts what Temporal stores for support's eyes: the codec server of the Temporal UI.

It speaks Temporal's codec server protocol, at `/codec`. Who is signed in to the portal as support
may ask, from the Temporal UI's own address or from the portal's; and so may who brings a token of
support, as the `temporal` command does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp
from temporalio.api.common.v1 import Payload, Payloads

from api.body import read_object
from api.portal.session import end_if_signed_out, viewer_of
from api.problems import malformed_field, refused_with, unauthenticated
from api.services import of_request
from config import Settings
from config_values import origin_of
from domain.party import Party, Role
from domain.refusal import Code
from workflows.encryption import Encryption

PATH = "/codec"
MAX_BODY_BYTES = 8 * 1024 * 1024
"""The Temporal UI asks for many payloads at once, and Temporal lets each have two megabytes."""

_Recode = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]


def codec_server(settings: Settings) -> ASGIApp:
    """The codec server for the keys of these settings, of which there is at least one."""
    codec = Encryption(settings.codec_keyring)
    ui = origin_of(settings.temporal_ui)
    origins = frozenset({ui, settings.public_origin}) - {None}

    def recoding(recode: _Recode) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            await _require_support(request, origins)
            given = _payloads(await read_object(request, most_bytes=MAX_BODY_BYTES))
            found = Payloads(payloads=await recode(given))
            answer = {"payloads": [], **MessageToDict(found)}
            return JSONResponse(answer, headers={"Cache-Control": "no-store"})

        return answer

    router = Router(
        [
            Route("/decode", recoding(codec.decode), methods=["POST"]),
            Route("/encode", recoding(codec.encode), methods=["POST"]),
        ]
    )
    return CORSMiddleware(
        router,
        allow_origins=[ui],
        allow_credentials=True,
        allow_methods=["POST"],
        allow_headers=["Authorization", "Authorization-Extras", "Content-Type", "X-Namespace"],
    )


async def _require_support(request: Request, origins: frozenset[str | None]) -> None:
    """Who asks is support, and asks knowingly. Raises the problems 401 and 403."""
    party = await _bearer(request)
    if party is None:
        await end_if_signed_out(request, of_request(request))
        viewer = viewer_of(request)
        if viewer is None:
            raise unauthenticated("Sign in to the portal as support, or bring a token.")
        # A cookie comes along from any page of the same site, so the page has to be one of ours.
        if request.headers.get("origin") not in origins:
            raise refused_with(Code.NOT_ALLOWED, "This is not for pages of that address.")
        party = viewer.party
    if party.role is not Role.SUPPORT:
        raise refused_with(Code.NOT_ALLOWED, "This is for support alone.")


async def _bearer(request: Request) -> Party | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return await of_request(request).authenticator.identify(token.strip())


def _payloads(body: dict[str, object]) -> Sequence[Payload]:
    try:
        return ParseDict(body, Payloads(), ignore_unknown_fields=True).payloads
    except ParseError as error:
        raise malformed_field("payloads", "must be payloads as protocol buffers' JSON") from error
