"""The connections of the web server: none takes memory, or stays, without end.

uvicorn bounds neither how long the head of a request is, nor how long a request takes to arrive or
an answer to be taken, and whoever connects needs no token for any of that. A proxy in front usually
does; this is for without one.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

MOST_HEAD_BYTES = 64 * 1024
"""How long the first line of a request and its headers may be together, as far as they came in
pieces: what arrives in one is looked at once it is there. Headers that follow a body in chunks,
which are kept like the first ones, are held to it too."""

WHOLE_WITHIN = timedelta(seconds=60)
"""How long a request may take to arrive, from its first byte, or from when the connection opens."""

TAKEN_WITHIN = timedelta(minutes=5)
"""How long somebody may take to read what has gathered of an answer: of most, that is all of it."""

_HANG_UP = "keepdate.hang_up"
"""What ASGI has no word for: that a connection is to end, and that this is no failure."""

_TOO_LARGE = b"The head of the request is too large."


def hung_up(scope: Scope) -> bool:
    """Ends the connection of a request at once, with what nobody has taken of its answer.

    The request is then told that its client has left. False where another server has taken it.
    """
    found = scope.get("extensions", {}).get(_HANG_UP)
    if found is None:
        return False
    found["at_once"]()
    return True


class Connection(HttpToolsProtocol):
    """A connection on which requests arrive in time, with heads of some size."""

    _head_bytes = 0
    _is_in_head = True
    _went_on = False
    _whole_by: asyncio.TimerHandle | None = None
    _taken_by: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no more."""
        self._wait_no_more()
        self._wait_for_reader_no_more()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """So much of an answer has gathered that nobody reads."""
        super().pause_writing()
        # What would be closed waits for its reader all the same.
        self._taken_by = self.loop.call_later(TAKEN_WITHIN.total_seconds(), self.transport.abort)

    def resume_writing(self) -> None:
        """Most of that has been read."""
        self._wait_for_reader_no_more()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Takes some bytes, unless there were too many."""
        if self._whole_by is None:
            self._wait()
        self._went_on = False
        super().data_received(data)
        if self._went_on:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            self._refuse()

    def on_headers_complete(self) -> None:
        """The head of a request is there."""
        self._is_in_head = False
        self._go_on()
        super().on_headers_complete()
        self.scope["extensions"] = {_HANG_UP: {"at_once": partial(self._hang_up, self.cycle)}}

    def on_body(self, body: bytes) -> None:
        """A part of a body is there."""
        self._go_on()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is there as a whole."""
        self._is_in_head = True
        self._go_on()
        self._wait_no_more()
        super().on_message_complete()

    def _go_on(self) -> None:
        """What arrives was not headers alone."""
        self._head_bytes, self._went_on = 0, True

    def _hang_up(self, cycle: RequestResponseCycle) -> None:
        # uvicorn would tell the last request alone, which may be another that waits behind this.
        cycle.disconnected = True
        cycle.message_event.set()
        self.transport.abort()

    def _wait(self) -> None:
        self._whole_by = self.loop.call_later(WHOLE_WITHIN.total_seconds(), self._give_up)

    def _wait_no_more(self) -> None:
        if self._whole_by is not None:
            self._whole_by.cancel()
            self._whole_by = None

    def _wait_for_reader_no_more(self) -> None:
        if self._taken_by is not None:
            self._taken_by.cancel()
            self._taken_by = None

    def _give_up(self) -> None:
        self._whole_by = None
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What arrived is no request."""
        if self._answers_another():
            self.transport.close()
            return
        super().send_400_response(msg)

    def _answers_another(self) -> bool:
        """Whether what is said now of what arrives would be taken for an answer to what was before.

        Requests may follow each other without waiting for answers, which come in the same order.
        """
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None:
            return False
        if self._is_in_head:
            return not cycle.response_complete
        return cycle.response_started or bool(self.pipeline)

    def _refuse(self) -> None:
        # While a body arrives, its request is being answered, or was.
        if not self._is_in_head or self._answers_another():
            self.transport.close()
            return
        # There is no request yet that the application could answer.
        head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: "
        self.transport.write(
            b"%s%s%d\r\n\r\n%s" % (STATUS_LINE[431], head, len(_TOO_LARGE), _TOO_LARGE)
        )
        self.transport.close()
