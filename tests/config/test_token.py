"""`keepdate token` makes no token that the API would not take."""

from __future__ import annotations

import jwt
import pytest
from typer.testing import CliRunner

from cli import Speaker, app
from domain.party import Role


def test_nobody_speaks_for_the_clock() -> None:
    assert {str(each) for each in Speaker} == set(Role) - {Role.CLOCK}
    refused = CliRunner().invoke(app, ["token", "--role", "clock", "--sub", "clock"])
    assert refused.exit_code == 2
    assert "clock" not in CliRunner().invoke(app, ["token", "--help"]).output


@pytest.mark.parametrize("sub", ["bad id!", "", "x" * 65, "ada\n"])
def test_a_token_is_for_an_id(sub: str) -> None:
    refused = CliRunner().invoke(app, ["token", "--role", "client", "--sub", sub])
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_a_token_names_its_speaker() -> None:
    made = CliRunner().invoke(app, ["token", "--role", "support", "--sub", "sue.2_b-c"])
    claims = jwt.decode(made.output.strip(), options={"verify_signature": False})
    assert (claims["role"], claims["sub"]) == ("support", "sue.2_b-c")


def test_a_token_ends_while_there_are_calendars() -> None:
    words = ["token", "--role", "client", "--sub", "ben", "--ttl", "999999999999"]
    assert CliRunner().invoke(app, words).exit_code == 2
