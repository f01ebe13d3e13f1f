"""What README tells a newcomer to type works as it stands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cli
from tests.system.running_stack import RunningStack, wait_until

ROOT = Path(cli.__file__).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
_SECONDS = 60


def blocks_of(heading: str) -> list[str]:
    """The shell commands below a heading, a block each."""
    _, _, below = README.partition(f"\n## {heading}\n")
    section, _, _ = below.partition("\n## ")
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def environment(shared_stack: RunningStack, tmp_path: Path) -> dict[str, str]:
    """A terminal in which `keepdate` and `temporal` find this stack."""
    command = tmp_path / "keepdate"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} {cli.__file__} "$@"\n')
    command.chmod(0o755)
    path = (str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"])
    return shared_stack.environment | {
        "PATH": os.pathsep.join(path),
        "TEMPORAL_ADDRESS": f"127.0.0.1:{shared_stack.environment['KEEPDATE_TEMPORAL_PORT']}",
    }


def test_first_booking_is_confirmed_over_http_and_by_signal(
    shared_stack: RunningStack, environment: dict[str, str]
) -> None:
    blocks = blocks_of("A first booking") + blocks_of("The same by signal")
    assert len(blocks) == 5

    typed = subprocess.run(
        ["bash", "-eu"],
        input="\n".join([*blocks, 'echo; echo "$BOOKING"']),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )

    assert typed.returncode == 0, typed.stdout + typed.stderr
    confirmed = json.loads(typed.stdout[: typed.stdout.index("}{") + 1])
    assert confirmed["state"] == "confirmed"
    by_signal = typed.stdout.split()[-1]
    with shared_stack.client("client", "ben") as client:
        wait_until(
            lambda: client.get(f"/v1/bookings/{by_signal}").json()["state"] == "confirmed", _SECONDS
        )
