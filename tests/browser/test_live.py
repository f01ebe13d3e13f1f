"""Pages that change while somebody works on them: what is written and where one is stays."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Locator, Route, expect

from tests.api.marketplace import ok
from tests.browser.conftest import Visit
from tests.browser.keyboard import tab_to
from tests.browser.town import Town
from tests.browser.visitor import COOKIE, Visitor, session_cookie

WORDS = "My train does not run on that day."

_COME_BACK = "() => { window.dispatchEvent(new Event('online')) }"
_TAKE_DOWN = """() => {
    window.said = [];
    const aloud = document.querySelector("body > [role=status]");
    const takeDown = () => window.said.push(aloud.textContent);
    new MutationObserver(takeDown).observe(aloud, { childList: true });
}"""
_TAKE_DOWN_ROWS = """() => {
    window.added = 0;
    new MutationObserver((changes) => {
        for (const { addedNodes } of changes) window.added += addedNodes.length;
    }).observe(document.querySelector("tbody"), { childList: true });
}"""
_GO_AWAY = """() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
_LOOK_AGAIN = """() => {
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
}"""


# Whatever the page has asked for before this is answered before it.
_HAVE_ALL_ANSWERED = "() => fetch('/healthz').then((answer) => answer.text())"


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


@pytest.mark.long
async def test_words_of_a_form_that_was_refused_stay_in_it(ida: Visitor, town: Town) -> None:
    booking_id = await town.confirmed(40)
    form = await _refused(ida, booking_id)
    await expect(form.get_by_label("Time 1")).to_be_focused()
    ok(await town.provider.put(f"/v1/bookings/{booking_id}/logistics", {"note": "By the door."}))
    await ida.hears("By the door.")
    await expect(form.get_by_label("Reason")).to_have_value(WORDS)

    await town.tell(town.client, booking_id, "cancel", reason="I am ill.", initiated_by="client")
    await ida.hears("This has changed while you were writing.")
    await ida.press("Show the change")
    await expect(ida.page.locator(".live-notice blockquote")).to_have_text(WORDS)


@pytest.mark.long
async def test_whoever_has_no_mouse_stays_where_something_went(ida: Visitor, town: Town) -> None:
    booking_id = await town.booked(20)
    await ida.open(f"/bookings/{booking_id}")
    await tab_to(ida.page, ida.page.locator("summary", has_text="Decline"))
    await town.tell(town.client, booking_id, "cancel", reason="I am ill.")
    await ida.hears("I am ill.")
    await expect(ida.page.locator("#booking")).to_be_focused()


@pytest.mark.long
async def test_what_stays_in_a_list_is_not_put_in_anew(ida: Visitor, town: Town) -> None:
    _, goes, _ = [await town.booked(days) for days in (20, 21, 22)]
    await ida.open("/bookings?state=pending")
    await ida.page.evaluate(_TAKE_DOWN_ROWS)
    await town.tell(town.client, goes, "cancel", reason="I am ill.")
    await expect(ida.page.locator("tbody tr")).to_have_count(2)
    assert await ida.page.evaluate("() => window.added") == 0


async def test_whoever_is_signed_out_meanwhile_is_told(ida: Visitor, town: Town) -> None:
    path = f"/bookings/{await town.booked(20)}"
    await ida.open(path)
    await ida.context.clear_cookies()
    await town.tell(town.client, path.rpartition("/")[2], "cancel", reason="I am ill.")
    await ida.hears("You are signed out: this page no longer shows what happens.")
    async with ida.context.expect_page() as opened:
        await ida.press("Sign in")
    await expect(await opened.value).to_have_url(re.compile("/sign-in.next="))


