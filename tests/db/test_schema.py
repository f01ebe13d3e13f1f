"""The migrations lead to the schema that the code believes in."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from db import migrate
from db.schema import metadata

_CATALOGUE = {
    "columns": """
        SELECT table_name, column_name, data_type, udt_name, collation_name, is_nullable,
               column_default, is_identity, identity_generation,
               generation_expression
          FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "functions": """
        SELECT proname, pg_get_functiondef(oid)
          FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
    "types": """
        SELECT rngtypid::regtype::text, rngsubtype::regtype::text, collname
          FROM pg_range JOIN pg_collation ON pg_collation.oid = rngcollation
         WHERE rngtypid::regtype::text = 'textrange'""",
}


def _catalogue(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as conn:
        return {
            what: sorted(
                (tuple(row) for row in conn.execute(text(query)) if row[0] != "alembic_version"),
                key=str,
            )
            for what, query in _CATALOGUE.items()
        }


def test_migrations_lead_to_the_tables_of_the_code(database: str, empty_database: str) -> None:
    migrated = create_engine(database, poolclass=NullPool)
    declared = create_engine(empty_database, poolclass=NullPool)
    # What tables are made of, SQLAlchemy has no words for.
    functions = {str(name): source for name, source in _catalogue(migrated)["functions"]}
    with declared.begin() as conn:
        conn.execute(text('CREATE TYPE textrange AS RANGE (SUBTYPE = text, COLLATION = "C")'))
        for name in ("pieces", "pieces_of"):
            conn.exec_driver_sql(str(functions[name]))
        metadata.create_all(conn)
    assert _catalogue(migrated) == _catalogue(declared)


def test_processes_that_upgrade_at_once_do_it_once(empty_database: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate.upgrade, [empty_database] * 4))
    config = Config()
    config.set_main_option("script_location", str(migrate._MIGRATIONS))
    newest = ScriptDirectory.from_config(config).get_current_head()
    engine = create_engine(empty_database, poolclass=NullPool)
    with engine.connect() as conn:
        assert conn.scalars(text("SELECT version_num FROM alembic_version")).all() == [newest]


def test_a_release_that_is_rolled_back_to_finds_nothing_to_do(empty_database: str) -> None:
    migrate.upgrade(empty_database)
    engine = create_engine(empty_database, poolclass=NullPool)
    with engine.begin() as conn:
        # As the next release would leave it: expanded, with all that this one uses.
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = _catalogue(engine)
    migrate.upgrade(empty_database)
    assert _catalogue(engine) == before
    with engine.connect() as conn:
        assert conn.scalars(text("SELECT version_num FROM alembic_version")).all() == ["9999"]


def test_late_events_of_before_have_the_places_that_they_would_be_given(
    empty_database: str,
) -> None:
    """The number of the event among all of the standing's, by which later ones go on."""
    _migrated_up_to("0009", empty_database)
    late = {
        "booking_id": "b",
        "kind": "cancellation",
        "scheduled_start": "2026-03-04T09:00:00Z",
        "initiated_at": "2026-03-02T09:00:00Z",
        "margin_seconds": 172800,
        "late": True,
        "excused": False,
        "settled": False,
        "aged": False,
    }
    events = {each: {**late, "id": each} for each in ("first", "second")}
    engine = create_engine(empty_database, poolclass=NullPool)
    with engine.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO standings (provider_id, status, suspended, document, revision,"
                " recording, refused, updated_at)"
                " VALUES ('ada', 'warned', false, :document, 2, 2, 0, now())"
            ),
            {"document": json.dumps({"events": events, "claims": {}})},
        )
        for seq, late_event in ((1, "first"), (2, None), (3, "second"), (4, None)):
            conn.execute(
                text(
                    "INSERT INTO events (subject, subject_id, seq, type, occurred_at, data)"
                    " VALUES ('standing', 'ada', :seq, :type, now(), :data)"
                ),
                {
                    "seq": seq,
                    "type": "late-event.recorded" if late_event else "standing.warned",
                    "data": json.dumps({"event": events[late_event]} if late_event else {}),
                },
            )
    migrate.upgrade(empty_database)
    with engine.connect() as conn:
        found = conn.execute(text("SELECT id, place, counts FROM standing_late_events")).all()
    assert sorted(map(tuple, found)) == [("first", 1, True), ("second", 3, True)]


def test_nobody_waits_behind_a_migration_for_as_long_as_a_backup_takes(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "_WAIT_FOR_A_TABLE", timedelta(milliseconds=50))
    _migrated_up_to("0004", empty_database)
    with create_engine(empty_database, poolclass=NullPool).connect() as backup:
        # Ended by the server after a while, so that a migration without a limit fails here.
        backup.execute(text("SET LOCAL idle_in_transaction_session_timeout = '20s'"))
        backup.execute(text("SELECT FROM people"))
        with pytest.raises(migrate.TablesInUseError):
            migrate.upgrade(empty_database, give_up_after=timedelta(0))
        assert backup.scalar(text("SELECT version_num FROM alembic_version")) == "0004"
    migrate.upgrade(empty_database)


def test_limits_of_the_role_are_none_of_a_migration(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_engine(empty_database, poolclass=NullPool)
    limits = ("statement_timeout", "transaction_timeout")
    with engine.begin() as conn:
        for limit in limits:
            conn.execute(text(f"ALTER DATABASE {engine.url.database} SET {limit} = '1h'"))
    met: list[object] = []
    upgrade = command.upgrade

    def look(config: Config, revision: str) -> None:
        conn = config.attributes["connection"]
        met.extend(conn.scalar(text(f"SHOW {limit}")) for limit in limits)
        upgrade(config, revision)

    monkeypatch.setattr(command, "upgrade", look)
    migrate.upgrade(empty_database)
    assert met == ["0", "0"]
    with engine.connect() as conn:
        assert conn.scalar(text("SHOW statement_timeout")) == "1h"


def _migrated_up_to(revision: str, database: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate._MIGRATIONS))
    with create_engine(database, poolclass=NullPool).begin() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, revision)


def test_a_server_that_is_too_old_is_told_before_anything_else(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "_OLDEST", 999)
    with pytest.raises(migrate.OldServerError, match=r"999 or later is needed, and this is \d\d$"):
        migrate.upgrade(empty_database)
    with create_engine(empty_database, poolclass=NullPool).connect() as conn:
        assert conn.scalar(text("SELECT to_regclass('alembic_version')")) is None
