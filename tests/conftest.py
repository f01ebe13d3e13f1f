"""Real parts that every tier shares; each is started when the first test asks for it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import hypothesis
import pytest
from temporalio.testing import WorkflowEnvironment

from config import Settings
from dev.postgres import Postgres
from dev.temporal import temporal_command
from tests.emptying import empty

_TEMPLATE = "keepdate_template"
_numbers = count(1)

# The machine is shared, so how long an example takes says nothing about the code.
hypothesis.settings.register_profile(
    "keepdate", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("keepdate")


# Tests of one file stay together. These files take tens of seconds each: begun last, one of them
# would be waited for by whoever is done. What computes all the time is begun beside what waits.
_BEGUN_FIRST = (
    "tests/browser/test_pages.py",
    "tests/workflows/test_races.py",
    "tests/system/test_while_it_runs.py",
    "tests/browser/test_journey.py",
    "tests/api/test_description.py",
    "tests/system/test_up.py",
    "tests/browser/test_protection.py",
    "tests/workflows/test_continue_as_new.py",
    "tests/workflows/test_deliveries.py",
    "tests/workflows/test_operators.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with what takes longest; the order of the rest stays."""
    places = {file: place for place, file in enumerate(_BEGUN_FIRST)}
    last = len(places)
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], last))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Drills go on for longer than tests."""
    parser.addoption(
        "--fuzz", type=int, default=1, metavar="N", help="try N times as much that is made up"
    )


def pytest_configure() -> None:
    """What the developer has set for their own stack must not reach the tests."""
    for name in list(os.environ):
        if name.startswith(("KEEPDATE_", "TEMPORAL_")):
            del os.environ[name]
    os.environ["TEMPORAL_CONFIG_FILE"] = os.devnull


@pytest.fixture(scope="session")
def fuzz(request: pytest.FixtureRequest) -> int:
    """How many times as much to try of what is made up."""
    times: int = request.config.getoption("--fuzz")
    return times


@pytest.fixture(scope="session", autouse=True)
def _patient() -> Iterator[None]:
    """An API waits for its worker as long as the machine takes; who has no worker says so.

    And for Temporal: where there is none, that is known at once.
    """
    with pytest.MonkeyPatch.context() as patience:
        patience.setattr("api.patience.ANSWER_WITHIN", timedelta(seconds=60))
        patience.setattr("api.outcomes._DELIVER_WITHIN", timedelta(seconds=60))
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this run's own."""
    # Not pytest's temporary directory, which another run closes to the server's account.
    directory = Path(tempfile.mkdtemp(prefix="keepdate-"))
    try:
        with Postgres(directory / "pg", durable=False) as server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(postgres: Postgres) -> str:
    """The name of a migrated, empty database to copy."""
    from db.migrate import upgrade

    postgres.create_database(_TEMPLATE)
    upgrade(postgres.url(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture(scope="session")
def reused_database(postgres: Postgres, template_database: str) -> Iterator[str]:
    """The URL of a migrated database that one test has after the other."""
    yield from copied(postgres, template_database)


@pytest.fixture
def database(reused_database: str) -> str:
    """The URL of a migrated, empty database for one test alone, which alters none of its tables."""
    empty(reused_database)
    return reused_database


@pytest.fixture(scope="session")
def shared_database(postgres: Postgres, template_database: str) -> Iterator[str]:
    """The URL of a migrated database that tests share; each keeps to ids of its own.

    A tier with something in it that concerns everybody, such as the endpoints of services, has
    another one.
    """
    yield from copied(postgres, template_database)


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[str]:
    """The URL of a database without any table."""
    yield from copied(postgres, "template0")


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server on which each workflow's clock can be moved forward.

    Start workflows inside `temporal.with_time_skipping_disabled()`, then move one workflow's
    time by `await temporal.fast_forward(handle, timedelta(...))`.
    """
    from workflows.payloads import data_converter

    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=temporal_command(),
        dev_server_extra_args=[
            "--dynamic-config-value",
            "frontend.WorkflowTimeSkippingEnabled=true",
            # Operators of some clusters can pause workflows.
            "--dynamic-config-value",
            "frontend.WorkflowPauseEnabled=true",
            # Timers are up to a second late otherwise, which tests would wait for.
            "--dynamic-config-value",
            'history.timerProcessorMaxTimeShift="20ms"',
        ],
        dev_server_log_level="error",
        data_converter=data_converter,
    ) as environment:
        yield environment


@pytest.fixture
def settings(database: str, temporal: WorkflowEnvironment) -> Settings:
    """Settings for a database of the test's own and the shared Temporal server."""
    return settings_for(database, temporal)


@pytest.fixture(scope="session")
def shared_settings(shared_database: str, temporal: WorkflowEnvironment) -> Settings:
    """Settings for the shared database and the shared Temporal server."""
    return settings_for(shared_database, temporal)


def settings_for(database_url: str, temporal: WorkflowEnvironment) -> Settings:
    """Settings for a database and the shared Temporal server."""
    _, _, port = temporal.client.service_client.config.target_host.rpartition(":")
    return Settings(database_url=database_url, temporal_port=int(port))


def copied(postgres: Postgres, template: str) -> Iterator[str]:
    """A database of one's own, for as long as it is needed: its URL."""
    name = f"test_{next(_numbers)}"
    postgres.create_database(name, template=template)
    yield postgres.url(name)
    postgres.drop_database(name)
