"""Where the project lies, and what it says of itself."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

import cli

ROOT = Path(__file__).resolve().parents[2]


def pyproject() -> dict[str, Any]:
    """The project's own description."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def included() -> list[str]:
    """The files and directories that the wheel is told to hold."""
    found: list[str] = pyproject()["tool"]["hatch"]["build"]["only-include"]
    return found


def commands() -> set[str]:
    """What `keepdate` can be told to do."""
    known = typer.main.get_command(cli.app)
    return set(known.commands) if isinstance(known, TyperGroup) else set()
