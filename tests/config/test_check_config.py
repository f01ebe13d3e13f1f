"""`keepdate check-config` says what is unsafe, and with which variable to mend it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli import app

SAFE = {
    "KEEPDATE_ENVIRONMENT": "production",
    "KEEPDATE_JWKS_URL": "https://id.example.org/jwks.json",
    "KEEPDATE_JWT_AUDIENCE": "keepdate",
    "KEEPDATE_SESSION_SECRET": "s" * 32,
    "KEEPDATE_PUBLIC_URL": "https://bookings.example.org",
    "KEEPDATE_OIDC_DISCOVERY_URL": "https://id.example.org/.well-known/openid-configuration",
    "KEEPDATE_OIDC_CLIENT_ID": "keepdate",
    "KEEPDATE_DATABASE_URL": "postgresql://keepdate@db.example.org/keepdate?sslmode=verify-full",
    "KEEPDATE_SMTP_URL": "smtps://mail.example.org",
    "KEEPDATE_MAIL_FROM": "bookings@example.org",
    "KEEPDATE_CODEC_KEYS": f"2026:{'A' * 43}=",
    "KEEPDATE_TEMPORAL_UI_URL": "https://temporal.example.org",
    "TEMPORAL_ADDRESS": "temporal.example.org:7233",
    "TEMPORAL_API_KEY": "tell-nobody",
}


def check(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[int, list[str]]:
    """How the command ends with these variables alone, and the lines that it prints."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["check-config"])
    assert "tell-nobody" not in result.output
    return result.exit_code, result.output.splitlines()


def test_a_laptop_is_safe_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    laptop = {"KEEPDATE_ENVIRONMENT": "development"}
    assert check(monkeypatch, **laptop) == (0, ["Safe for development."])


def test_what_is_no_declared_laptop_is_asked_about_as_production(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, lines = check(monkeypatch)
    assert code == 1
    assert [line.split(":")[0].removeprefix("UNSAFE  ") for line in lines] == [
        "KEEPDATE_JWT_SECRET",
        "KEEPDATE_SESSION_SECRET",
        "KEEPDATE_ENVIRONMENT",
        "KEEPDATE_PUBLIC_URL",
        "KEEPDATE_CODEC_KEYS",
    ]


def test_a_production_can_be_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(monkeypatch, **SAFE) == (0, ["Safe for production."])


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("KEEPDATE_JWKS_URL", "", "KEEPDATE_JWT_SECRET"),
        ("KEEPDATE_JWKS_URL", "http://id.example.org/jwks.json", "KEEPDATE_JWKS_URL"),
        ("KEEPDATE_JWT_AUDIENCE", "", "KEEPDATE_JWT_AUDIENCE"),
        ("KEEPDATE_SESSION_SECRET", "", "KEEPDATE_SESSION_SECRET"),
        ("KEEPDATE_PUBLIC_URL", "", "KEEPDATE_PUBLIC_URL"),
        ("KEEPDATE_PUBLIC_URL", "http://bookings.example.org", "KEEPDATE_PUBLIC_URL"),
        ("KEEPDATE_OIDC_DISCOVERY_URL", "http://id.example.org/", "KEEPDATE_OIDC_DISCOVERY_URL"),
        ("KEEPDATE_DATABASE_URL", "postgresql://db.example.org/k", "KEEPDATE_DATABASE_URL"),
        (
            "KEEPDATE_DATABASE_URL",
            "postgresql://db.example.org/k?sslmode=prefer",
            "KEEPDATE_DATABASE_URL",
        ),
        (
            "KEEPDATE_DATABASE_URL",
            "postgresql://127.0.0.1:5432,db.example.org:5432/k",
            "KEEPDATE_DATABASE_URL",
        ),
        ("KEEPDATE_SMTP_URL", "smtp://mail.example.org", "KEEPDATE_SMTP_URL"),
        ("KEEPDATE_CODEC_KEYS", "", "KEEPDATE_CODEC_KEYS"),
        ("KEEPDATE_TEMPORAL_UI_URL", "http://ui.example.org", "KEEPDATE_TEMPORAL_UI_URL"),
        ("TEMPORAL_API_KEY", "", "TEMPORAL_TLS"),
        ("TEMPORAL_TLS", "false", "TEMPORAL_TLS"),
        ("KEEPDATE_METRICS_HOST", "0.0.0.0", "KEEPDATE_METRICS_HOST"),
        ("KEEPDATE_METRICS_HOST", "::", "KEEPDATE_METRICS_HOST"),
        ("KEEPDATE_WEBHOOK_ALLOW_PRIVATE", "1", "KEEPDATE_WEBHOOK_ALLOW_PRIVATE"),
    ],
)
def test_each_thing_that_is_unsafe_is_one_line(
    variable: str, value: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, lines = check(monkeypatch, **{**SAFE, variable: value})
    assert code == 1
    assert [line.split(":")[0] for line in lines] == [f"UNSAFE  {named}"]


@pytest.mark.parametrize(
    "url",
    ["postgresql://localhost/k", "postgresql://[::1]/k", "postgresql:///k?host=/run/postgresql"],
)
def test_a_database_on_this_machine_needs_no_tls(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(monkeypatch, **{**SAFE, "KEEPDATE_DATABASE_URL": url})[0] == 0


def test_libpqs_own_variable_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {**SAFE, "KEEPDATE_DATABASE_URL": "postgresql://db.example.org/k"}
    assert check(monkeypatch, **plain, PGSSLMODE="verify-full")[0] == 0


def test_all_that_production_refuses_to_start_with_is_listed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, lines = check(monkeypatch, KEEPDATE_ENVIRONMENT="production")
    assert code == 1
    named = [line.split(":")[0].removeprefix("UNSAFE  ") for line in lines]
    assert named == [
        "KEEPDATE_JWT_SECRET",
        "KEEPDATE_SESSION_SECRET",
        "KEEPDATE_PUBLIC_URL",
        "KEEPDATE_CODEC_KEYS",
    ]


def test_a_laptop_that_others_can_reach_is_open_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    laptop = {"KEEPDATE_ENVIRONMENT": "development", "KEEPDATE_HTTP_HOST": "0.0.0.0"}
    code, lines = check(monkeypatch, **laptop)
    assert code == 1
    assert [line.split(":")[0].removeprefix("UNSAFE  ") for line in lines] == [
        "KEEPDATE_JWT_SECRET",
        "KEEPDATE_SESSION_SECRET",
        "KEEPDATE_ENVIRONMENT",
    ]


def test_production_can_be_asked_about_before_it_is_declared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in SAFE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("KEEPDATE_ENVIRONMENT")
    result = CliRunner().invoke(app, ["check-config", "--environment", "production"])
    assert result.exit_code == 1
    assert result.output.startswith("UNSAFE  KEEPDATE_ENVIRONMENT: ")


def test_a_risk_can_be_accepted_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    risk = {"KEEPDATE_METRICS_HOST": "0.0.0.0", "KEEPDATE_ACCEPTED_RISKS": "KEEPDATE_METRICS_HOST"}
    code, lines = check(monkeypatch, **SAFE, **risk)
    assert code == 0
    assert [line.partition(":")[0] for line in lines] == [
        "accepted  KEEPDATE_METRICS_HOST",
        "Nothing else is unsafe for production.",
    ]
