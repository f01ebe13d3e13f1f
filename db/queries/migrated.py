"""Whether a database has been migrated as far as this release needs."""

from __future__ import annotations

from pathlib import Path

from psycopg.errors import UndefinedTable
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

_VERSIONS = Path(__file__).parent.parent / "migrations" / "versions"

NEWEST = max(each.stem[1:5] for each in _VERSIONS.glob("v*.py"))
"""The newest migration of this release: a number of four digits, as a text, so that texts are in
the order of what they say."""

_REACHED = text("SELECT max(version_num) FROM alembic_version")


async def is_migrated(conn: AsyncConnection) -> bool:
    """Whether a database has all that this release uses. A later release has left it so, too."""
    try:
        reached = await conn.scalar(_REACHED)
    except ProgrammingError as error:
        # Whoever may not ask has been let in by somebody who knows what they do.
        return not isinstance(error.orig, UndefinedTable)
    return reached is not None and str(reached) >= NEWEST
