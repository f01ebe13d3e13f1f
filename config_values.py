"""What the values of settings have to look like, and what is refused in words for the operator."""

from __future__ import annotations

import base64
import re
from email.utils import parseaddr
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from domain.notices.address import is_address

_CODEC_KEY = re.compile(r"(?P<id>[A-Za-z0-9._-]{1,64}):[A-Za-z0-9+/]{43}=", re.ASCII)

_SEVERAL_SERVERS = re.compile(
    r"(?P<who>(?:[^?]*@)?)(?P<servers>[^@/?]*,[^@/?]*)(?P<database>/[^?]*)?(?:\?(?P<more>.*))?"
)


def _with_its_driver(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    found = f"postgresql+psycopg://{_servers_apart(rest)}"
    known = separator and scheme in {"postgres", "postgresql", "postgresql+psycopg"}
    if not known or not _can_be_read(found):
        raise ValueError("must be a PostgreSQL URL, such as postgresql://user@host/keepdate")
    return found


def _servers_apart(rest: str) -> str:
    """Several servers, which libpq takes in one place of an address, where SQLAlchemy has them."""
    several = _SEVERAL_SERVERS.fullmatch(rest)
    if several is None:
        return rest
    servers = [_host_and_port(each) for each in several["servers"].split(",")]
    hosts = ",".join(host for host, _ in servers)
    ports = ",".join(port for _, port in servers)
    more = f"&{several['more']}" if several["more"] else ""
    return f"{several['who']}{several['database'] or '/'}?host={hosts}&port={ports}{more}"


def _host_and_port(server: str) -> tuple[str, str]:
    host, _, port = server.rpartition(":")
    return (host.strip("[]"), port) if port.isdecimal() and host else (server.strip("[]"), "")


def _can_be_read(url: str) -> bool:
    # Here, for most commands need no database.
    from psycopg import ProgrammingError  # noqa: PLC0415
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415
    from sqlalchemy import make_url  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        made = make_url(url)
        _, found = made.get_dialect()().create_connect_args(made)
        make_conninfo(**found)
    except (ArgumentError, ProgrammingError, ValueError):
        return False
    return True


def _mail_server(url: str) -> str:
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"smtp", "smtp+starttls", "smtps"} and parts.port != 0
        # A slash in a password would end the address there, and have half of it taken for a port.
        whole = parts.path in {"", "/"} and not parts.query and not parts.fragment
    except ValueError:
        known = whole = False
    if not known or not whole or not parts.hostname:
        raise ValueError(
            "must be smtp://, smtp+starttls:// or smtps:// with a host;"
            " in a password, / is %2F, ? is %3F and # is %23"
        )
    return url


def _mailbox(mailbox: str) -> str:
    if not is_address(parseaddr(mailbox)[1]):
        raise ValueError("must be an address, such as Keepdate <bookings@example.org>")
    return mailbox


def _keys_of_the_right_length(keys: str) -> str:
    found = [_CODEC_KEY.fullmatch(each) for each in keys.split()]
    ids = [match["id"] for match in found if match]
    if not all(found) or len(set(ids)) < len(ids) or not ids:
        raise ValueError("must be <id>:<32 bytes in base64>, with spaces between, each id once")
    return keys


def _without_brackets(host: str) -> str:
    return host.removeprefix("[").removesuffix("]")


Port = Annotated[int, Field(ge=1, le=65535)]

Host = Annotated[str, AfterValidator(_without_brackets)]
"""A name or an address; one of IPv6 with brackets or without."""

DatabaseUrl = Annotated[str, AfterValidator(_with_its_driver)]
"""PostgreSQL, as SQLAlchemy names it, whichever way it was written."""

MailServerUrl = Annotated[str, AfterValidator(_mail_server)]
"""A mail server, and how to talk to it."""

Mailbox = Annotated[str, AfterValidator(_mailbox)]
"""An e-mail address, with or without a name before it."""

CodecKeys = Annotated[str, AfterValidator(_keys_of_the_right_length)]
"""Keys as `<id>:<32 bytes in base64>`, with spaces between."""


def keyring(keys: str) -> dict[str, bytes]:
    """Keys by their ids, in the order in which they were written."""
    pairs = (each.partition(":") for each in keys.split())
    return {key_id: base64.b64decode(key) for key_id, _, key in pairs}


def address_in(mailbox: str) -> str:
    """The bare address of a mailbox."""
    return parseaddr(mailbox)[1]


def server_at(host: str, port: int) -> str:
    """A server's address, of a host and a port."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_server(address: str) -> bool:
    """Whether a host can be read from an address, as `host:port`, and a port if there is one."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        read = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return read and not any(each.isspace() for each in address)


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as a browser says them."""
    parts = urlsplit(url)
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, standard) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
