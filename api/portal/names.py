"""What people are called and where they are, as far as they were ever seen in the portal.

The marketplace knows them by id, and keeps the rest elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection

from api.portal.people import demo_person, has_demo_people
from api.portal.session import Viewer
from api.portal.zones import zone_named
from api.services import Services
from db.queries.people import PersonRow, find_people
from db.stores.people import note_person
from domain.party import A_BOOKING, Party, Role

_NOT_PEOPLE = {Role.CLOCK: "the clock", Role.SERVICE: "a service"}


@dataclass(frozen=True, kw_only=True)
class Names:
    """Says who somebody is: their name where it is known, else their id.

    `people` are those who were looked up; the demo people of a developer's machine need not be.
    """

    has_demo_people: bool
    people: Mapping[Party, PersonRow] = field(default_factory=dict)

    def provider(self, provider_id: str) -> str:
        """What a provider is called."""
        return self._of(Role.PROVIDER, provider_id)

    def client(self, client_id: str) -> str:
        """What a client is called."""
        return self._of(Role.CLIENT, client_id)

    def of(self, who: Party) -> str:
        """What whoever did something is called."""
        if who == A_BOOKING:
            return "a booking"
        return _NOT_PEOPLE.get(who.role) or self._of(who.role, who.id)

    def zone(self, who: Party) -> ZoneInfo | None:
        """The time zone that somebody was last in; None if nobody knows."""
        seen = self.people.get(who)
        if seen is not None:
            return zone_named(seen.zone)
        demo = self._demo(who)
        return demo.zone if demo else None

    def _of(self, role: Role, person_id: str) -> str:
        who = Party(role=role, id=person_id)
        known = self.people.get(who) or self._demo(who)
        return known.name if known else person_id

    def _demo(self, who: Party) -> Viewer | None:
        return demo_person(who.role.value, who.id) if self.has_demo_people else None


def names_for(request: Request, people: Mapping[Party, PersonRow] | None = None) -> Names:
    """The names that the application serving this request can show."""
    return Names(has_demo_people=has_demo_people(request), people=people or {})


async def names_of(request: Request, conn: AsyncConnection, parties: Collection[Party]) -> Names:
    """The names and time zones of some people, as far as anybody knows them."""
    return names_for(request, await find_people(conn, set(parties)))


async def introduce(parts: Services, viewer: Viewer) -> None:
    """Notes who has come, so that others see their name, and times in their zone too."""
    async with parts.engine.begin() as conn:
        await note_person(conn, viewer.party, name=viewer.name, zone=viewer.zone.key)
