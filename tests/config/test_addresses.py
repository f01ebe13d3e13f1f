"""Addresses are read as the programs read them that they are for, or refused in one line."""

from __future__ import annotations

import pytest

from config import ConfigurationError, Settings, load_settings
from config_temporal import temporal_connection
from config_values import server_at
from db.engine import connection_options

WORD = "sesame"


@pytest.mark.parametrize(
    ("url", "led"),
    [
        ("postgresql://u:p@h/k", {"host": "h", "dbname": "k"}),
        ("postgresql://u:a,b@[::1]:5433/k", {"host": "::1", "port": 5433, "password": "a,b"}),
        ("postgres://u:p@h1,h2/k", {"host": "h1,h2", "dbname": "k"}),
        (
            "postgresql://u:p@h1:5432,h2:5433/k?target_session_attrs=read-write",
            {"host": "h1,h2", "port": "5432,5433", "target_session_attrs": "read-write"},
        ),
        ("postgresql://h1,[::1]:5433", {"host": "h1,::1", "port": ",5433"}),
        ("postgresql+psycopg://u@/k?host=h1:1&host=h2:2", {"host": "h1,h2", "port": "1,2"}),
        ("postgresql:///k?host=/run/postgresql", {"host": "/run/postgresql"}),
        ("postgresql://h/k?connect_timeout=2", {"connect_timeout": "2"}),
    ],
)
def test_a_database_is_where_libpq_and_sqlalchemy_say(
    url: str, led: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEPDATE_DATABASE_URL", url)
    options = connection_options(load_settings().require_database_url(), "test")
    assert led.items() <= options.items()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KEEPDATE_DATABASE_URL", f"mysql://u:{WORD}@h/k"),
        ("KEEPDATE_DATABASE_URL", f"postgresql://u:{WORD}@h:port/k"),
        ("KEEPDATE_DATABASE_URL", f"postgresql://u:{WORD}@h1,h2/k?host=h3:x"),
        ("KEEPDATE_DATABASE_URL", f"postgresql://u:{WORD}@h/k?sslmod=require"),
        ("KEEPDATE_SMTP_URL", f"smtps://u:{WORD}/x@mail.example.org"),
        ("KEEPDATE_SMTP_URL", f"smtps://{WORD}:25/x@mail.example.org"),
        ("KEEPDATE_SMTP_URL", f"smtps://u:{WORD}@mail.example.org:port"),
        ("KEEPDATE_SMTP_URL", f"smtps://u:{WORD}@mail.example.org:99999"),
        ("KEEPDATE_SMTP_URL", f"smtps://u:{WORD}@"),
        ("KEEPDATE_JWKS_URL", f"{WORD}.example.org/jwks.json"),
        ("KEEPDATE_JWKS_URL", " "),
    ],
)
def test_what_cannot_be_read_is_named_and_not_quoted(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEPDATE_MAIL_FROM", "bookings@example.org")
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=f"^{variable}: ") as refused:
        load_settings()
    assert WORD not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("written", ["::1", "[::1]"])
def test_an_ipv6_address_is_one_with_brackets_or_without(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEPDATE_HTTP_HOST", written)
    monkeypatch.setenv("KEEPDATE_METRICS_HOST", written)
    settings = load_settings()
    assert settings.http_host == "::1"
    assert server_at(settings.metrics_host, settings.metrics_port) == "[::1]:9464"


@pytest.mark.parametrize("address", ["::1:7233", "[::1:7233", "a b:7233", ":7233", "a:port", "a:0"])
def test_what_is_no_address_of_temporal_is_told(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    with pytest.raises(ConfigurationError, match="is no host:port"):
        temporal_connection(Settings())


@pytest.mark.parametrize("address", ["[::1]:7233", "temporal:7233", "127.0.0.1:1", "localhost"])
def test_what_can_be_one_is_left_as_it_is(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    assert temporal_connection(Settings())["target_host"] == address


@pytest.mark.parametrize(
    "variable",
    [
        "KEEPDATE_GRACEFUL_SHUTDOWN_SECONDS",
        "KEEPDATE_MAX_CACHED_WORKFLOWS",
        "KEEPDATE_REPEATABLE_DAYS",
    ],
)
@pytest.mark.parametrize("number", ["inf", "1e300", "99999999999999999999"])
def test_a_number_that_no_program_can_use_is_told(
    variable: str, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, number)
    with pytest.raises(ConfigurationError, match=f"^{variable}: "):
        load_settings()
