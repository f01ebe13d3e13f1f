"""The tests of what is made up, for longer: signals that carry anything, whole lives by HTTP."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_TESTS = ("tests/workflows/test_fuzzed_signals.py", "tests/api/test_stateful.py")


def fuzz(times: int, seed: int) -> int:
    """Tries so many times as much as the tests do, chosen by the seed; pytest's exit code.

    What fails is shrunk and printed by Hypothesis, as it is in the tests.
    """
    chosen = [f"--fuzz={times}", f"--hypothesis-seed={seed}"]
    # A process of its own: pytest wants to be there before what it tests is imported.
    ended = subprocess.run(  # noqa: S603 - nothing of it comes from outside
        [sys.executable, "-m", "pytest", "--quiet", *chosen, *_TESTS], cwd=_ROOT, check=False
    )
    return ended.returncode
