"""The tabs that each role finds at the top of every page."""

from __future__ import annotations

from dataclasses import dataclass

from domain.party import Role


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One area of the portal. `name` is what a page calls it by, to show where it belongs."""

    name: str
    title: str
    path: str


def _tab(title: str, path: str) -> Tab:
    return Tab(name=path.strip("/"), title=title, path=path)


TABS: dict[Role, tuple[Tab, ...]] = {
    Role.PROVIDER: (
        _tab("Bookings", "/bookings"),
        _tab("Messages", "/messages"),
        _tab("Topics", "/topics"),
        _tab("Standing", "/standing"),
        _tab("Notices", "/notices"),
    ),
    Role.CLIENT: (
        _tab("Browse", "/browse"),
        _tab("My bookings", "/bookings"),
        _tab("Messages", "/messages"),
        _tab("Notices", "/notices"),
    ),
    Role.SUPPORT: (
        _tab("Queues", "/queues"),
        _tab("Bookings", "/bookings"),
        _tab("Providers", "/providers"),
        # What others say to each other: nothing of it is addressed to support.
        _tab("Conversations", "/messages"),
        _tab("Notices", "/notices"),
    ),
}


def home(role: Role) -> str:
    """Where somebody of a role begins."""
    return TABS[role][0].path
