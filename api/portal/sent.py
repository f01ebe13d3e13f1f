"""Who was told of what is on a page, and how that ended, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.portal.names import Names
from db.queries.notices import SentRow
from domain.notices.about import humanly
from domain.notices.ledger import Channel, NoticeState

_BY = {
    Channel.INBOX: "in the portal",
    Channel.EMAIL: "by e-mail",
    Channel.WEBHOOK: "by webhook",
}
_STATES = {
    NoticeState.OWED: "on its way",
    NoticeState.SENT: "sent",
    NoticeState.SUPERSEDED: "overtaken",
    NoticeState.SKIPPED: "left out",
    NoticeState.FAILED: "failed",
}


@dataclass(frozen=True, kw_only=True)
class SentLine:
    """One notice, as it is shown. `at` is None while it is on its way."""

    text: str
    state: str
    at: datetime | None
    reason: str | None


def in_words(rows: Sequence[SentRow], names: Names) -> list[SentLine]:
    """Notices, the last one first."""
    return [
        SentLine(
            text=f"{humanly(row.kind)}, to {names.of(row.to)} {_BY[row.channel]}",
            state=_state(row),
            at=row.ended_at,
            reason=row.reason,
        )
        for row in reversed(rows)
    ]


def _state(row: SentRow) -> str:
    tried = f" (tried {row.attempts} times)" if row.attempts > 1 else ""
    return f"{_STATES[row.state]}{tried}"
