"""Where this process listens, whom it talks to and how it tells people apart.

Everything comes from the environment as `KEEPDATE_…`, so that one image serves every environment;
secrets also from files, as `KEEPDATE_…_FILE`. How to reach Temporal: `config_temporal.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, HttpUrl, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config_files import SecretFileError, SecretFiles
from config_values import (
    CodecKeys,
    DatabaseUrl,
    Host,
    Mailbox,
    MailServerUrl,
    Port,
    address_in,
    keyring,
    origin_of,
)
from domain.notices.endpoint import Reach

DEVELOPMENT_SECRET = "keepdate-development-secret-known-to-everyone"  # noqa: S105
"""Signs tokens on a developer's machine. It is public, so production refuses it."""

DEVELOPMENT_SESSION_SECRET = "keepdate-development-sessions-known-to-everyone"  # noqa: S105
"""Signs the portal's cookies on a developer's machine. It is public, so production refuses it."""


class ConfigurationError(Exception):
    """The environment does not make sense; the message is one line for the operator."""


class Settings(BaseSettings):
    """What the operator may set, each as `KEEPDATE_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="KEEPDATE_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    environment: Literal["development", "production"] = "development"
    """In `production`, conveniences that would be unsafe there are refused."""

    http_host: Host = "127.0.0.1"
    """Address that the API and the portal listen on. A container sets `0.0.0.0`."""

    http_port: Port = 8000
    """Port of the API and the portal."""

    metrics_host: Host = "127.0.0.1"
    """Address that the worker's metrics listen on."""

    metrics_port: Port = 9464
    """Port of the worker's Prometheus metrics. The API serves its own at `/metrics`."""

    temporal_port: Port = 7233
    """Port of the embedded Temporal server, and of the default target on this machine."""

    temporal_ui_port: Port = 8233
    """Port of the embedded Temporal server's web page."""

    temporal_ui_url: HttpUrl | None = None
    """Where people reach the Temporal UI, which support is linked to; this machine's by default."""

    data_dir: Path = Path(".keepdate")
    """Where `keepdate up` keeps its databases and logs."""

    database_url: DatabaseUrl | None = Field(default=None, repr=False)
    """PostgreSQL, as a SQLAlchemy or libpq URL, with several servers and libpq's options if there
    are any. `keepdate up` brings its own."""

    jwt_secret: str = Field(default=DEVELOPMENT_SECRET, min_length=32, repr=False)
    """Shared secret that signs tokens by HS256. Not used where `KEEPDATE_JWKS_URL` is set."""

    jwks_url: HttpUrl | None = None
    """Where the identity provider publishes its public keys. The shared secret is then off. While
    the provider cannot be reached, the keys that are known hold for an hour."""

    jwt_audience: str | None = None
    """The `aud` that a token must carry; anything is accepted if this is not set."""

    jwt_issuer: str | None = None
    """The `iss` that a token must carry; anything is accepted if this is not set."""

    public_url: HttpUrl | None = None
    """Where people reach the portal, as `https://bookings.example.org`, without a path. Cookies are
    for TLS alone and browsers are told to insist on it where this begins with https."""

    session_secret: str = Field(default=DEVELOPMENT_SESSION_SECRET, min_length=32, repr=False)
    """Signs the cookies of people who are signed in to the portal. Changing it signs all out."""

    oidc_discovery_url: HttpUrl | None = None
    """The identity provider to sign in with, by its `/.well-known/openid-configuration`."""

    oidc_client_id: str | None = None
    """What the portal is known by at the identity provider."""

    oidc_client_secret: str | None = Field(default=None, repr=False)
    """The portal's secret at the identity provider; a public client has none, and PKCE alone."""

    oidc_role_claim: str = "role"
    """Which claim of an ID token holds the role: a text or a list, with dots for claims inside."""

    oidc_id_claim: str = "sub"
    """Which claim of an ID token holds the person's id at the marketplace."""

    smtp_url: MailServerUrl | None = Field(default=None, repr=False)
    """Mail server, as `smtp://`, `smtp+starttls://` or `smtps://user:password@host:port`; the first
    is encrypted where the server offers it, and always with a password. Without a server no mail is
    sent."""

    mail_from: Mailbox | None = None
    """Whom mails and invites come from, as `Keepdate <bookings@example.org>`. Needed with a mail
    server."""

    mail_reply_to: Mailbox | None = None
    """Where answers to mails go, if not to whom they come from."""

    repeatable_days: int = Field(default=7, ge=4, le=3650)
    """How many days the answer to a request with an `Idempotency-Key` is kept, and a creation that
    was taken waits to be recorded. What is older is deleted daily."""

    webhook_allow_private: bool = False
    """Lets webhooks reach private addresses, this machine's among them, and by plain http."""

    codec_keys: CodecKeys | None = Field(default=None, repr=False)
    """Encrypts what Temporal stores: keys as `<id>:<32 bytes in base64>`, with spaces between, the
    newest first. That one encrypts, the others still decrypt."""

    task_queue: str = Field(default="bookings", min_length=1)
    """Temporal task queue that the workflows and activities are served on. Mails and webhooks have
    one of their own beside it, `<this>-deliveries`."""

    deployment_name: str = Field(default="keepdate", pattern=r"^[^.]+$")
    """What the workers of one environment are called together, as a Worker Deployment."""

    deployment_build_id: str | None = None
    """Turns Worker Versioning on: which build this worker is. It gets work once this build is made
    the current one; see docs/deploy.md."""

    max_cached_workflows: int = Field(default=1000, ge=1, le=1_000_000)
    """Workflows kept in the worker's memory, about 80 kB each. Evicted ones are replayed."""

    graceful_shutdown_seconds: float = Field(default=8.0, ge=0, le=3600)
    """How long a stopping process may finish what it has begun, in seconds."""

    accepted_risks: str | None = None
    """Variables whose line in `keepdate check-config` is accepted, with spaces between, as for a
    network that is private already."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe log line that is written."""

    log_format: Literal["console", "json"] | None = None
    """Whether the log is for people or for machines to read; left out, `json` in production."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Ours come from the environment, and secrets from the files that it names as well."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, SecretFiles(settings_cls)

    @model_validator(mode="after")
    def _refuse_public_secret_in_production(self) -> Self:
        if self.environment == "production" and self.signs_with_public_secret:
            raise ValueError(
                "KEEPDATE_ENVIRONMENT=production needs KEEPDATE_JWKS_URL or a KEEPDATE_JWT_SECRET"
                " of its own"
            )
        return self

    @model_validator(mode="after")
    def _send_mail_from_somebody(self) -> Self:
        if self.smtp_url is not None and self.mail_from is None:
            raise ValueError("KEEPDATE_SMTP_URL needs a KEEPDATE_MAIL_FROM")
        return self

    @model_validator(mode="after")
    def _know_the_portal_by_a_name(self) -> Self:
        if self.oidc_discovery_url is not None and self.oidc_client_id is None:
            raise ValueError("KEEPDATE_OIDC_DISCOVERY_URL needs a KEEPDATE_OIDC_CLIENT_ID")
        return self

    @property
    def log_form(self) -> Literal["console", "json"]:
        """The form in which the log is written."""
        return self.log_format or ("json" if self.environment == "production" else "console")

    @property
    def shared_secret(self) -> str | None:
        """The secret that tokens are checked with, or None where public keys are used."""
        return None if self.jwks_url else self.jwt_secret

    @property
    def signs_with_public_secret(self) -> bool:
        """Whether anyone who has read this file could make a token that is accepted here."""
        return self.shared_secret == DEVELOPMENT_SECRET

    @property
    def behind_tls(self) -> bool:
        """Whether people reach the portal over TLS, so that cookies may insist on it."""
        return self.environment == "production" or (
            self.public_url is not None and self.public_url.scheme == "https"
        )

    @property
    def public_origin(self) -> str | None:
        """Scheme, host and port by which people reach the portal, as a browser says it."""
        if self.public_url is None:
            return None
        return origin_of(str(self.public_url))

    @property
    def mail_address(self) -> str | None:
        """The bare address that mails and invites come from."""
        return address_in(self.mail_from) if self.mail_from else None

    @property
    def codec_keyring(self) -> dict[str, bytes]:
        """The keys that encrypt what Temporal stores, by their ids, the newest first."""
        return keyring(self.codec_keys or "")

    @property
    def webhook_reach(self) -> Reach:
        """Where webhooks may go. What they tell is private, so production insists on https."""
        private = self.webhook_allow_private
        return Reach(private=private, plain=private or self.environment != "production")

    @property
    def temporal_ui(self) -> str:
        """The address of the Temporal UI."""
        return str(self.temporal_ui_url or f"http://127.0.0.1:{self.temporal_ui_port}")

    def require_session_secret(self) -> str:
        """The secret that sessions are signed with; in production, one of the operator's own."""
        if self.environment == "production" and self.session_secret == DEVELOPMENT_SESSION_SECRET:
            raise ConfigurationError(
                "KEEPDATE_ENVIRONMENT=production needs a KEEPDATE_SESSION_SECRET of its own"
            )
        return self.session_secret

    def require_database_url(self) -> str:
        """The database to use, for a command that cannot do without one."""
        if self.database_url is None:
            raise ConfigurationError(
                "KEEPDATE_DATABASE_URL is not set (`keepdate up` prints that of its own database)"
            )
        return self.database_url


def load_settings(**fixed: Any) -> Settings:
    """Reads the environment, but for the settings that are given here.

    Raises ConfigurationError, naming every variable that does not make sense.
    """
    try:
        return Settings(**fixed)
    except ValidationError as error:
        raise ConfigurationError("; ".join(_complaints(error))) from None
    except SecretFileError as error:
        raise ConfigurationError(str(error)) from None


def _complaints(error: ValidationError) -> list[str]:
    prefix = Settings.model_config.get("env_prefix", "")
    return [
        f"{prefix}{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}"
        if item["loc"]
        else item["msg"].removeprefix("Value error, ")
        for item in error.errors()
    ]
