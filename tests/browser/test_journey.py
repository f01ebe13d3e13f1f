"""One story, as three people live it in three browsers: with live updates, and without scripts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
TITLE = "Counterpoint for beginners"


TODAY = datetime.now(UTC)
"""The same day to the end of the story, though midnight comes in the middle of it."""


def local(days: int, zone: str, hour: int = 14) -> str:
    """Some hour in UTC, so many days from now, as a person in a zone writes it into a field."""
    there = TODAY.replace(hour=hour, minute=0) + timedelta(days=days)
    return f"{there.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    "scripts",
    [
        pytest.param(True, id="with-scripts"),
        pytest.param(False, id="without-scripts", marks=pytest.mark.long),
    ],
)
async def test_three_people_live_through_a_booking(visit: Visit, scripts: bool) -> None:
    ada = await visit("provider", "Ada", BERLIN, java_script_enabled=scripts)
    grace = await visit("client", "Grace", NEW_YORK, java_script_enabled=scripts)
    sam = await visit("support", "Sam", BERLIN, java_script_enabled=scripts)
    await _topic_is_found_and_asked_about(ada, grace)
    await _session_is_booked(ada, grace)
    await _session_is_moved(ada, grace, sam)
    await _session_is_cancelled_late(ada, grace)


async def _topic_is_found_and_asked_about(ada: Visitor, grace: Visitor) -> None:
    await ada.open("/topics")
    await ada.write({"Title": TITLE, "Description": "For those who sing.", "Length": "60"})
    await ada.press("Add")
    await ada.sees("is on your list")
    await ada.follow("Messages")
    await ada.sees("No conversations yet")

    await grace.open("/")
    await grace.press("Message the provider", within=grace.card(TITLE, ada))
    await grace.write({"Message": "Do I need to read music already?"})
    await grace.press("Send")
    await grace.sees("Do I need to read music already?")

    await ada.hears("Do I need to read music already?")
    await ada.page.get_by_role("link", name=grace.name).click()
    await ada.write({"Message": "No, we begin with that."})
    await ada.press("Send")
    await grace.hears("No, we begin with that.")


async def _session_is_booked(ada: Visitor, grace: Visitor) -> None:
    await grace.follow("Browse")
    await grace.press("Ask for a session", within=grace.card(TITLE, ada))
    await grace.write(
        {
            "Time 1": local(3, NEW_YORK),
            "Time 2": local(4, NEW_YORK),
            "Note": "Evenings in Europe suit me.",
        }
    )
    await grace.press("Send the request")
    await grace.sees("Your request is sent.")

    await ada.hears("Evenings in Europe suit me.")
    await ada.follow("Bookings")
    await ada.press("View")
    await ada.sees("America/New York")
    await ada.page.locator("#confirm").get_by_role("radio").first.check()
    await ada.press("Confirm")
    await ada.sees("Confirmed.")
    await grace.hears("Confirmed")

    await ada.unfold("Say where and how")
    await ada.write({"Link": "https://meet.example/counterpoint"})
    await ada.press("Save")
    await grace.hears("https://meet.example/counterpoint")


async def _session_is_moved(ada: Visitor, grace: Visitor, sam: Visitor) -> None:
    await sam.open("/queues")

    form = await ada.unfold("Propose other times")
    await expect(form).to_contain_text("it would be your first late reschedule")
    await ada.write({"Time 1": local(4, BERLIN, 16), "Reason": "A concert came up."}, form)
    await ada.press("Propose", within=form)
    await ada.sees("Proposed. The client answers next.")

    await grace.hears("A concert came up.")
    await grace.page.locator("#answer-reschedule").get_by_role("radio").first.check()
    await grace.press("Accept this time")
    await grace.sees("Support enters the new date next")
    await ada.hears("Support enters the new date next")

    await sam.hears(TITLE)
    await sam.page.locator("main").get_by_role("link", name=TITLE).first.click()
    form = await sam.unfold("Enter a new date")
    await expect(form.get_by_label("New date")).to_have_value(local(4, BERLIN, 16))
    await sam.press("Enter the new date", within=form)
    await sam.sees("The new date is entered.")
    for party in (ada, grace):
        await party.hears("Moved from")


async def _session_is_cancelled_late(ada: Visitor, grace: Visitor) -> None:
    await grace.follow("Notices")
    await grace.sees("has moved from")
    form = await ada.unfold("Ask the client to cancel")
    await expect(form).to_contain_text("it would be your first late cancellation")
    await ada.write({"Reason": "I have lost my voice."}, form)
    await ada.press("Ask to cancel", within=form)
    await ada.follow("Standing")
    await ada.sees("Late events")
    await expect(_count(ada, "late cancellations")).to_contain_text("0")

    await grace.hears("asks you to cancel")
    await grace.page.get_by_role("link", name="You are asked to cancel").click()
    await grace.sees("I have lost my voice.")
    form = await grace.unfold("Cancel the booking")
    await grace.write({"Reason": "Get well soon."}, form)
    await grace.press("Cancel the booking", within=form)
    await grace.sees("Cancelled.")

    await ada.hears("Cancellation of")
    await expect(_count(ada, "late cancellations")).to_contain_text("1")
    await expect(_count(ada, "late reschedules")).to_contain_text("1")


def _count(ada: Visitor, kind: str) -> Locator:
    """How many late events of a kind count."""
    return ada.page.locator("dl.stats div").filter(has_text=kind).locator("dd")
