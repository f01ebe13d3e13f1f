"""The second Compose file has every secret come from a file, and none from a variable."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import Settings, load_settings
from config_files import is_secret, variable_of
from tests.packaging.project import ROOT
from tests.packaging.test_compose import FILE, OURS, environment

OVERLAY = ROOT / "docker-compose.secrets.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(OVERLAY.read_text(encoding="utf-8"))
SECRETS = {name for name, field in Settings.model_fields.items() if is_secret(field)}
HELD = {
    "codec_keys": f"2026:{'A' * 43}=",
    "database_url": "postgresql+psycopg://keepdate:word@postgres:5432/keepdate",
    "jwt_secret": "j" * 32,
    "oidc_client_secret": "o" * 32,
    "session_secret": "s" * 32,
    "smtp_url": "smtps://keepdate:word@mail",
}
MOUNTED = Path("/run/secrets")


def merged(name: str) -> dict[str, str]:
    """The variables of a service with both files, as Compose merges them."""
    return environment(OURS[name]) | environment(COMPOSE["services"][name])


def test_both_files_follow_the_specification() -> None:
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", FILE, OVERLAY),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_service_of_ours_is_served_and_every_secret_has_a_file() -> None:
    assert set(COMPOSE["services"]) == set(OURS)
    assert set(COMPOSE["secrets"]) == SECRETS == set(HELD)
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}


def test_the_files_are_never_committed() -> None:
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("name", OURS)
def test_no_variable_holds_a_secret(name: str) -> None:
    variables = merged(name)

    assert {variables.get(variable_of(Settings, secret), "") for secret in SECRETS} == {""}
    assert variables["PGPASSWORD"] == ""


@pytest.mark.parametrize("name", OURS)
def test_settings_come_from_the_files_that_are_mounted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted: list[str] = COMPOSE["services"][name]["secrets"]
    for secret in mounted:
        (tmp_path / secret).write_text(f"{HELD[secret]}\n", encoding="utf-8")
    for variable, value in merged(name).items():
        monkeypatch.setenv(variable, value.replace(str(MOUNTED), str(tmp_path)))
    monkeypatch.setenv("KEEPDATE_MAIL_FROM", "bookings@example.org")

    settings = load_settings()

    assert {secret: getattr(settings, secret) for secret in mounted} == {
        secret: HELD[secret] for secret in mounted
    }
