"""All that follows from a recording, written down in one statement.

A statement each would cost a round trip each: as much again as everything else in a recording. So
the rows travel as JSON, in a statement that never changes, and is prepared once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    JSON,
    Column,
    Insert,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.announcing import announced
from db.ids import new_id
from db.recording.webhooks_owed import anybody_listens
from db.schema import conversations, decisions, events, messages, notices, people
from domain.party import Role

Rows = Sequence[Mapping[str, Any]]

_KNOWN: dict[str, frozenset[str]] = {}
"""The columns that are written, by the parameter of the statement that the rows come in."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """A change of the row that all of it is about, which is part of the same statement."""

    statement: Any
    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Cards:
    """What two people find in their chat: rows of `messages`, but for their conversation's id."""

    provider_id: str
    client_id: str
    rows: Rows


async def write_together(
    conn: AsyncConnection,
    *,
    happened: Rows,
    lines: Rows,
    told: Rows,
    cards: Cards | None = None,
    move: Move | None = None,
) -> list[int]:
    """Adds events, lines of a timeline, notices and cards; a pair's first card begins their chat.

    With `move`, another row is changed in the same moment.

    The result is the ids of the events that an endpoint listens to. Listeners to the feed are told
    when the transaction is committed. Rows of one table have the same columns, in any order.
    """
    begun = new_id()
    written = await conn.execute(
        move.statement if move else _STATEMENT,
        {
            "happened": _json("happened", happened),
            "lines": _json("lines", lines),
            "told": _json("told", told),
            "begun": begun,
            **_chat(cards, begun),
            **(move.values if move else {}),
        },
    )
    return [event_id for event_id, heard, _ in written if heard]


def _chat(cards: Cards | None, begun: str) -> dict[str, str]:
    if cards is None or not cards.rows:
        return {"cards": "[]", "chat": "[]", "pair": "[]"}
    newest = cards.rows[-1]
    chat = {
        "id": begun,
        "provider_id": cards.provider_id,
        "client_id": cards.client_id,
        "created_at": newest["at"],
        "latest": newest["id"],
        "last_message_at": newest["at"],
    }
    pair = [
        # Always in this order, so that nobody waits for somebody who waits for them.
        {"role": Role.CLIENT, "id": cards.client_id},
        {"role": Role.PROVIDER, "id": cards.provider_id},
    ]
    return {
        "cards": _json("cards", cards.rows),
        "chat": _json("chat", [chat]),
        "pair": _json("pair", pair),
    }


def _json(parameter: str, rows: Rows) -> str:
    # Nothing else would tell of a column that the statement leaves out.
    if any(row.keys() - _KNOWN[parameter] for row in rows):
        raise ValueError(f"{parameter}: a column that is not written")
    return to_json(list(rows)).decode()


def _copied(table: Table, parameter: str, *names: str) -> tuple[Insert, list[str], Select[Any]]:
    """An insertion into a table, the columns that it fills, and its rows in a JSON parameter."""
    _KNOWN[parameter] = frozenset(names)
    rows = func.json_populate_recordset(
        literal_column(f"null::{table.name}"), cast(bindparam(parameter, type_=Text), JSON)
    ).table_valued(*(Column(name, table.c[name].type) for name in names), name=parameter)
    return insert(table), list(names), select(*rows.c)


def _statement() -> Any:
    insertion, names, rows = _copied(
        events, "happened", "subject", "subject_id", "seq", "refusal_seq", "type", "occurred_at",
        "booking_id", "provider_id", "client_id", "data",
    )  # fmt: skip
    main = announced(insertion.from_select(names, rows), events.c.id, anybody_listens())

    insertion, names, rows = _copied(
        decisions, "lines", "subject", "subject_id", "seq", "given_at", "handled_at", "by_role",
        "by_id", "command", "outcome", "code", "rule", "text", "data",
    )  # fmt: skip
    lines = insertion.from_select(names, rows).cte("line")

    insertion, names, rows = _copied(
        notices, "told", "id", "recipient_role", "recipient_id", "kind", "channel", "booking_id",
        "provider_id", "booking_revision", "due_at", "session_start", "state", "reason", "source",
    )  # fmt: skip
    told = insertion.from_select(names, rows).cte("notice")

    begin = insert(conversations)
    _, names, rows = _copied(
        conversations, "chat", "id", "provider_id", "client_id", "created_at", "latest",
        "last_message_at",
    )  # fmt: skip
    begin = begin.from_select(names, rows)
    chat = (
        begin.on_conflict_do_update(
            index_elements=["provider_id", "client_id"],
            set_={
                name: func.greatest(conversations.c[name], begin.excluded[name])
                for name in ("latest", "last_message_at")
            },
        )
        .returning(conversations.c.id)
        .cte("noted")
    )

    insertion, names, rows = _copied(
        messages, "cards", "id", "author_role", "author_id", "text", "at", "card", "source"
    )
    cards = insertion.from_select(
        [*names, "conversation_id"],
        rows.add_columns(chat.c.id).join_from(rows.get_final_froms()[0], chat, true()),
    ).cte("card")

    _, names, rows = _copied(people, "pair", "role", "id")
    pair = (
        insert(people)
        .from_select(
            names,
            rows.join_from(
                rows.get_final_froms()[0], chat, chat.c.id == bindparam("begun", type_=Text)
            ),
        )
        .on_conflict_do_nothing()
        .cte("met")
    )
    return main.add_cte(lines, told, cards, pair)


_STATEMENT = _statement()


class Moving:
    """How rows of a table move along: the statement for it, built once."""

    def __init__(self, table: Table, key: str, *names: str) -> None:
        self._names = frozenset({key, *names})
        change = (
            update(table)
            .where(table.c[key] == bindparam(_moved(key), type_=table.c[key].type))
            .values({name: bindparam(_moved(name), type_=table.c[name].type) for name in names})
        )
        self._statement = _STATEMENT.add_cte(change.cte("moved"))

    def to(self, row: Mapping[str, Any]) -> Move:
        """The change to what a row says from now on: its key, and all the columns that move."""
        if row.keys() != self._names:
            raise ValueError(f"other columns than move: {sorted(row.keys() ^ self._names)}")
        return Move(
            statement=self._statement, values={_moved(name): each for name, each in row.items()}
        )


def _moved(name: str) -> str:
    return f"moved_{name}"
