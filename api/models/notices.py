"""How a person is told of what concerns them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from api.models.base import Answer, Wanted
from api.portal.zones import zone_named
from db.queries.contacts import Source
from domain.notices.address import MAX_ADDRESS, is_address
from domain.notices.preferences import Group
from domain.party import Role


def _address(given: str) -> str:
    if not is_address(given):
        raise ValueError("must be an e-mail address in ASCII, such as ada@example.org")
    return given


def _zone(given: str) -> str:
    if zone_named(given) is None:
        raise ValueError("must be an IANA time zone, such as Europe/Berlin")
    return given


Email = Annotated[
    str,
    Field(max_length=MAX_ADDRESS, json_schema_extra={"format": "email"}),
    AfterValidator(_address),
]
Zone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_zone)]
ByChannel = Literal["inbox", "email"]


class NoticesWanted(Wanted):
    """How somebody is to be told; what is left out stays as it is."""

    email: Email | None = None
    """Where they get mail; null for no mail at all."""
    time_zone: Zone | None = None
    """The time zone that times are told in."""
    channels: dict[Group, list[ByChannel]] = Field(default_factory=dict)
    """By group of notices; groups that are left out stay as they are.

    The inbox of the portal has every notice, named here or not. Of `confirmations`,
    `cancellations` and `suspensions`, as far as they concern the person, one has to come by e-mail.
    """


class NoticesModel(Answer):
    """How somebody is told."""

    role: Role
    id: str
    email: str | None
    """Where they get mail; null where nobody knows, or they want none."""
    email_source: Source | None
    """Whose word that is: `sign-in` the identity provider's, `service` a service's or support's,
    `person` their own."""
    time_zone: str | None
    channels: dict[Group, list[ByChannel]]
    """By group of notices, of those that concern the person."""
