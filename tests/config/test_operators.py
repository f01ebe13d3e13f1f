"""What operators mistype, or find stopped, is told in one line."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli import app
from config import Settings
from ops import OperatorError
from ops.connections import database


@pytest.mark.parametrize("days", ["inf", "1e300", "nan", "-1"])
def test_what_is_no_span_of_days_is_not_repaired(days: str) -> None:
    assert CliRunner().invoke(app, ["repair", "--closed-days", days]).exit_code == 2


@pytest.mark.parametrize("command", ["export", "erase"])
@pytest.mark.parametrize("words", [[], ["king", "ada"], ["client", "ada", "ben"]])
def test_a_person_is_an_id_or_a_role_and_an_id(command: str, words: list[str]) -> None:
    told = CliRunner().invoke(app, [command, *words])
    assert (told.exit_code, told.stdout) == (2, "")


async def test_a_database_that_does_not_answer_is_named() -> None:
    nobody = Settings(database_url="postgresql+psycopg://nobody@127.0.0.1:1/keepdate")
    with pytest.raises(OperatorError, match="the database does not answer: connection failed"):
        async with database(nobody) as engine, engine.connect() as conn:
            await conn.execute(text("SELECT 1"))
