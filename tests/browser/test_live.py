"""Pages that change while somebody works on them: what is written and where one is stays."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.api.marketplace import fresh_key, ok
from tests.browser.conftest import Visit
from tests.browser.keyboard import tab_to
from tests.browser.town import Town
from tests.browser.visitor import LIVE_MILLISECONDS, Visitor

WORDS = "My train does not run on that day."


async def test_a_change_beside_a_form_shows_while_somebody_writes_in_it(
    ida: Visitor, town: Town
) -> None:
    booking_id = await town.confirmed(40)
    await ida.open(f"/bookings/{booking_id}")
    form = await ida.unfold("Propose other times")
    await ida.write({"Reason": WORDS}, within=form)
    ok(await town.provider.put(f"/v1/bookings/{booking_id}/logistics", {"note": "By the door."}))
    await ida.hears("By the door.")
    await expect(form.get_by_label("Reason")).to_have_value(WORDS)
    await expect(ida.page.locator(".live-notice")).to_have_count(0)


async def test_words_are_shown_when_their_form_goes(ida: Visitor, town: Town) -> None:
    booking_id = await town.confirmed(40)
    await ida.open(f"/bookings/{booking_id}")
    await ida.write({"Reason": WORDS}, within=await ida.unfold("Propose other times"))
    await town.tell(town.client, booking_id, "cancel", reason="I am ill.", initiated_by="client")
    await ida.hears("This has changed while you were writing.")
    await ida.press("Show the change")
    await expect(ida.page.locator("#booking h1")).to_contain_text("Cancelled")
    await expect(ida.page.locator("#booking")).to_be_focused()
    await expect(ida.page.locator(".live-notice blockquote")).to_have_text(WORDS)


async def test_words_of_a_form_that_was_refused_stay_in_it(ida: Visitor, town: Town) -> None:
    booking_id = await town.confirmed(40)
    await ida.open(f"/bookings/{booking_id}")
    form = await ida.unfold("Propose other times")
    await ida.write({"Reason": WORDS, "Time 1": "2999-01-01T10:00"}, within=form)
    await ida.press("Propose", within=form)
    await ida.sees("lies more than two years ahead")
    await expect(form.get_by_label("Time 1")).to_be_focused()
    ok(await town.provider.put(f"/v1/bookings/{booking_id}/logistics", {"note": "By the door."}))
    await ida.hears("By the door.")
    await expect(form.get_by_label("Reason")).to_have_value(WORDS)

    await town.tell(town.client, booking_id, "cancel", reason="I am ill.", initiated_by="client")
    await ida.hears("This has changed while you were writing.")
    await ida.press("Show the change")
    await expect(ida.page.locator(".live-notice blockquote")).to_have_text(WORDS)


async def test_whoever_has_no_mouse_stays_where_something_went(ida: Visitor, town: Town) -> None:
    booking_id = await town.booked(20)
    await ida.open(f"/bookings/{booking_id}")
    await tab_to(ida.page, ida.page.locator("summary", has_text="Decline"))
    await town.tell(town.client, booking_id, "cancel", reason="I am ill.")
    await ida.hears("I am ill.")
    await expect(ida.page.locator("#booking")).to_be_focused()


async def test_whoever_is_signed_out_meanwhile_is_told(ida: Visitor, town: Town) -> None:
    path = f"/bookings/{await town.booked(20)}"
    await ida.open(path)
    await ida.context.clear_cookies()
    await town.tell(town.client, path.rpartition("/")[2], "cancel", reason="I am ill.")
    await ida.hears("You are signed out: this page no longer shows what happens.")
    await ida.press("Sign in")
    await expect(ida.page).to_have_url(re.compile("/sign-in.next="))


async def test_whoever_was_signed_out_is_told_when_their_page_connects_again(
    ida: Visitor, town: Town
) -> None:
    await ida.open(f"/bookings/{await town.booked(20)}")
    kept = await ida.context.cookies()
    await ida.context.clear_cookies()
    await ida.page.evaluate("() => { window.dispatchEvent(new Event('online')) }")
    await ida.hears("You are signed out: this page no longer shows what happens.")

    # Who comes back in another tab has not lost what was written in this one.
    await ida.context.add_cookies(kept)  # type: ignore[arg-type]
    await expect(ida.page.locator("#left-behind")).to_have_count(0, timeout=LIVE_MILLISECONDS)


async def test_a_page_stays_that_of_whoever_opened_it(
    ida: Visitor, town: Town, visit: Visit
) -> None:
    tim = await visit("client", "Tim")
    await ida.open("/bookings")
    await ida.context.add_cookies(await tim.context.cookies())  # type: ignore[arg-type]
    await town.booked(20)
    await ida.hears("Somebody else is signed in: this page no longer shows what happens.")
    await expect(ida.page.locator("h1")).to_have_text("Bookings")
    await expect(ida.page.locator("#areas")).to_contain_text("Standing")


async def test_how_long_ago_something_was_goes_on_with_the_clock(ida: Visitor, town: Town) -> None:
    await ida.page.clock.install()
    await ida.open(f"/bookings/{await town.booked(20)}")
    asked = ida.page.locator(".facts time").first
    await asked.evaluate("it => { it.textContent = 'too long ago' }")
    # As when somebody comes back to a tab that they left open.
    await ida.page.clock.fast_forward("11:00")
    await expect(asked).not_to_have_text("too long ago")
    await expect(ida.page.get_by_text("This booking: updated.")).to_have_count(0)


async def test_messages_are_read_out_as_they_come(ida: Visitor, town: Town) -> None:
    chat = await town.conversation()
    await ida.open(f"/messages/{chat}")
    text = {"text": "Are you there?"}
    await town.client.post(f"/v1/conversations/{chat}/messages", text, fresh_key())
    await expect(ida.page.get_by_role("log")).to_contain_text("Are you there?")
