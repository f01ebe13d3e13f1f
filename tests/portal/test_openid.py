"""Signing in with an identity provider that is asked over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from api.app import create_app
from config import Settings
from db.engine import create_engine
from db.ids import new_id
from db.stores.contacts import keep_zone
from domain.party import Party, Role
from tests.portal.browser import Browser
from tests.portal.conftest import Open, set_to
from tests.portal.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    IdentityProvider,
    identity_provider,
)

SECRET = "a secret of the operator's own, long enough"
ADA = {"sub": "ada-7", "name": "Ada Brandt", "role": "provider", "zoneinfo": "Asia/Tokyo"}


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    """An identity provider that vouches for a provider called Ada."""
    async with identity_provider() as found:
        found.claims = dict(ADA)
        yield found


@pytest.fixture
def with_provider(portal_settings: Settings, provider: IdentityProvider) -> dict[str, Any]:
    """What a portal in production is set to."""
    return {
        "environment": "production",
        "jwt_secret": SECRET,
        "session_secret": SECRET,
        "public_url": "https://keepdate.test",
        "oidc_discovery_url": provider.discovery_url,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
    }


@pytest.fixture
async def visitor(
    portal_settings: Settings, with_provider: dict[str, Any], browse: Open
) -> Browser:
    """A browser on that portal."""
    return await browse(create_app(set_to(portal_settings, **with_provider)))


async def sent_back(visitor: Browser, provider: IdentityProvider, onward: str = "/") -> str:
    """Where the identity provider sends the visitor back to."""
    start = await visitor.http.get("/sign-in/start", params={"next": onward})
    assert start.headers["location"].startswith(f"{provider.address}/authorize?")
    return provider.authorize(start.headers["location"])


async def test_whom_the_provider_vouches_for_is_signed_in(
    visitor: Browser, provider: IdentityProvider
) -> None:
    assert "/sign-in/start?next=%2Fsettings" in (await visitor.get("/sign-in?next=/settings")).text
    back = await sent_back(visitor, provider, "/settings")
    assert back.startswith("https://keepdate.test/sign-in/callback?")
    answer = await visitor.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings")
    page = (await visitor.get("/settings")).text
    assert "Ada Brandt" in page
    assert "ada-7" in page
    assert "Time zone: Asia/Tokyo" in page
    assert (await visitor.get("/")).headers["location"] == "/bookings"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada\0 Brandt", "Ada Brandt"),
        ("Ada\ud800 Brandt", "Ada Brandt"),
        ("Ada \n Brandt", "Ada Brandt"),
        (
            "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
            "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        ),
        (" \t ", ""),
        ("\0", ""),
        (["Ada"], ""),
    ],
)
async def test_a_name_that_nothing_could_keep_or_show_is_made_one(
    visitor: Browser, provider: IdentityProvider, name: object, shown: str
) -> None:
    person = new_id()
    provider.claims |= {"sub": person, "name": name}
    answer = await visitor.get(await sent_back(visitor, provider))
    assert answer.status_code == 303
    page = (await visitor.get("/settings")).text
    assert f"<strong>{shown or person}</strong>" in page


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ({"email_verified": True}, True),
        ({}, True),
        ({"email_verified": False}, False),
        ({"email_verified": "false"}, False),
        ({"email": "Ada <b>@example.org"}, False),
        ({"email": ["ada@example.org"]}, False),
    ],
)
async def test_mail_goes_to_the_address_that_the_provider_has_verified(
    visitor: Browser, provider: IdentityProvider, claims: dict[str, Any], shown: bool
) -> None:
    person = new_id()
    email = f"{person}@example.org"
    provider.claims |= {"sub": person, "email": email, **claims}

    await visitor.get(await sent_back(visitor, provider))

    page = (await visitor.get("/notices/preferences")).text
    assert (f'value="{email}"' in page) is shown


async def test_a_time_zone_that_a_service_has_set_stays(
    visitor: Browser, provider: IdentityProvider, portal_settings: Settings
) -> None:
    person = new_id()
    engine = create_engine(portal_settings.require_database_url())
    async with engine.begin() as conn:
        await keep_zone(conn, Party(role=Role.PROVIDER, id=person), "America/Lima")
    await engine.dispose()
    provider.claims = {"sub": person, "name": "Ada Brandt", "role": "provider"}

    await visitor.get(await sent_back(visitor, provider))

    assert "Time zone: America/Lima" in (await visitor.get("/settings")).text


async def test_nobody_is_sent_on_to_another_site(
    visitor: Browser, provider: IdentityProvider
) -> None:
    answer = await visitor.get(await sent_back(visitor, provider, "//elsewhere.test/"))
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "claims",
    [{"role": "service"}, {"role": None}, {"role": ["guest"]}, {"sub": "no id!"}],
    ids=str,
)
async def test_whoever_has_no_role_here_is_not_signed_in(
    visitor: Browser, provider: IdentityProvider, claims: dict[str, Any]
) -> None:
    provider.claims |= claims
    answer = await visitor.get(await sent_back(visitor, provider))
    assert answer.status_code == 403
    assert "You are not signed in" in answer.text
    assert (await visitor.get("/settings")).status_code == 303


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "of another flow"}, {"aud": "another"}, {"iss": "https://other.test"}, {"exp": 1}],
    ids=str,
)
async def test_a_token_for_something_else_is_refused(
    visitor: Browser, provider: IdentityProvider, claims: dict[str, Any]
) -> None:
    provider.claims |= claims
    answer = await visitor.get(await sent_back(visitor, provider))
    assert answer.status_code == 403
    assert (await visitor.get("/settings")).status_code == 303


async def test_a_token_that_another_signed_is_refused(
    visitor: Browser, provider: IdentityProvider
) -> None:
    provider.signing_key = rsa.generate_private_key(65537, 2048)
    answer = await visitor.get(await sent_back(visitor, provider))
    assert answer.status_code == 403


async def test_the_answer_to_another_browser_is_refused(
    portal_settings: Settings,
    with_provider: dict[str, Any],
    visitor: Browser,
    provider: IdentityProvider,
    browse: Open,
) -> None:
    back = await sent_back(visitor, provider)
    victim = await browse(create_app(set_to(portal_settings, **with_provider)))
    assert (await victim.get(back)).status_code == 403
    assert (await victim.get("/settings")).status_code == 303


async def test_an_answer_is_good_for_one_time(visitor: Browser, provider: IdentityProvider) -> None:
    back = await sent_back(visitor, provider)
    assert (await visitor.get(back)).status_code == 303
    assert (await visitor.get(back)).status_code == 403


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=str)
async def test_who_signs_in_in_several_tabs_is_led_on_in_each(
    visitor: Browser, provider: IdentityProvider, order: tuple[int, ...]
) -> None:
    onward = ["/topics?x=1", "/settings", "/messages"]
    back = [await sent_back(visitor, provider, each) for each in onward]
    first, *later = order
    answer = await visitor.get(back[first])
    assert (answer.status_code, answer.headers["location"]) == (303, onward[first])
    token = await visitor.csrf()
    for tab in later:
        answer = await visitor.get(back[tab])
        assert (answer.status_code, answer.headers["location"]) == (303, onward[tab])
    # What somebody began to write in the first tab can be sent from there.
    assert await visitor.csrf() == token


async def test_whoever_chooses_another_account_in_a_later_tab_goes_on_with_that(
    visitor: Browser, provider: IdentityProvider
) -> None:
    one, other = [await sent_back(visitor, provider) for _ in range(2)]
    assert (await visitor.get(one)).status_code == 303
    provider.claims |= {"sub": "noor-3", "name": "Noor Haddad"}
    assert (await visitor.get(other)).status_code == 303
    assert "Noor Haddad" in (await visitor.get("/settings")).text


async def test_an_answer_that_is_not_waited_for_any_more_says_who_is_signed_in(
    visitor: Browser, provider: IdentityProvider
) -> None:
    back = await sent_back(visitor, provider)
    assert (await visitor.get(back)).status_code == 303
    late = await visitor.get(back)
    assert late.status_code == 403
    assert "You are signed in already" in late.text
    assert "not signed in" not in late.text
    assert (await visitor.get("/settings")).status_code == 200


@pytest.mark.parametrize(
    "search", ["x" * 380, "x" * 5_000, '"' * 380], ids=["long", "longer", "quotes"]
)
async def test_a_browser_keeps_a_few_tabs_that_sign_in_and_no_more(
    visitor: Browser, provider: IdentityProvider, search: str
) -> None:
    long = f"/bookings?search={search}"
    back = [await sent_back(visitor, provider, long) for _ in range(5)]
    # Browsers take no longer ones.
    assert all(len(f"{each.name}={each.value}") < 4_000 for each in visitor.http.cookies.jar)
    assert (await visitor.get(back[0])).status_code == 403
    assert (await visitor.get(back[2])).status_code == 303


async def test_what_went_wrong_is_told_to_whoever_is_signed_in_all_the_same(
    visitor: Browser, provider: IdentityProvider
) -> None:
    await visitor.get(await sent_back(visitor, provider))
    provider.claims["aud"] = "another"
    refused = await visitor.get(await sent_back(visitor, provider))
    assert refused.status_code == 403
    assert "could not be confirmed" in refused.text
    del provider.claims["aud"]
    provider.claims["role"] = "guest"
    unknown = await visitor.get(await sent_back(visitor, provider))
    assert unknown.status_code == 403
    assert "neither a provider’s" in unknown.text
    for page in (refused, unknown):
        assert "You are still signed in as Ada Brandt" in page.text
        assert "not signed in" not in page.text
    assert "Ada Brandt" in (await visitor.get("/settings")).text


async def test_roles_may_be_a_list_inside_another_claim(
    portal_settings: Settings,
    with_provider: dict[str, Any],
    provider: IdentityProvider,
    browse: Open,
) -> None:
    settings = set_to(portal_settings, **with_provider, oidc_role_claim="realm_access.roles")
    provider.claims = {"sub": "sam", "realm_access": {"roles": ["guest", "support"]}}
    visitor = await browse(create_app(settings))
    await visitor.get(await sent_back(visitor, provider))
    assert (await visitor.get("/")).headers["location"] == "/queues"


async def test_without_the_identity_provider_people_are_asked_to_try_again(
    portal_settings: Settings, with_provider: dict[str, Any], browse: Open
) -> None:
    gone = {**with_provider, "oidc_discovery_url": "http://127.0.0.1:9/"}
    visitor = await browse(create_app(set_to(portal_settings, **gone)))
    answer = await visitor.get("/sign-in/start")
    assert answer.status_code == 503
    assert "You are not signed in" in answer.text
    assert "cannot be reached" in answer.text
    assert "Try again" in answer.text


async def test_without_the_identity_provider_whoever_is_signed_in_stays_so_and_is_told_why(
    portal_settings: Settings,
    with_provider: dict[str, Any],
    visitor: Browser,
    provider: IdentityProvider,
    browse: Open,
) -> None:
    await visitor.get(await sent_back(visitor, provider))
    gone = {**with_provider, "oidc_discovery_url": "http://127.0.0.1:9/"}
    later = await browse(create_app(set_to(portal_settings, **gone)))
    later.http.cookies = visitor.http.cookies
    answer = await later.get("/sign-in/start")
    assert answer.status_code == 503
    assert "You are still signed in as Ada Brandt" in answer.text
    assert "cannot be reached" in answer.text
    assert "already" not in answer.text
    assert (await later.get("/settings")).status_code == 200
