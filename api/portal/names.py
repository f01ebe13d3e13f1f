"""What people are called: the marketplace knows them by id, and keeps their names elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from api.portal.people import demo_person
from config import Settings
from domain.party import Party, Role

_NOT_PEOPLE = {Role.CLOCK: "the clock", Role.SERVICE: "a service"}


@dataclass(frozen=True, kw_only=True)
class Names:
    """Says who somebody is: the name of a demo person on a developer's machine, else the id."""

    has_demo_people: bool

    def provider(self, provider_id: str) -> str:
        """What a provider is called."""
        return self._of(Role.PROVIDER, provider_id)

    def client(self, client_id: str) -> str:
        """What a client is called."""
        return self._of(Role.CLIENT, client_id)

    def of(self, who: Party) -> str:
        """What whoever did something is called."""
        return _NOT_PEOPLE.get(who.role) or self._of(who.role, who.id)

    def _of(self, role: Role, person_id: str) -> str:
        known = demo_person(role.value, person_id) if self.has_demo_people else None
        return known.name if known else person_id


def names_for(request: Request) -> Names:
    """The names that the application serving this request can show."""
    settings: Settings = request.app.state.settings
    return Names(has_demo_people=settings.environment != "production")
