"""Where drills take hold of the product, it is still held together."""

from __future__ import annotations

import subprocess
import sys

import pytest

from drills.seams import SEAMS, Seam, SeamGoneError

_WHO_HAS_TAKEN_THE_CLOCK = """
import sys
from drills.seams import CLOCK
its = CLOCK.found()
print([name for name, module in sys.modules.items() if getattr(module, "clock", None) is its])
"""


@pytest.mark.parametrize("seam", SEAMS, ids=lambda seam: f"{seam.owner}.{seam.name}")
def test_a_seam_is_there(seam: Seam) -> None:
    assert callable(seam.found())


@pytest.mark.parametrize(
    "seam",
    [
        Seam("db.recording.journal:Journal", "rows_of_events", ("self",)),
        Seam("db.recording.journal:Journal", "event_rows", ("self", "conn")),
        Seam("db.recording.journal:Ledger", "event_rows", ("self",)),
        Seam("db.recordings", "event_rows", ("self",)),
    ],
    ids=["renamed", "takes something else", "in another class", "in another module"],
)
def test_a_seam_that_is_gone_is_told_of(seam: Seam) -> None:
    with pytest.raises(SeamGoneError, match="is gone"):
        seam.put(lambda *_: None)


def test_nobody_has_taken_the_clock_from_where_another_is_put() -> None:
    found = subprocess.run(
        [sys.executable, "-c", _WHO_HAS_TAKEN_THE_CLOCK],
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == "['api.services']"
