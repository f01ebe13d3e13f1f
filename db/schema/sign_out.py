"""The portal's sessions that somebody has ended: whoever still has such a cookie is nobody."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text, text

from db.schema.base import INSTANT, metadata

sign_outs = Table(
    "sign_outs",
    metadata,
    # Random, and worth nothing without the signature of its cookie. It says nothing of whose it is.
    Column("session_id", Text(collation="C"), primary_key=True),
    Column("at", INSTANT, nullable=False, server_default=text("now()")),
    Index(None, "at"),
)
