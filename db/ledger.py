"""Whom a row of the ledger of notices is for, and what it owes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, and_

from db.schema import notices
from domain.notices.ledger import Channel, Owed
from domain.party import Party, Role

OWED_COLUMNS = (
    notices.c.id,
    notices.c.kind,
    notices.c.channel,
    notices.c.recipient_role,
    notices.c.recipient_id,
)
"""What `owed_of` has to know of a notice."""


def recipient_of(row: Row[Any]) -> Party:
    """Who the notice is for."""
    return Party(role=Role(row.recipient_role), id=row.recipient_id)


def is_for(who: Party) -> ColumnElement[bool]:
    """Whether a notice is for this person or service."""
    return and_(notices.c.recipient_role == who.role.value, notices.c.recipient_id == who.id)


def owed_of(row: Row[Any]) -> Owed:
    """The notice as something that is yet to be delivered."""
    return Owed.to(recipient_of(row), id=row.id, channel=Channel(row.channel), kind=row.kind)