async def test_whoever_signs_in_again_goes_on_with_what_they_wrote(
    ida: Visitor, town: Town, address: str
) -> None:
    chat = await town.conversation()
    await ida.open(f"/messages/{chat}")
    await ida.write({"Message": WORDS})
    await ida.context.clear_cookies()
    await town.says(chat, "Are you there?")
    await ida.hears("You are signed out: this page no longer shows what happens.")

    another = session_cookie(ida.role, ida.id, ida.name, "Europe/Berlin")
    await ida.context.add_cookies([{"name": COOKIE, "value": another, "url": address}])
    await ida.page.evaluate(_COME_BACK)
    await ida.hears("Are you there?")
    await expect(ida.page.locator("#left-behind")).to_have_count(0)
    await ida.press("Send")
    await expect(ida.page.get_by_role("log")).to_contain_text(WORDS)


@pytest.mark.long
async def test_whoever_was_signed_out_is_told_when_their_page_connects_again(
    ida: Visitor, town: Town
) -> None:
    await ida.open(f"/bookings/{await town.booked(20)}")
    await ida.context.clear_cookies()
    await ida.page.evaluate(_COME_BACK)
    await ida.hears("You are signed out: this page no longer shows what happens.")


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


@pytest.mark.long
async def test_a_page_that_is_left_behind_says_what_is_true_now(
    ida: Visitor, town: Town, visit: Visit
) -> None:
    tim = await visit("client", "Tim")
    await ida.open(f"/bookings/{await town.booked(20)}")
    await ida.context.clear_cookies()
    await ida.page.evaluate(_COME_BACK)
    await ida.hears("You are signed out: this page no longer shows what happens.")
    await ida.context.add_cookies(await tim.context.cookies())  # type: ignore[arg-type]
    await ida.page.evaluate(_COME_BACK)
    await ida.hears("Somebody else is signed in: this page no longer shows what happens.")
    notice = ida.page.locator("#left-behind")
    await expect(notice).not_to_contain_text("You are signed out")
    await expect(notice.get_by_role("link")).to_have_text("Load it anew")
    await ida.context.clear_cookies()
    await ida.page.evaluate(_COME_BACK)
    await ida.hears("You are signed out: this page no longer shows what happens.")
    await expect(notice.get_by_role("link")).to_have_text("Sign in")


@pytest.mark.long
async def test_how_long_ago_something_was_goes_on_with_the_clock(ida: Visitor, town: Town) -> None:
    await ida.page.clock.install()
    await ida.open(f"/bookings/{await town.booked(20)}")
    asked = ida.page.locator(".facts time").first
    await asked.evaluate("it => { it.textContent = 'too long ago' }")
    # As when somebody comes back to a tab that they left open.
    await ida.page.clock.fast_forward("11:00")
    await expect(asked).not_to_have_text("too long ago")
    await expect(ida.page.get_by_text("This booking: updated.")).to_have_count(0)


@pytest.mark.long
async def test_what_could_not_be_read_waits_until_somebody_looks(ida: Visitor, town: Town) -> None:
    ida.expects("net::ERR_FAILED")
    await ida.page.clock.install()
    chat = await town.conversation()
    await ida.open(f"/messages/{chat}")
    await ida.page.route(f"**/messages/{chat}", lambda route: route.abort())
    async with ida.page.expect_event("requestfailed"):
        await town.says(chat, "Are you there?")
    await ida.page.evaluate(_GO_AWAY)
    await ida.page.unroute(f"**/messages/{chat}")

    asked: list[str] = []
    ida.page.on("request", lambda request: asked.append(request.url))
    await ida.page.clock.fast_forward("05:00")
    # Whatever it has asked for by then came before this.
    await ida.page.evaluate("() => fetch('/healthz')")
    assert [url for url in asked if chat in url] == []

    await ida.page.evaluate(_LOOK_AGAIN)
    await ida.hears("Are you there?")


@pytest.mark.long
async def test_an_answer_that_never_comes_is_not_waited_for(ida: Visitor, town: Town) -> None:
    await ida.page.clock.install()
    chat = await town.conversation()
    await ida.open(f"/messages/{chat}")
    over = asyncio.Event()

    async def hold(route: Route) -> None:
        await over.wait()
        await route.abort()

    await ida.page.route(f"**/messages/{chat}", hold, times=1)
    async with ida.page.expect_request(f"**/messages/{chat}"):
        await town.says(chat, "Are you there?")
    await ida.page.clock.fast_forward("02:00")
    await ida.hears("Are you there?")
    over.set()


