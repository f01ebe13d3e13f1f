"""Which of several waiting commands is decided first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.booking.commands import AskCancel, BookingCommand
from domain.refusal import Code, refuse
from workflows.inbox import Arrived, Inbox

YESTERDAY = datetime(2026, 3, 1, tzinfo=UTC)


def test_what_was_given_first_is_decided_first_and_the_rest_as_it_came() -> None:
    inbox: Inbox[BookingCommand] = Inbox()
    given = [None, YESTERDAY + timedelta(hours=1), YESTERDAY]
    for number, at in enumerate(given):
        inbox.put(Arrived(name=f"given-{number}", content=AskCancel(reason="Ill.", at=at)))
    inbox.put(Arrived(name="malformed", content=refuse(Code.MALFORMED)))
    assert [inbox.take().name for _ in range(4)] == ["given-2", "given-1", "given-0", "malformed"]
    assert not inbox
