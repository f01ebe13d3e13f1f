"""What operators mistype, or find stopped, is told in one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from sqlalchemy import text
from temporalio.testing import WorkflowEnvironment
from typer.testing import CliRunner

from cli import app
from config import Settings
from ops import OperatorError
from ops.commands import say
from ops.connections import database, stack
from tests.conftest import settings_for
from tests.packaging.project import ROOT


@pytest.mark.parametrize("days", ["inf", "1e300", "nan", "-1"])
def test_what_is_no_span_of_days_is_not_repaired(days: str) -> None:
    assert CliRunner().invoke(app, ["repair", "--closed-days", days]).exit_code == 2


@pytest.mark.parametrize("command", ["export", "erase"])
@pytest.mark.parametrize("words", [[], ["king", "ada"], ["client", "ada", "ben"]])
def test_a_person_is_an_id_or_a_role_and_an_id(command: str, words: list[str]) -> None:
    told = CliRunner().invoke(app, [command, *words])
    assert (told.exit_code, told.stdout) == (2, "")


def test_what_people_wrote_stays_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("In their words: \x1b[2J\n  2026-11-23T10:00:00Z sam: cancel. \u202eGr\u00fc\u00dfe")
    told = "In their words:  [2J   2026-11-23T10:00:00Z sam: cancel.  Gr\u00fc\u00dfe\n"
    assert capsys.readouterr().out == told


async def test_a_database_that_does_not_answer_is_named() -> None:
    nobody = Settings(database_url="postgresql+psycopg://nobody@127.0.0.1:1/keepdate")
    with pytest.raises(OperatorError, match="the database does not answer: connection failed"):
        async with database(nobody) as engine, engine.connect() as conn:
            await conn.execute(text("SELECT 1"))


async def test_a_database_that_was_not_migrated_is_told(empty_database: str) -> None:
    empty = Settings(database_url=empty_database)
    with pytest.raises(OperatorError, match="is it migrated"):
        async with database(empty) as engine, engine.connect() as conn:
            await conn.execute(text("SELECT id FROM bookings"))


async def test_a_namespace_that_is_not_there_is_named(
    empty_database: str, temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    with pytest.raises(OperatorError, match="Temporal refuses: Namespace nowhere is not found"):
        async with stack(settings_for(empty_database, temporal)) as parts:
            await parts.client.count_workflows()


def test_an_api_that_cannot_know_where_temporal_is_says_so_and_no_more() -> None:
    told = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "api"],
        env={
            **os.environ,
            "KEEPDATE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/keepdate",
            "TEMPORAL_PROFILE": "nowhere",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    line = "keepdate: Temporal's configuration: Profile 'nowhere' not found\n"
    assert (told.returncode, told.stdout, told.stderr) == (1, "", line)