@pytest.mark.long
async def test_a_page_goes_on_as_soon_as_the_server_is_back(ida: Visitor, town: Town) -> None:
    await ida.page.clock.install()
    chat = await town.conversation()
    await ida.open(f"/messages/{chat}")
    stream, page = re.compile(r"/live\b"), f"**/messages/{chat}"
    for away in (stream, page):
        await ida.page.route(away, lambda route: route.fulfill(status=503))
    for _ in range(6):
        async with ida.page.expect_response(stream):
            await ida.page.evaluate(_COME_BACK)
    async with ida.page.expect_response(page):
        await ida.page.clock.fast_forward("01:01")
    for back in (stream, page):
        await ida.page.unroute(back)
    await ida.page.evaluate(_COME_BACK)
    await town.says(chat, "Are you there?")
    await ida.hears("Are you there?")


@pytest.mark.long
async def test_a_page_that_fails_is_asked_for_less_and_less_until_it_is_well(
    ida: Visitor, town: Town
) -> None:
    await ida.page.clock.install()
    chat = await town.conversation()
    await ida.open(f"/messages/{chat}")
    page = f"**/messages/{chat}"

    async def fail(route: Route) -> None:
        await route.fulfill(status=500)

    await ida.page.route(page, fail)
    async with ida.page.expect_response(page):
        await town.says(chat, "Are you there?")
    for _ in range(5):
        await ida.page.evaluate(_HAVE_ALL_ANSWERED)
        async with ida.page.expect_response(page):
            await ida.page.clock.fast_forward("01:01")

    await ida.page.evaluate(_HAVE_ALL_ANSWERED)
    asked: list[str] = []
    ida.page.on("request", lambda request: asked.append(request.url))
    await ida.page.clock.fast_forward(20_000)
    await ida.page.evaluate(_HAVE_ALL_ANSWERED)
    assert [url for url in asked if chat in url] == []

    await ida.page.unroute(page)
    await ida.page.clock.fast_forward("01:01")
    await ida.hears("Are you there?")
    await ida.page.route(page, fail, times=1)
    async with ida.page.expect_response(page):
        await town.says(chat, "It is me.")
    await ida.page.evaluate(_HAVE_ALL_ANSWERED)
    await ida.page.clock.fast_forward(2_100)
    await ida.hears("It is me.")


@pytest.mark.long
async def test_only_a_change_is_said_aloud(ida: Visitor, town: Town) -> None:
    await ida.page.clock.install()
    booking_id = await town.confirmed(40)
    await _refused(ida, booking_id)
    await ida.page.evaluate(_TAKE_DOWN)
    async with ida.page.expect_response(f"**/bookings/{booking_id}"):
        await ida.page.clock.fast_forward("11:00")
    # One reading comes after the other.
    ok(await town.provider.put(f"/v1/bookings/{booking_id}/logistics", {"note": "By the door."}))
    await ida.hears("By the door.")
    assert await ida.page.evaluate("() => window.said") == ["This booking: updated."]


async def test_messages_are_read_out_as_they_come(ida: Visitor, town: Town) -> None:
    chat = await town.conversation()
    await ida.open(f"/messages/{chat}")
    await town.says(chat, "Are you there?")
    await expect(ida.page.get_by_role("log")).to_contain_text("Are you there?")


async def _refused(ida: Visitor, booking_id: str) -> Locator:
    """A form that was refused for its time, with the words that she had written in it."""
    await ida.open(f"/bookings/{booking_id}")
    form = await ida.unfold("Propose other times")
    await ida.write({"Reason": WORDS, "Time 1": "2999-01-01T10:00"}, within=form)
    await ida.press("Propose", within=form)
    await ida.sees("lies more than two years ahead")
    return form
