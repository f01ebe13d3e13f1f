"""`keepdate demo` against a running stack, as a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import cli
from tests.system.running_stack import RunningStack

_DEMO_SECONDS = 60  # what the demo promises to take at most, also where two run side by side

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
    output, errors = demo.communicate(timeout=_DEMO_SECONDS)
    assert (demo.returncode, errors) == (0, ""), output
    told = " ".join(output.split())
    for decision in DECISIONS:
        _, found, told = told.partition(decision)
        assert found, f"{decision!r} is missing, or out of order, in:\n{output}"


def test_demo_tells_every_decision(shared_stack: RunningStack) -> None:
    _tells_every_decision(start_demo(shared_stack))


@pytest.mark.long
def test_demo_can_be_played_again(shared_stack: RunningStack) -> None:
    # Side by side is the hardest way to play it twice: nothing of one run may reach the other.
    for demo in [start_demo(shared_stack), start_demo(shared_stack)]:
        _tells_every_decision(demo)


def test_what_was_played_is_on_record_as_it_was_decided(shared_stack: RunningStack) -> None:
    url = re.search(r"postgresql\S+", shared_stack.output)
    assert url is not None
    environment = shared_stack.environment | {"KEEPDATE_DATABASE_URL": url.group()}
    for command, says in (("repair", "compared: nothing differs."), ("stuck", "gets on.")):
        told = subprocess.run(
            [sys.executable, cli.__file__, command],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_DEMO_SECONDS,
            check=False,
        )
        assert (told.returncode, told.stderr) == (0, ""), told.stdout
        assert told.stdout.rstrip().endswith(says)


def test_demo_without_a_stack_is_one_line() -> None:
    with RunningStack() as stack:
        demo = start_demo(stack)
        output, errors = demo.communicate(timeout=_DEMO_SECONDS)

    assert (demo.returncode, output) == (1, "")
    assert errors.splitlines() == [
        f"keepdate: no stack answers at http://127.0.0.1:{stack.http_port}:"
        " start one with `keepdate up`"
    ]
