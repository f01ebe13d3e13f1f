"""A process ends when its work has, well or not, whatever its threads still wait for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.packaging.project import ROOT

_ENDS_SECONDS = 60

# As the threads of Temporal's client may, which an interpreter that ends waits for.
_BUSY = """
import sys, threading
from cli import main
threading.Thread(target=threading.Event().wait).start()
sys.argv = ["keepdate", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["queries"], 0, ""),
        (["worker"], 1, "keepdate: KEEPDATE_DATABASE_URL"),
        (["token", "--role", "king", "--sub", "ada"], 2, "Usage:"),
    ],
)
def test_it_ends_and_says_how(words: list[str], code: int, told: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KEEPDATE_")}
    ended = subprocess.run(
        [sys.executable, "-c", _BUSY, *words],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        timeout=_ENDS_SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stderr[: len(told)]) == (code, told), ended.stderr
