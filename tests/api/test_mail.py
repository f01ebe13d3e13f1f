"""From a command to the mails that it leads to, through everything that is real."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import EmailMessage

import icalendar
import pytest

from config import Settings
from tests.activities.post_office import PostOffice, open_post_office
from tests.api.conftest import served, worked
from tests.api.marketplace import Json, Marketplace, Person, fresh_key, in_days, ok, until, utc


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with open_post_office() as office:
        yield office


@pytest.fixture
async def market(shared_settings: Settings, office: PostOffice) -> AsyncIterator[Marketplace]:
    """A marketplace whose people get mail."""
    settings = shared_settings.model_copy(
        update={
            "task_queue": "mail-tests",
            "smtp_url": office.url,
            "mail_from": "Keepdate <bookings@example.org>",
        }
    )
    async with worked(settings), served(settings) as marketplace:
        yield marketplace


async def reached(market: Marketplace, who: Person, zone: str) -> str:
    """Somebody's new address."""
    email = f"{who.id}@example.org"
    body = {"email": email, "time_zone": zone}
    ok(await market.service.put(f"/v1/people/{who.role}/{who.id}/notices", body))
    return email


async def told(office: PostOffice, email: str, about: str) -> EmailMessage:
    """The mail to somebody whose subject begins so, once it is there."""

    async def look() -> list[EmailMessage]:
        return [
            mail
            for mail in office.mails
            if mail["To"].addresses[0].addr_spec == email and mail["Subject"].startswith(about)
        ]

    (found,) = await until(look, bool)
    assert isinstance(found, EmailMessage)
    return found


def event_in(mail: EmailMessage) -> tuple[str, Json]:
    """The method of a mail's invite, and its event."""
    (part,) = mail.iter_attachments()
    (event,) = icalendar.Calendar.from_ical(part.get_content()).walk("VEVENT")
    return str(part["Content-Type"].params["method"]), dict(event)


async def test_a_booking_is_told_by_mail_with_its_invites(
    market: Marketplace, office: PostOffice
) -> None:
    provider, client = market.provider(), market.client()
    await reached(market, provider, "Europe/Berlin")
    email = await reached(market, client, "Asia/Tokyo")
    start, other = in_days(20), in_days(30)

    booking = await market.confirmed(provider, client, start)
    method, first = event_in(await told(office, email, "Confirmed: "))
    assert (method, first["SEQUENCE"]) == ("REQUEST", 0)
    assert first["DTSTART"].dt == utc(start)
    method, same = event_in(await told(office, f"{provider.id}@example.org", "Confirmed: "))
    assert (method, same["SEQUENCE"], same["UID"]) == ("REQUEST", 0, first["UID"])

    path = f"/v1/bookings/{booking['id']}"
    amend = {"start": other, "initiated_by": "client"}
    ok(await market.support.post(f"{path}/reschedule-approved", amend, fresh_key()))
    method, moved = event_in(await told(office, email, "Moved: "))
    assert (method, moved["SEQUENCE"], moved["UID"]) == ("REQUEST", 1, first["UID"])
    assert moved["DTSTART"].dt == utc(other)

    ok(await client.post(f"{path}/cancel", {"reason": "The flu."}, fresh_key()))
    mail = await told(office, email, "Cancelled: ")
    method, gone = event_in(mail)
    assert (method, gone["SEQUENCE"], gone["UID"]) == ("CANCEL", 2, first["UID"])
    assert "(Asia/Tokyo)" in mail["Subject"]
    theirs = await told(office, f"{provider.id}@example.org", "Cancelled: ")
    assert "(Europe/Berlin)" in theirs["Subject"]
    ids = [each["Message-ID"] for each in office.mails]
    assert len(set(ids)) == len(ids)


async def test_who_wants_no_reminders_by_mail_gets_the_rest(
    market: Marketplace, office: PostOffice
) -> None:
    provider, client = market.provider(), market.client()
    email = await reached(market, provider, "Europe/Berlin")
    ok(
        await provider.put(
            f"/v1/people/provider/{provider.id}/notices", {"channels": {"requests": ["inbox"]}}
        )
    )

    booking = await market.confirmed(provider, client, in_days(20))
    await told(office, email, "Confirmed: ")
    cancelled = await client.post(
        f"/v1/bookings/{booking['id']}/cancel", {"reason": "The flu."}, fresh_key()
    )
    ok(cancelled)

    await told(office, email, "Cancelled: ")
    assert len(office.mails) == 2, "the request was told in the inbox alone"
