"""Which mails a recording owes: its notices, for whom they reach by e-mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, Text, cast, column, insert, literal, select, values
from sqlalchemy.ext.asyncio import AsyncConnection

from db.ids import new_id
from db.ledger import OWED_COLUMNS, owed_of
from db.queries.contacts import contact_of, wants_mail
from db.schema import contacts, notice_choices, notices
from domain.notices.ledger import Channel, NoticeState, Owed
from domain.notices.preferences import group_of

_COPIED = (
    "recipient_role",
    "recipient_id",
    "kind",
    "booking_id",
    "provider_id",
    "booking_revision",
    "due_at",
    "session_start",
)


async def owe_mail(conn: AsyncConnection, inbox_rows: Sequence[Mapping[str, Any]]) -> list[Owed]:
    """Adds a mail to the ledger for each of these notices whose recipient wants it by e-mail.

    `inbox_rows` are rows of `notices` that were just written for the inbox and are not skipped;
    there is at least one. Only called where the worker sends mail. One statement, whatever their
    number.
    """
    told = values(
        column("n", Integer),
        column("id", Text),
        column("kind_group", Text),
        column("source", Text),
        *(column(name, notices.c[name].type) for name in _COPIED),
        name="told",
    ).data([_told(number, row) for number, row in enumerate(inbox_rows)])
    reached = (
        select(
            told.c.id,
            # A column of nothing but nulls has no type of its own.
            *(cast(told.c[name], notices.c[name].type) for name in _COPIED),
            literal(Channel.EMAIL.value),
            literal(NoticeState.OWED.value),
            told.c.source,
        )
        .join_from(told, contacts, contact_of(told.c.recipient_role, told.c.recipient_id))
        .outerjoin(
            notice_choices, contact_of(told.c.recipient_role, told.c.recipient_id, notice_choices)
        )
        .where(contacts.c.email.is_not(None), wants_mail(told.c.kind_group))
        .order_by(told.c.n)
    )
    made = await conn.execute(
        insert(notices)
        .from_select(["id", *_COPIED, "channel", "state", "source"], reached)
        .returning(*OWED_COLUMNS)
    )
    return [owed_of(row) for row in made]


def _told(number: int, row: Mapping[str, Any]) -> tuple[Any, ...]:
    source, _, _ = row["source"].rpartition("/")
    return (
        number,
        new_id(),
        group_of(row["kind"]).value,
        f"{source}/{Channel.EMAIL}",
        *(row.get(name) for name in _COPIED),
    )
