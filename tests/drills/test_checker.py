"""The checker is a witness of its own, and says where it has seen nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import drills.checker
from drills.checker.findings import OF_NOTICES, Findings, Promise
from drills.report import report

CHECKER = Path(drills.checker.__file__).parent
ROOT = CHECKER.parent.parent
KNOWN = {"drills.checker", "drills.journal"}


def imported(file: Path) -> set[str]:
    """The modules that a file names, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def ours(module: str) -> bool:
    """Whether a module is of this repository."""
    place = ROOT / module.partition(".")[0]
    return place.is_dir() or place.with_suffix(".py").is_file()


@pytest.mark.parametrize(
    "file", [*CHECKER.glob("*.py"), CHECKER.parent / "journal.py"], ids=lambda file: file.name
)
def test_the_checker_shares_no_code_with_the_product(file: Path) -> None:
    named = {module for module in imported(file) if ours(module)}
    assert all(module.startswith(tuple(KNOWN)) for module in named), named


def test_what_is_broken_and_what_was_not_looked_at_are_both_amiss(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, more = Findings(), Findings()
    for promise in OF_NOTICES:
        found.hold(promise, holds=True, otherwise="")
    assert report(found, OF_NOTICES, {}) == 0
    more.hold(Promise.ARRIVED, holds=False, otherwise="a lost mail")
    found.add(more)
    found.checked[Promise.SIGNED] = 0
    assert report(found, OF_NOTICES, {"mails": 7}) == 2
    printed = capsys.readouterr().out
    assert "a lost mail" in printed
    assert f"Nothing was there to check of: {Promise.SIGNED}" in printed
    assert found.idle(OF_NOTICES) == [Promise.SIGNED]
