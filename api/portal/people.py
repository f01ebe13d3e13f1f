"""The demo people that anybody may sign in as on a developer's machine, and nowhere else."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fastapi import Request

from api.portal.session import Viewer
from api.settings import settings_of
from domain.party import Party, Role


def _person(role: Role, person_id: str, name: str, zone: str) -> Viewer:
    return Viewer(party=Party(role=role, id=person_id), name=name, zone=ZoneInfo(zone))


DEMO_PEOPLE: tuple[Viewer, ...] = (
    _person(Role.PROVIDER, "ada", "Ada Brandt", "Europe/Berlin"),
    _person(Role.PROVIDER, "noor", "Noor Haddad", "Europe/Berlin"),
    _person(Role.PROVIDER, "mateo", "Mateo Silva", "America/Sao_Paulo"),
    _person(Role.CLIENT, "ben", "Ben Okafor", "Europe/Berlin"),
    _person(Role.CLIENT, "yuki", "Yuki Tanaka", "Asia/Tokyo"),
    _person(Role.CLIENT, "grace", "Grace Miller", "America/New_York"),
    _person(Role.SUPPORT, "sam", "Sam Keller", "Europe/Berlin"),
)


def demo_person(role: str, person_id: str) -> Viewer | None:
    """The demo person of a role and id; None if there is none."""
    return next((who for who in DEMO_PEOPLE if (who.role, who.id) == (role, person_id)), None)


def has_demo_people(request: Request) -> bool:
    """Whether there are any here: in production there are none."""
    return settings_of(request).environment != "production"
