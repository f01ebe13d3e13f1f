"""Where in the portal a notice leads to."""

from __future__ import annotations

from domain.party import Role

PREFERENCES = "/notices/preferences"
"""Where somebody chooses what they are sent."""


def page_of(
    to: Role,
    *,
    booking_id: str | None,
    provider_id: str | None,
    webhook_id: str | None,
    is_of_standing: bool,
) -> str | None:
    """The path of the page on which a notice goes on, for whom it is; None if there is none."""
    if webhook_id:
        return f"/webhooks/{webhook_id}"
    if is_of_standing:
        if to is Role.PROVIDER:
            return "/standing"
        return f"/providers/{provider_id}" if to is Role.SUPPORT and provider_id else None
    return f"/bookings/{booking_id}" if booking_id else None
