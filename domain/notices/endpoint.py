"""Endpoints of webhooks: where one may lie, how long it may fail, how long an old secret signs.

An endpoint is an address that somebody outside chose and that the worker then calls from within
its own network. So the address of every host is judged, and what is not plainly a public one is
not called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

DISABLED_AFTER = timedelta(days=5)
"""An endpoint that has failed for so long, without a success in between, is disabled."""

SECRET_OVERLAP = timedelta(hours=24)
"""For how long a secret signs on after it was replaced, so that receivers change over at ease."""

MOST_ENDPOINTS = 20
"""So many endpoints may one owner have."""

MOST_OLD_SECRETS = 4
"""So many replaced secrets sign on at most; the oldest go first."""

MAX_URL = 2048

DISABLED = "endpoint disabled"
"""Why a delivery failed that was still owed to an endpoint when that was disabled."""

DELETED = "endpoint deleted"
"""Why a delivery was skipped that was still owed to an endpoint when that was deleted."""

_URL = re.compile(r"[!-~]+", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_WEB_PORTS = frozenset({80, 443})
_UNPRIVILEGED_PORTS = 1024

# https://www.iana.org/assignments/iana-ipv4-special-registry, and what else is no host on the
# internet. Named here, for what Python calls global differs from release to release.
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",
            "168.63.129.16/32",  # the host of a virtual machine in Azure
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# All other addresses of IPv6 are something special: loopback, unique local, link-local, multicast,
# and those that carry an address of IPv4 (mapped, compatible, NAT64).
_GLOBAL_UNICAST = ip_network("2000::/3")
_NOT_GLOBAL = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocols of their own, Teredo among them
            "2001:db8::/32",
            "2002::/16",  # 6to4, which carries an address of IPv4
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)


class UnreachableAddressError(Exception):
    """A webhook may not be sent there. The message says why, in words for the endpoint's owner."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Where webhooks may go: by these settings of the operator."""

    private: bool = False
    """Whether private addresses may be called, this machine's among them; then by any port."""

    plain: bool = False
    """Whether `http` will do. What is sent by it can be read and changed on its way."""

    def require_url(self, url: str) -> None:
        """Raises UnreachableAddressError for what is not the URL of a possible endpoint.

        Only what the URL itself says is judged: a name may lead anywhere, at any time, and is
        judged by `require_address` whenever it is called.
        """
        if len(url) > MAX_URL:
            raise UnreachableAddressError(f"is longer than {MAX_URL} characters")
        # A backslash, a space or a letter beyond ASCII: not every reader takes them for the same.
        if not _URL.fullmatch(url) or "\\" in url:
            raise UnreachableAddressError("is not a URL of ASCII characters")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise UnreachableAddressError("is not a URL") from error
        self._require_scheme(parts.scheme)
        if parts.username is not None or parts.password is not None:
            raise UnreachableAddressError("must not hold a user name or a password")
        if parts.fragment or url.endswith("#"):
            raise UnreachableAddressError("must not have a fragment")
        self._require_port(port)
        self._require_host(host)

    def require_address(self, address: str) -> None:
        """Raises UnreachableAddressError for an IP address that must not be called."""
        if not self.private and not is_public(address):
            raise UnreachableAddressError(f"leads to {address}, which is not a public address")

    def _require_scheme(self, scheme: str) -> None:
        if scheme not in ("https", "http"):
            raise UnreachableAddressError("must begin with https://")
        if scheme == "http" and not self.plain:
            raise UnreachableAddressError(
                "must begin with https://, for http can be read by others"
            )

    def _require_port(self, port: int | None) -> None:
        if port == 0:
            raise UnreachableAddressError("has a port that does not exist")
        # Other services of old listen below: what is sent must not be taken for a mail.
        if self.private or port is None or port in _WEB_PORTS:
            return
        if port < _UNPRIVILEGED_PORTS:
            raise UnreachableAddressError("must use port 443, 80, or one from 1024 on")

    def _require_host(self, host: str) -> None:
        if ":" in host or _is_address(host):
            if not _is_address(host) or "%" in host:
                raise UnreachableAddressError("has no valid host")
            self.require_address(host)
            return
        if not _HOST.fullmatch(host) or ".." in host or len(host) > 253:  # noqa: PLR2004
            raise UnreachableAddressError("has no valid host")
        if not self.private and (
            host.lower() == "localhost" or host.lower().endswith(".localhost")
        ):
            raise UnreachableAddressError("leads to this machine, which is not a public address")


def is_public(address: str) -> bool:
    """Whether an IP address is that of an ordinary host on the internet. Anything else is not."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _NOT_PUBLIC)
    return found in _GLOBAL_UNICAST and not any(found in network for network in _NOT_GLOBAL)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
