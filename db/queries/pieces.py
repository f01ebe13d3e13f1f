"""Looking for a part of a text, by the pieces of which texts consist."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, and_, func, or_, text
from sqlalchemy.ext.asyncio import AsyncConnection


def holds(table: Table, looked_for: str, *texts: ColumnElement[str]) -> ColumnElement[bool]:
    """That one of a row's texts holds what is looked for, in any case of letters.

    `table` keeps the pieces of these texts. What is looked for stands for itself: % and _ too.
    """
    # The index finds what holds all the pieces, in whatever order; few of them are not meant.
    return and_(
        table.c.pieces.bool_op("@@")(func.pieces_of(looked_for)),
        or_(*(each.icontains(looked_for, autoescape=True) for each in texts)),
    )


async def planned_by_value(conn: AsyncConnection) -> None:
    """Has the statements of this transaction planned for what is looked for.

    A word that everybody has and one that nobody has are found in different ways. A statement that
    was given often would be planned once for all words.
    """
    await conn.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
