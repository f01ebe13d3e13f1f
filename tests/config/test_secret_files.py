"""Secrets come from the environment, or from files that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import DEVELOPMENT_SECRET, ConfigurationError, Settings, load_settings
from config_files import is_secret

SECRETS = {
    "codec_keys": "2026:" + "A" * 43 + "=",
    "database_url": "postgresql+psycopg://keepdate:word@db/keepdate",
    "jwt_secret": "j" * 32,
    "oidc_client_secret": "a secret with a space at its end ",
    "session_secret": "s" * 32,
    "smtp_url": "smtps://keepdate:word@mail",
}


@pytest.fixture(autouse=True)
def _sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPDATE_MAIL_FROM", "bookings@example.org")


def _name(secret: str) -> str:
    return f"KEEPDATE_{secret.upper()}"


def test_every_secret_is_one_that_is_never_shown() -> None:
    assert {name for name, field in Settings.model_fields.items() if is_secret(field)} >= set(
        SECRETS
    )


@pytest.mark.parametrize("secret", SECRETS)
def test_a_file_is_as_good_as_a_variable(
    secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / secret
    file.write_text(f"{SECRETS[secret]}\n", encoding="utf-8")
    monkeypatch.setenv(f"{_name(secret)}_FILE", str(file))
    settings = load_settings()
    assert getattr(settings, secret) == SECRETS[secret]
    assert SECRETS[secret] not in repr(settings)


def test_an_empty_file_counts_as_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    monkeypatch.setenv("KEEPDATE_JWT_SECRET_FILE", str(tmp_path / "empty"))
    monkeypatch.setenv("KEEPDATE_SESSION_SECRET_FILE", "")
    assert load_settings().jwt_secret == DEVELOPMENT_SECRET


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "missing"
    monkeypatch.setenv("KEEPDATE_JWT_SECRET_FILE", str(missing))
    told = f"KEEPDATE_JWT_SECRET_FILE: {missing}: No such file or directory"
    with pytest.raises(ConfigurationError, match=f"^{told}$"):
        load_settings()


def test_a_secret_that_is_given_twice_is_not_guessed_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("f" * 32, encoding="utf-8")
    monkeypatch.setenv("KEEPDATE_JWT_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("KEEPDATE_JWT_SECRET", "v" * 32)
    with pytest.raises(ConfigurationError, match="are both set"):
        load_settings()


def test_what_is_wrong_in_a_file_is_told_without_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "short").write_text("tell-nobody", encoding="utf-8")
    monkeypatch.setenv("KEEPDATE_JWT_SECRET_FILE", str(tmp_path / "short"))
    with pytest.raises(ConfigurationError, match="KEEPDATE_JWT_SECRET") as raised:
        load_settings()
    assert "tell-nobody" not in str(raised.value)


def test_a_setting_that_is_no_secret_is_not_read_from_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEEPDATE_TASK_QUEUE_FILE", "/dev/null")
    assert load_settings().task_queue == "bookings"


@pytest.mark.parametrize(
    "keys",
    ["2026:short", "A" * 43 + "=", f"1:{'A' * 43}= 1:{'B' * 43}=", " ", f"a b:{'A' * 43}="],
)
def test_codec_keys_that_could_not_work_are_refused(
    keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEPDATE_CODEC_KEYS", keys)
    with pytest.raises(ConfigurationError, match="KEEPDATE_CODEC_KEYS"):
        load_settings()


def test_codec_keys_are_in_the_order_that_they_are_given_in() -> None:
    settings = Settings(codec_keys=f"2026:{'A' * 43}=\n2025:{'/' * 42}8=")
    assert list(settings.codec_keyring) == ["2026", "2025"]
    assert settings.codec_keyring["2026"] == bytes(32)
