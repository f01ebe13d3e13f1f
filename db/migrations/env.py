"""What Alembic runs: the migrations, on the connection and in the transaction it was handed."""

from __future__ import annotations

from alembic import context

# Without the tables of today: a migration says its names in full and never changes with them.
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
