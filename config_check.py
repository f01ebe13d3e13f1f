"""What of the settings is unsafe where Keepdate is to run: `keepdate check-config`."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit

from temporalio.envconfig import ClientConnectConfig

from config import DEVELOPMENT_SESSION_SECRET, Settings

_ENCRYPTED_BY_FORCE = frozenset({"require", "verify-ca", "verify-full"})
"""The `sslmode` of libpq without which it also talks in the clear."""


class Environment(StrEnum):
    """Where Keepdate is to run."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is unsafe: which variable mends it, and what is wrong as it is."""

    variable: str
    told: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.told}"


def unsafe(
    settings: Settings,
    connection: ClientConnectConfig,
    environment: Environment,
    variables: Mapping[str, str],
) -> list[Finding]:
    """What is unsafe in an environment, the gravest first; nothing, where all is well.

    `settings` are loaded as for development, for production refuses to load some of what is listed
    here. `variables` are those of the process.
    """
    production = environment is Environment.PRODUCTION
    found: list[Finding] = []
    if production or not _is_this_machine(settings.http_host):
        found += _open_to_everyone(settings, variables)
    if _is_everywhere(settings.metrics_host):
        found.append(_finding("KEEPDATE_METRICS_HOST", "metrics are served on all interfaces"))
    if production:
        found += _taken_on_trust(settings)
        found += _in_the_clear(settings, connection, variables)
    return found


def _open_to_everyone(settings: Settings, variables: Mapping[str, str]) -> Iterator[Finding]:
    """What anybody who has read the source could use."""
    if settings.signs_with_public_secret:
        yield _finding(
            "KEEPDATE_JWT_SECRET",
            "tokens are signed with the development secret, known to everyone;"
            " set one of your own, or KEEPDATE_JWKS_URL",
        )
    if settings.session_secret == DEVELOPMENT_SESSION_SECRET:
        yield _finding(
            "KEEPDATE_SESSION_SECRET",
            "sessions are signed with the development secret, known to everyone",
        )
    if variables.get("KEEPDATE_ENVIRONMENT") != Environment.PRODUCTION:
        yield _finding(
            "KEEPDATE_ENVIRONMENT",
            "anybody can sign in as one of the demo people; set it to production",
        )
    if settings.webhook_allow_private:
        yield _finding(
            "KEEPDATE_WEBHOOK_ALLOW_PRIVATE",
            "webhooks reach private addresses, those of your network among them",
        )


def _taken_on_trust(settings: Settings) -> Iterator[Finding]:
    """Whom we believe without having to."""
    if settings.jwks_url is not None and settings.jwt_audience is None:
        yield _finding(
            "KEEPDATE_JWT_AUDIENCE", "tokens that were made for other services are accepted"
        )
    for variable, url in (
        ("KEEPDATE_JWKS_URL", settings.jwks_url),
        ("KEEPDATE_OIDC_DISCOVERY_URL", settings.oidc_discovery_url),
    ):
        if url is not None and _is_plain_http(str(url)):
            yield _finding(variable, "is fetched without TLS, so anybody on the way can change it")


def _in_the_clear(
    settings: Settings, connection: ClientConnectConfig, variables: Mapping[str, str]
) -> Iterator[Finding]:
    """What others on the way, or on the servers in between, can read."""
    if settings.public_url is None:
        yield _finding("KEEPDATE_PUBLIC_URL", "is not set, so that forms are taken from any name")
    elif settings.public_url.scheme != "https":
        yield _finding("KEEPDATE_PUBLIC_URL", "people reach the portal without TLS; use https")
    if settings.codec_keys is None:
        yield _finding(
            "KEEPDATE_CODEC_KEYS",
            "Temporal stores notes and reasons so that its operators read them",
        )
    elif _is_plain_http(settings.temporal_ui):
        yield _finding(
            "KEEPDATE_TEMPORAL_UI_URL",
            "a page without TLS may ask for what is decrypted; use https",
        )
    target = connection.get("target_host", "")
    if not connection.get("tls") and not _is_this_machine(target.rpartition(":")[0]):
        yield _finding("TEMPORAL_TLS", f"{target} is talked to without TLS")
    if settings.database_url is not None and not _is_database_safe(
        settings.database_url, variables
    ):
        yield _finding(
            "KEEPDATE_DATABASE_URL", "may be talked to without TLS; add ?sslmode=verify-full"
        )
    mail = urlsplit(settings.smtp_url or "")
    if mail.scheme == "smtp" and not _is_this_machine(mail.hostname or ""):
        yield _finding(
            "KEEPDATE_SMTP_URL", "mail may be sent without TLS; use smtps or smtp+starttls"
        )


def _is_database_safe(url: str, variables: Mapping[str, str]) -> bool:
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    hosts = (parts.hostname or ",".join(options.get("host", [""]))).split(",")
    mode = options.get("sslmode", [variables.get("PGSSLMODE", "prefer")])[0]
    here = all(host.startswith("/") or _is_this_machine(host) for host in hosts)
    return here or mode in _ENCRYPTED_BY_FORCE


def _is_plain_http(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not _is_this_machine(parts.hostname or "")


def _is_this_machine(host: str) -> bool:
    """Whether nobody else can be at an address, or reach it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _is_everywhere(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return not host


def _finding(variable: str, told: str) -> Finding:
    return Finding(variable=variable, told=told)
