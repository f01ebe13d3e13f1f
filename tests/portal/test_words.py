"""How times and what people write are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.portal import rendering, times
from api.portal.links import linkify
from api.portal.names import Names
from api.portal.paths import local_path
from api.portal.told import told
from domain.party import A_BOOKING, THE_CLOCK, UNNAMED_SERVICE, Party, Role
from notices.times import in_zone

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(minutes=89), "in 89 minutes"),
        (timedelta(hours=3), "in 3 hours"),
        (timedelta(hours=24), "in 1 day"),
        (timedelta(hours=37, minutes=59), "in 1 day"),
        (timedelta(hours=38), "in 2 days"),
        (timedelta(days=-3), "3 days ago"),
    ],
    ids=str,
)
def test_how_far_off_something_is(ahead: timedelta, told: str) -> None:
    assert times.relative(NOW + ahead, BERLIN, NOW) == told


@pytest.mark.parametrize(
    ("text", "zone", "shown"),
    [
        ("9999-12-31T23:59:59Z", BERLIN, "Fri 31 Dec 9999, 23:59"),
        ("0001-01-01T00:00:00Z", ZoneInfo("America/New_York"), "Mon 1 Jan 1, 00:00"),
    ],
)
def test_a_day_that_a_zone_does_not_have_is_told_in_utc(
    text: str, zone: ZoneInfo, shown: str
) -> None:
    assert told(f"Not then: {text}.", zone, NOW).striptags() == f"Not then: {shown}."


def test_what_only_looks_like_an_instant_stands_as_it_is() -> None:
    assert told("2026-13-31T00:00:00Z", BERLIN, NOW) == "2026-13-31T00:00:00Z"


def test_a_time_names_its_day_and_its_year_where_that_is_another() -> None:
    assert times.short(datetime(2026, 11, 24, 9, tzinfo=UTC), BERLIN, NOW) == "Tue 24 Nov, 10:00"
    told = times.short(datetime(2026, 12, 31, 23, tzinfo=UTC), BERLIN, NOW)
    assert told == "Fri 1 Jan 2027, 00:00"


def test_of_an_hour_that_comes_twice_a_time_says_which_it_is() -> None:
    first = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    for zone, instant, shown in (
        (BERLIN, first, "Sun 31 Oct 2027, 02:30 CEST"),
        (BERLIN, first + timedelta(hours=1), "Sun 31 Oct 2027, 02:30 CET"),
        (BERLIN, first + timedelta(hours=2), "Sun 31 Oct 2027, 03:30"),
        (LORD_HOWE, datetime(2027, 4, 3, 15, 10, tzinfo=UTC), "Sun 4 Apr 2027, 01:40 UTC+1030"),
    ):
        assert times.short(instant, zone, NOW) == shown
        assert in_zone(instant, zone) == f"{shown} ({zone.key.replace('_', ' ')})"


def test_a_day_whose_clocks_go_back_is_longer_than_a_day() -> None:
    midnight = datetime(2027, 10, 30, 22, tzinfo=UTC)
    assert times.relative(midnight + timedelta(hours=24), BERLIN, midnight) == "in 1 day"


def test_the_exact_instant_is_told_in_the_zone_and_in_utc() -> None:
    instant = datetime(2026, 11, 24, 9, tzinfo=UTC)
    told = "2026-11-24 10:00:00 CET (Europe/Berlin), 09:00:00 UTC"
    assert times.exact(instant, BERLIN) == told
    shown = times.time_element(instant, "<soon>", BERLIN)
    assert shown == f'<time datetime="2026-11-24T09:00:00Z" title="{told}">&lt;soon&gt;</time>'


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("see https://example.org/a?b=1&c=2.", "https://example.org/a?b=1&c=2"),
        ("(https://example.org/x)", "https://example.org/x"),
        ("https://example.org/x_(y)", "https://example.org/x_(y)"),
        ("[see https://example.org/x_(y).]", "https://example.org/x_(y)"),
        ("https://example.org/" + ")]" * 1990, "https://example.org/"),
        ("HTTP://EXAMPLE.ORG!", "HTTP://EXAMPLE.ORG"),
    ],
)
def test_addresses_can_be_followed(written: str, address: str) -> None:
    shown = linkify(written)
    escaped = address.replace("&", "&amp;")
    assert f'href="{escaped}" rel="noopener nofollow ugc"' in shown
    assert shown.striptags() == written


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        "javascript:alert(1)",
        "data:text/html,x",
        '"><img src=x onerror=alert(1)>',
        "ftp://example.org",
        "https://",
    ],
)
def test_everything_else_is_the_text_that_it_is(written: str) -> None:
    shown = linkify(written)
    assert "<" not in shown
    assert shown.unescape() == written


def test_an_address_cannot_break_out_of_its_link() -> None:
    shown = linkify('https://example.org/"onmouseover="alert(1)')
    assert 'onmouseover="' not in shown.replace("&#34;", "")
    assert shown.count("<a ") == 1


def test_a_local_address_keeps_its_query() -> None:
    assert local_path("/bookings?state=pending&after=x") == "/bookings?state=pending&after=x"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada King (Lovelace)", "AL"),
        ("Zoë van der Berg", "ZB"),
        ("Mary-Ann", "MA"),
        ("\N{PARTY POPPER} Léo", "L"),
        ("\N{PARTY POPPER}", ""),
    ],
)
def test_letters_stand_for_a_name(name: str, letters: str) -> None:
    assert rendering._initials(name) == letters


def test_who_is_no_person_is_named_by_what_they_are() -> None:
    names = Names(has_demo_people=False)
    told = [names.of(who) for who in (A_BOOKING, UNNAMED_SERVICE, THE_CLOCK)]
    assert told == ["a booking", "a service", "the clock"]
    assert names.of(Party(role=Role.CLIENT, id="carl")) == "carl"
