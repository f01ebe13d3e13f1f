"""Signing in as a demo person, staying signed in, and signing out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.cookies import Morsel, SimpleCookie

import httpx
import pytest
from fastapi import FastAPI
from itsdangerous import TimestampSigner

from api.app import create_app
from api.portal import session
from api.portal.forms import page_router
from api.portal.people import DEMO_PEOPLE
from api.portal.session import LASTS, ProviderIn, Viewer
from config import ConfigurationError, Settings
from tests.portal.browser import Browser, forms_of
from tests.portal.conftest import Meet, Open, set_to

SECRET = "a secret of the operator's own, long enough"


def cookie_of(answer: httpx.Response) -> Morsel[str]:
    """The one cookie that an answer sets."""
    [(_, morsel)] = SimpleCookie(answer.headers["set-cookie"]).items()
    return morsel


def shift(monkeypatch: pytest.MonkeyPatch, later: timedelta) -> None:
    """Has it be so much later, for the session and for the signature of its cookie."""
    monkeypatch.setattr(session, "clock", lambda: datetime.now(UTC) + later)
    signed_at = int((datetime.now(UTC) + later).timestamp())
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: signed_at)


async def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_comes_back(browser: Browser) -> None:
    answer = await browser.get("/settings?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fsettings%3Fx%3D1"
    page = await browser.get(answer.headers["location"])
    signed_in = await browser.send(page, "/sign-in")
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/settings?x=1")


@pytest.mark.parametrize("who", DEMO_PEOPLE, ids=lambda who: who.name)
async def test_everybody_begins_at_the_first_tab_of_their_role(
    browser: Browser, who: Viewer
) -> None:
    await browser.sign_in(who.role, who.id)
    first = {"provider": "/bookings", "client": "/browse", "support": "/queues"}
    assert (await browser.get("/")).headers["location"] == first[who.role]
    page = await browser.get("/settings")
    assert who.name in page.text
    assert who.zone.key.replace("_", " ") in page.text


@pytest.mark.parametrize(
    "onward",
    [
        "https://elsewhere.test/",
        "//elsewhere.test/",
        "/\\elsewhere.test/",
        "\\\\elsewhere.test",
        "/\t/elsewhere.test/",
        "javascript:alert(1)",
        "elsewhere",
        "/v1/bookings",
        "/\r\nSet-Cookie: a=b",
    ],
)
async def test_nobody_is_sent_on_to_another_site(browser: Browser, onward: str) -> None:
    assert (await browser.sign_in("client", "ben", onward)).headers["location"] == "/"


@pytest.mark.parametrize(
    ("page", "onward"),
    [
        ("http://keepdate.test/topics?x=1", "%2Ftopics"),
        ("http://elsewhere.test/topics", "%2F"),
        ("http://[keepdate.test/topics", "%2F"),
    ],
)
async def test_whose_session_has_ended_comes_back_to_the_page_that_they_wrote_on(
    browser: Browser, page: str, onward: str
) -> None:
    token = forms_of(await browser.get("/sign-in"), "/sign-in")[0].fields["csrf"]
    answer = await browser.post("/settings", {"zone": "UTC", "csrf": token}, {"Referer": page})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next={onward}"


async def test_nobody_else_can_be_signed_in_as(browser: Browser) -> None:
    page = await browser.get("/sign-in")
    answer = await browser.send(page, "/sign-in", role="support", id="ada")
    assert answer.status_code == 404
    assert (await browser.get("/settings")).status_code == 303


async def test_signing_out_ends_the_session(browser: Browser) -> None:
    await browser.sign_in("client", "ben")
    page = await browser.get("/settings")
    answer = await browser.send(page, "/sign-out")
    assert answer.headers["location"] == "/sign-in"
    assert "You are signed out." in (await browser.get("/sign-in")).text
    assert (await browser.get("/settings")).status_code == 303


async def test_an_answer_that_comes_after_signing_out_signs_nobody_in(browser: Browser) -> None:
    await browser.sign_in("client", "ben")
    page = await browser.get("/settings")
    # Of a form that was still on its way: what it answers is the last that the browser hears.
    late = await browser.send(page, "/settings", zone="Asia/Tokyo")
    await browser.send(page, "/sign-out")
    browser.http.cookies.set("keepdate", late.cookies["keepdate"], domain="keepdate.test")
    assert (await browser.get("/settings")).status_code == 303
    await browser.sign_in("client", "ben")
    assert (await browser.get("/settings")).status_code == 200


async def test_a_copy_of_a_session_ends_with_it(portal: FastAPI, browse: Open) -> None:
    owner, thief = await browse(portal), await browse(portal)
    await owner.sign_in("client", "ben")
    thief.http.cookies = httpx.Cookies(owner.http.cookies)
    page = await thief.get("/settings")
    assert page.status_code == 200
    await owner.send(await owner.get("/settings"), "/sign-out")
    assert (await thief.get("/settings")).status_code == 303
    assert (await thief.get("/live")).status_code == 204
    assert (await thief.send(page, "/settings", zone="Asia/Tokyo")).status_code == 403
    # Each by itself: the same person goes on elsewhere, and comes back here.
    await owner.sign_in("client", "ben")
    assert (await owner.get("/settings")).status_code == 200
    assert (await thief.get("/settings")).status_code == 303


async def test_a_session_ends_when_somebody_else_signs_in_over_it(
    portal: FastAPI, browse: Open
) -> None:
    here, copied = await browse(portal), await browse(portal)
    await here.sign_in("client", "ben")
    copied.http.cookies = httpx.Cookies(here.http.cookies)
    assert (await copied.get("/settings")).status_code == 200
    ada = {"role": "provider", "id": "ada", "csrf": await here.csrf()}
    assert (await here.post("/sign-in", ada)).status_code == 303
    assert "Ada" in (await here.get("/settings")).text
    assert (await copied.get("/settings")).status_code == 303


async def test_words_that_were_sent_from_a_session_that_has_ended_are_shown(
    portal: FastAPI, browse: Open
) -> None:
    here, there = await browse(portal), await browse(portal)
    await here.sign_in("provider", "ada")
    there.http.cookies = httpx.Cookies(here.http.cookies)
    token = await there.csrf()
    await here.send(await here.get("/settings"), "/sign-out")
    there.http.headers["Sec-Fetch-Site"] = "same-origin"
    answer = await there.post("/topics", {"csrf": token, "description": "All of it."})
    assert answer.status_code == 403
    assert "You are signed out" in answer.text
    assert "All of it." in answer.text


async def test_without_the_database_somebody_signs_out_in_their_browser_and_is_told_so(
    portal: FastAPI, portal_settings: Settings, browse: Open
) -> None:
    browser = await browse(portal)
    await browser.sign_in("client", "ben")
    page = await browser.get("/settings")
    gone = set_to(portal_settings).model_copy(
        update={"database_url": "postgresql+psycopg://nobody@127.0.0.1:9/nothing"}
    )
    away = await browse(create_app(gone))
    away.http.cookies = httpx.Cookies(browser.http.cookies)
    # Whether the session has ended is not known.
    assert (await away.get("/settings")).status_code == 503
    answer = await away.send(page, "/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "You are signed out in this browser." in (await away.get("/sign-in")).text
    assert (await away.get("/settings")).status_code == 303


async def test_a_session_of_a_release_that_gave_it_no_id_goes_on_and_ends_here(
    meet: Meet,
) -> None:
    visitor = await meet("client")
    page = await visitor.get("/settings")
    assert page.status_code == 200
    assert (await visitor.send(page, "/sign-out")).status_code == 303
    assert (await visitor.get("/settings")).status_code == 303


async def test_nobody_stays_signed_in_for_longer_by_doing_something(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.sign_in("client", "ben")
    page = await browser.get("/settings")
    shift(monkeypatch, 0.7 * LASTS)
    # The answer brings the cookie anew.
    assert (await browser.send(page, "/settings", zone="Asia/Tokyo")).status_code == 303
    page = await browser.get("/settings")
    assert page.status_code == 200
    shift(monkeypatch, 1.1 * LASTS)
    assert (await browser.get("/settings")).status_code == 303
    late = await browser.send(page, "/settings", zone="UTC")
    assert late.status_code == 403
    assert "You are signed out" in late.text
    await browser.sign_in("client", "ben")
    assert "Time zone: Asia/Tokyo" in (await browser.get("/settings")).text


async def test_pages_that_are_opened_at_once_have_forms_of_one_session(browser: Browser) -> None:
    cookie = cookie_of(await browser.sign_in("client", "ben"))
    known = set()
    for _ in range(2):
        # As the browser has it that asks for both before it is answered.
        browser.http.cookies.set(cookie.key, cookie.value, domain="keepdate.test")
        known.add(await browser.csrf())
        browser.http.cookies.clear()
    assert len(known) == 1


async def test_what_was_done_is_told_once(browser: Browser) -> None:
    await browser.sign_in("client", "ben")
    page = await browser.get("/settings")
    assert (await browser.send(page, "/settings", zone="Asia/Tokyo")).status_code == 303
    told = "Times are shown in Asia/Tokyo now."
    assert told in (await browser.get("/settings")).text
    assert told not in (await browser.get("/settings")).text


async def test_the_zone_is_remembered_for_the_next_time(browser: Browser) -> None:
    await browser.sign_in("client", "ben")
    await browser.send(await browser.get("/settings"), "/settings", zone="Asia/Tokyo")
    await browser.send(await browser.get("/settings"), "/sign-out")
    await browser.sign_in("client", "ben")
    assert "Time zone: Asia/Tokyo" in (await browser.get("/settings")).text


async def test_a_zone_by_its_old_name_stays_chosen(meet: Meet) -> None:
    for zone in ("US/Eastern", "Asia/Tokyo"):
        visitor = await meet("client", zone=zone)
        assert f'<option value="{zone}" selected>' in (await visitor.get("/settings")).text


async def test_a_zone_that_is_none_is_refused_where_it_was_written(browser: Browser) -> None:
    await browser.sign_in("client", "ben")
    answer = await browser.send(await browser.get("/settings"), "/settings", zone="Mars/Olympus")
    assert answer.status_code == 422
    assert "is not a time zone" in answer.text


async def test_the_cookie_is_for_the_server_alone(browser: Browser) -> None:
    cookie = cookie_of(await browser.sign_in("client", "ben"))
    assert (cookie.key, cookie["path"], cookie["domain"]) == ("keepdate", "/", "")
    assert cookie["httponly"]
    assert cookie["samesite"] == "lax"
    assert not cookie["secure"]


async def test_behind_tls_the_cookie_is_for_tls_and_this_host_alone(
    portal_settings: Settings, browse: Open
) -> None:
    settings = set_to(portal_settings, public_url="https://keepdate.test")
    browser = await browse(create_app(settings))
    cookie = cookie_of(await browser.sign_in("client", "ben"))
    assert (cookie.key, cookie["path"], cookie["domain"]) == ("__Host-keepdate", "/", "")
    assert cookie["secure"]
    assert cookie["httponly"]


async def test_a_session_that_was_tampered_with_is_none(
    browser: Browser, portal_settings: Settings, browse: Open
) -> None:
    await browser.sign_in("client", "ben")
    value = browser.http.cookies["keepdate"]
    other = await browse(create_app(set_to(portal_settings, session_secret=SECRET)))
    other.http.cookies.set("keepdate", value)
    assert (await other.get("/settings")).status_code == 303
    browser.http.cookies.clear()
    browser.http.cookies.set("keepdate", "x" + value)
    assert (await browser.get("/settings")).status_code == 303


async def test_production_has_no_demo_people(portal_settings: Settings, browse: Open) -> None:
    production = {"environment": "production", "jwt_secret": SECRET, "session_secret": SECRET}
    browser = await browse(create_app(set_to(portal_settings, **production)))
    page = await browser.get("/sign-in")
    assert page.status_code == 200
    assert "Ada Brandt" not in page.text
    fields = {"role": "provider", "id": "ada", "next": "/"}
    assert (await browser.post("/sign-in", fields)).status_code == 403
    assert (await browser.get("/sign-in/start")).status_code == 404


def test_production_refuses_the_public_session_secret() -> None:
    with pytest.raises(ConfigurationError, match="KEEPDATE_SESSION_SECRET"):
        create_app(Settings(environment="production", jwt_secret=SECRET))


async def test_the_area_of_others_is_not_there(portal_settings: Settings, browse: Open) -> None:
    router = page_router("/studio")

    @router.get("")
    async def studio(viewer: ProviderIn) -> str:
        return viewer.name

    app: FastAPI = create_app(portal_settings)
    app.include_router(router)
    for role, person, status in (("provider", "ada", 200), ("client", "ben", 404)):
        browser = await browse(app)
        await browser.sign_in(role, person)
        assert (await browser.get("/studio")).status_code == status
    assert (await (await browse(app)).get("/studio")).status_code == 303
