"""One running stack for the tests that leave it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.running_stack import RunningStack


@pytest.fixture(scope="session")
def shared_stack() -> Iterator[RunningStack]:
    """A stack that is up. Each test keeps to people of its own."""
    with RunningStack() as stack:
        stack.start_and_wait()
        yield stack
