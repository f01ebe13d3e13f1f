"""The card that operators see at the top of a workflow in the Temporal UI."""

from __future__ import annotations

from collections.abc import Sequence

from domain.booking.deadlines import Deadline as BookingDeadline
from domain.instants import to_the_second
from domain.record import Entry
from domain.standing.deadlines import Deadline as StandingDeadline

SHOWN = 5


def card(
    headline: str,
    waits_for: str,
    deadline: BookingDeadline | StandingDeadline | None,
    lines: Sequence[Entry],
    refused: int,
) -> str:
    """Markdown: the state, what it waits for and until when, the last decisions, the refusals."""
    following = f"{deadline} at {to_the_second(deadline.at)}" if deadline else "nothing"
    shown = [
        f"**{headline}**",
        "",
        f"- Waits for: {waits_for}",
        f"- Next by itself: {following}",
        "",
        "Last decisions:",
        "",
    ]
    shown += [_line(entry) for entry in lines if entry.outcome == "applied"][-SHOWN:] or ["- none"]
    if refused:
        shown += ["", f"Refused signals: {refused}. The newest:", ""]
        shown += [_line(entry) for entry in lines if entry.outcome == "refused"][-SHOWN:]
    return "\n".join(shown)


def _line(entry: Entry) -> str:
    code = f" `{entry.code}`" if entry.code else ""
    return (
        f"- {to_the_second(entry.handled_at)} {_plain(entry.command)} by {entry.by}:{code}"
        f" {_plain(entry.text)}"
    )


def _plain(text: str) -> str:
    """Text from outside, so that it cannot dress itself up as part of the card."""
    line = " ".join(text.split())
    cut = line if len(line) <= 200 else f"{line[:200]}…"  # noqa: PLR2004
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|!" else char for char in cut)
