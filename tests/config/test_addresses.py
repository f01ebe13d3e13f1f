"""Addresses with passwords in them: read as their programs read them, or refused without a word."""

from __future__ import annotations

import pytest

from config import ConfigurationError, load_settings
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
        ("KEEPDATE_SMTP_URL", f"smtps://u:{WORD}/x@mail.example.org"),
        ("KEEPDATE_SMTP_URL", f"smtps://{WORD}:25/x@mail.example.org"),
        ("KEEPDATE_SMTP_URL", f"smtps://u:{WORD}@mail.example.org:port"),
        ("KEEPDATE_SMTP_URL", f"smtps://u:{WORD}@mail.example.org:99999"),
        ("KEEPDATE_SMTP_URL", f"smtps://u:{WORD}@"),
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
