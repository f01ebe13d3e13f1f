"""Asking for a session on the pages, without any script."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from db.ids import new_id
from db.queries.bookings import Intent
from db.stores.intents import insert_intent
from db.stores.topics import update_topic
from tests.portal.browser import Browser, forms_of
from tests.portal.conftest import Meet
from tests.portal.pair import WHEN, Pair, in_tokyo
from tests.portal.visitor import actions_on, changes_of_clocks, connected, local, words


async def test_a_form_sent_twice_is_carried_out_once(pair: Pair) -> None:
    path = f"/request/{pair.topic}"
    page = await pair.yuki.get(path)
    answers = await asyncio.gather(
        *(pair.yuki.send(page, path, start_1=in_tokyo(WHEN)) for _ in range(2))
    )
    again = await pair.yuki.send(page, path, start_1=in_tokyo(WHEN))
    assert len({each.headers["location"] for each in (*answers, again)}) == 1


async def test_a_time_is_not_read_in_a_zone_that_its_page_did_not_show(pair: Pair) -> None:
    path = f"/request/{pair.topic}"
    page = await pair.yuki.get(path)
    await pair.yuki.send(await pair.yuki.get("/settings"), "/settings", zone="Europe/Berlin")
    answer = await pair.yuki.send(page, path, start_1=WHEN, note="Keep this.")
    assert answer.status_code == 422
    assert "Time 1 was chosen in another time zone than Europe/Berlin" in words(answer)
    assert "One to five, in Europe/Berlin" in words(answer)
    assert f'value="{WHEN}"' in answer.text
    assert (await pair.yuki.send(answer, path, start_1=WHEN)).status_code == 303


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "Time 1 has to be given"),
        ("soon", "Time 1 is not a date with a time of day"),
        ("2020-01-01T10:00", "Time 1 lies in the past"),
        ("2099-01-01T10:00", "Time 1 lies more than two years ahead"),
        (changes_of_clocks()[0], "Time 1 does not exist on that day: the clocks go forward"),
        (changes_of_clocks()[1], "Time 1 comes twice on that day: the clocks go back"),
    ],
)
async def test_a_time_that_cannot_be_meant_is_told_where_it_was_written(
    meet: Meet, written: str, told: str
) -> None:
    provider, client = await meet("provider"), await meet("client", zone="Europe/Berlin")
    path = f"/request/{await provider.offers()}"
    answer = await client.send(await client.get(path), path, start_1=written, note="Keep this.")
    assert answer.status_code == 422
    assert told in words(answer)
    assert "Keep this." in answer.text
    assert "You have no bookings yet" in words(await client.get("/bookings"))


async def test_a_time_is_named_once(pair: Pair) -> None:
    path = f"/request/{pair.topic}"
    page = await pair.yuki.get(path)
    answer = await pair.yuki.send(page, path, start_2=in_tokyo(WHEN), start_5=in_tokyo(WHEN))
    assert answer.status_code == 422
    assert "Time 5 is the same as another one." in words(answer)
    assert answer.text.count(f'value="{in_tokyo(WHEN)}"') == 2


async def test_a_topic_that_takes_no_requests_says_so(pair: Pair) -> None:
    path = f"/request/{pair.topic}"
    page = await pair.yuki.get(path)
    async with pair.ada.parts.engine.begin() as conn:
        await update_topic(conn, pair.topic, listed=False, now=datetime.now(UTC))
    answer = await pair.yuki.send(page, path, start_1=in_tokyo(WHEN))
    assert answer.status_code == 409
    assert "takes no requests for it at the moment" in words(answer)
    assert actions_on(answer) == {"start"}
    assert (await pair.yuki.get("/request/nothing")).status_code == 404
    assert (await pair.ada.get(path)).status_code == 404


async def test_a_request_that_is_not_recorded_yet_is_taken(pair: Pair, meet: Meet) -> None:
    intent = Intent(
        booking_id=new_id(),
        provider_id=pair.ada.id,
        client_id=pair.yuki.id,
        topic_id=pair.topic,
        created_at=datetime.now(UTC),
    )
    async with pair.ada.parts.engine.begin() as conn:
        await insert_intent(conn, intent)
    path = f"/bookings/{intent.booking_id}"
    page = await pair.yuki.get(path)
    assert page.status_code == 202
    assert "The request is taken" in words(page)
    assert f'data-live="booking:{intent.booking_id}"' in page.text
    assert (await (await meet("client")).get(path)).status_code == 404


async def test_demo_people_sign_in_and_book(town: FastAPI, meet: Meet) -> None:
    provider = await meet("provider")
    topic = await provider.offers()
    path = f"/request/{topic}"
    async with connected(town) as http:
        ben = Browser(http)
        assert (await ben.get(path)).headers["location"].startswith("/sign-in?next=")
        assert (await ben.sign_in("client", "ben", onward=path)).headers["location"] == path
        page = await ben.get(path)
        assert len(forms_of(page, path)) == 1
        answer = await ben.send(page, path, start_1=local(20))
        assert "Ben Okafor" in words(await provider.get(answer.headers["location"]))
