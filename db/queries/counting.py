"""Counting as far as anybody needs to know."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, CompoundSelect, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

COUNTED_UP_TO = 1000
"""Counting stops here: no reader needs to know it more exactly, and it takes a millisecond."""


def statement_of_counts(
    column: ColumnElement[str], values: Iterable[str], *conditions: ColumnElement[bool]
) -> CompoundSelect[str, int]:
    """Asks how many rows have each value in a column. Each is counted in an index, up to the limit.

    To be made once: to build a statement takes longer than to run it.
    """
    counts = []
    for value in values:
        some = select(literal(1)).where(column == value, *conditions).limit(COUNTED_UP_TO)
        number = select(func.count()).select_from(some.subquery()).scalar_subquery()
        counts.append(select(literal(value).label("value"), number.label("number")))
    return union_all(*counts)


async def count_each(
    conn: AsyncConnection, counts: CompoundSelect[str, int], **given: str
) -> dict[str, int]:
    """How many rows have each value; `COUNTED_UP_TO` stands for that many or more.

    `counts` is made by `statement_of_counts`, and `given` is what its conditions leave open.
    """
    return {row.value: row.number for row in await conn.execute(counts, given)}
