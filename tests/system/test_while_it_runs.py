"""What a stack that runs is good for: what it printed holds, README can be typed, the demo plays.

One stack is enough for all of this, and takes long to start: hence one file, for tests of one file
stay together.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import cli
from tests.system.running_stack import RunningStack, wait_until

ROOT = Path(cli.__file__).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

_SECONDS = 180  # the demo takes a quarter of a minute; two side by side, on a busy machine, longer

DECISIONS = [
    "Confirmed for",
    "Reminded the provider that changes will soon count as late.",
    "5 days 23 hours before the session: not late.",
    "support amends the date next.",
    "by support.",
    "Reminded the provider and the client that the session starts soon.",
    "Completed: the session's end has passed.",
    "it would be your first late cancellation, and a warning.",
    "This is the first late cancellation.",
    "This is the second late cancellation. The next late cancellation opens a suspension case.",
    "A suspension case was opened.",
    "the provider's topic is listed",
    "No proof was provided within 7 days.",
    "the provider's topic is not listed",
    "refused: topic-suspended",
    "The provider brought proof-1",
    "Support accepted proof-1.",
    "Topics reinstated:",
    "the provider's topic is listed",
    "The request was withdrawn; that never counts.",
    ": warned",
    "late cancellations that count 1",
    "The statement of reasons of the case",
    "3 late cancellations, more than the 2 that are allowed within 5 days of the session.",
]
"""What the demo has to tell, in this order."""


@pytest.fixture(scope="module")
def running() -> Iterator[RunningStack]:
    """A stack that is up. Each test keeps to people of its own."""
    with RunningStack() as stack:
        stack.start_and_wait()
        yield stack


def test_up_serves_and_says_where(running: RunningStack) -> None:
    address = f"http://127.0.0.1:{running.http_port}"

    assert httpx.get(f"{address}/healthz").status_code == 200
    assert re.search(rf"Portal +{address}$", running.output, re.MULTILINE)
    ui_port = running.environment["KEEPDATE_TEMPORAL_UI_PORT"]
    assert f"127.0.0.1:{ui_port}" in running.output


def test_up_says_what_to_type_for_a_token(running: RunningStack) -> None:
    hint = re.search(r"A token +(.+)$", running.output, re.MULTILINE)
    assert hint is not None

    typed = subprocess.run(
        shlex.split(hint[1]),
        cwd=running.directory,
        env=running.environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert typed.stdout.count(".") == 2


def test_second_up_on_the_same_data_is_refused(running: RunningStack) -> None:
    second = running.run_up()

    assert second.returncode == 1
    assert second.stderr.splitlines() == [
        f"keepdate: Keepdate already runs on {running.data}:"
        f" process {running.supervisor.pid}, http://127.0.0.1:{running.http_port}"
    ]
    assert httpx.get(f"http://127.0.0.1:{running.http_port}/healthz").status_code == 200


def blocks_of(heading: str) -> list[str]:
    """The shell commands below a heading, a block each."""
    _, _, below = README.partition(f"\n## {heading}\n")
    section, _, _ = below.partition("\n## ")
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def environment(running: RunningStack, tmp_path: Path) -> dict[str, str]:
    """A terminal in which `keepdate` and `temporal` find this stack."""
    command = tmp_path / "keepdate"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} {cli.__file__} "$@"\n')
    command.chmod(0o755)
    path = (str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"])
    return running.environment | {
        "PATH": os.pathsep.join(path),
        "TEMPORAL_ADDRESS": f"127.0.0.1:{running.environment['KEEPDATE_TEMPORAL_PORT']}",
    }


def test_first_booking_is_confirmed_over_http_and_by_signal(
    running: RunningStack, environment: dict[str, str]
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
    with running.client("client", "ben") as client:
        wait_until(
            lambda: client.get(f"/v1/bookings/{by_signal}").json()["state"] == "confirmed", _SECONDS
        )


def start_demo(stack: RunningStack) -> subprocess.Popen[str]:
    """Starts the demo in the background."""
    return subprocess.Popen(
        [sys.executable, cli.__file__, "demo"],
        env=stack.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _tells_every_decision(demo: subprocess.Popen[str]) -> None:
    output, errors = demo.communicate(timeout=_SECONDS)
    assert (demo.returncode, errors) == (0, ""), output
    told = " ".join(output.split())
    for decision in DECISIONS:
        _, found, told = told.partition(decision)
        assert found, f"{decision!r} is missing, or out of order, in:\n{output}"


@pytest.mark.long
def test_demo_tells_every_decision(running: RunningStack) -> None:
    _tells_every_decision(start_demo(running))


@pytest.mark.long
def test_demo_can_be_played_again(running: RunningStack) -> None:
    # Side by side is the hardest way to play it twice: nothing of one run may reach the other.
    for demo in [start_demo(running), start_demo(running)]:
        _tells_every_decision(demo)


def operate(stack: RunningStack, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of operators, on the database that the stack says is its own."""
    url = re.search(r"postgresql\S+", stack.output)
    assert url is not None
    return subprocess.run(
        [sys.executable, cli.__file__, *words],
        env=stack.environment | {"KEEPDATE_DATABASE_URL": url.group()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


@pytest.mark.long
def test_what_was_played_is_on_record_as_it_was_decided(running: RunningStack) -> None:
    for command, says in (("repair", "compared: nothing differs."), ("stuck", "gets on.")):
        told = operate(running, command)
        assert (told.returncode, told.stderr) == (0, ""), told.stdout
        assert told.stdout.rstrip().endswith(says)


def test_an_operator_who_names_nobody_is_told_in_one_line(running: RunningStack) -> None:
    told = operate(running, "erase", "client", "", "--yes")
    # With the threads of Temporal's client about: a process that they abort ends otherwise.
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == "keepdate: '' cannot be the id of anybody\n"


def test_a_person_is_exported_by_their_id_alone(running: RunningStack) -> None:
    with running.client("client", "dora") as dora:
        dora.post("/v1/conversations", json={"provider_id": "somebody"}).raise_for_status()
    told = operate(running, "export", "dora")
    assert (told.returncode, told.stderr) == (0, "")
    assert json.loads(told.stdout)["person"] == {"role": "client", "id": "dora"}


def test_demo_without_a_stack_is_one_line() -> None:
    with RunningStack() as stack:
        demo = start_demo(stack)
        output, errors = demo.communicate(timeout=_SECONDS)

    assert (demo.returncode, output) == (1, "")
    assert errors.splitlines() == [
        f"keepdate: no stack answers at http://127.0.0.1:{stack.http_port}:"
        " start one with `keepdate up`"
    ]
