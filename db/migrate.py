"""Brings a database to the newest schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, func, select
from sqlalchemy.pool import NullPool

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6B656570  # "keep"


def upgrade(url: str) -> None:
    """Applies the migrations that a database does not have yet, all of them or none.

    `url` is SQLAlchemy's, `postgresql+psycopg://…`. Several processes may do this at once: one
    does the work, the others wait for it and find nothing left to do.
    """
    config = Config()
    # The option is read by configparser, which takes a percent sign for a reference.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"application_name": "keepdate migrate"}
    )
    with engine.begin() as connection:
        # Before Alembic looks which migrations there are, or two processes would find the same.
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
