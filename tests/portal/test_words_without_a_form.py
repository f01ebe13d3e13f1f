"""What somebody wrote is not lost with its form: it is told with what happened meanwhile."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest

from api.app import create_app
from config import Settings
from db.stores.topics import update_topic
from dev.trial import free_port
from tests.portal.browser import forms_of
from tests.portal.conftest import Meet
from tests.portal.lateness import Late
from tests.portal.pair import WHEN, Pair, in_tokyo
from tests.portal.visitor import connected, local, words

SCRIPT = "<script>alert(1)</script>"
WRITTEN = f"It took me an hour.\n{SCRIPT}"
TOLD = f"You had written: It took me an hour. {SCRIPT}"


def assert_kept(answer: httpx.Response, told: str = TOLD) -> None:
    assert answer.status_code == 409
    assert told in words(answer)
    assert SCRIPT not in answer.text


@pytest.mark.parametrize("command", ["decline", "cancel"])
async def test_words_about_a_request_that_is_over(pair: Pair, command: str) -> None:
    path = await pair.pending()
    writer = pair.ada if command == "decline" else pair.yuki
    stale = await writer.get(path)
    await pair.yuki.does(path, "cancel", reason="I fell ill.")
    answer = await writer.send(stale, f"{path}/{command}", reason=WRITTEN)
    assert_kept(answer)
    assert "The request was withdrawn" in words(answer)


@pytest.mark.parametrize("command", ["ask-cancel", "propose-reschedule"])
async def test_words_about_a_session_that_is_cancelled(pair: Pair, command: str) -> None:
    path = await pair.confirmed()
    stale = await pair.ada.get(path)
    await pair.yuki.does(path, "cancel", reason="I fell ill.", initiated_by="client")
    answer = await pair.ada.send(stale, f"{path}/{command}", reason=WRITTEN, start_1=local(30))
    assert_kept(answer)
    assert forms_of(answer, f"{path}/{command}") == []


async def test_all_that_was_written_about_the_place_of_a_session(pair: Pair) -> None:
    path = await pair.confirmed()
    stale = await pair.ada.get(path)
    await pair.yuki.does(path, "cancel", reason="I fell ill.", initiated_by="client")
    place = {"conference_url": "https://meet.example/1", "materials": "Brushes", "note": WRITTEN}
    answer = await pair.ada.send(stale, f"{path}/logistics", **place)
    assert_kept(answer, f"https://meet.example/1 Brushes {WRITTEN}".replace("\n", " "))


async def test_words_to_a_provider_who_takes_no_requests_any_more(pair: Pair) -> None:
    path = f"/request/{pair.topic}"
    stale = await pair.yuki.get(path)
    async with pair.ada.parts.engine.begin() as conn:
        await update_topic(conn, pair.topic, listed=False, now=datetime.now(UTC))
    assert_kept(await pair.yuki.send(stale, path, start_1=in_tokyo(WHEN), note=WRITTEN))


async def test_words_stand_in_their_form_where_the_page_has_it(pair: Pair) -> None:
    path = await pair.pending()
    page = await pair.ada.get(path)
    answer = await pair.ada.send(page, f"{path}/decline", reason=f"{SCRIPT}{'x' * 4000}")
    assert answer.status_code == 422
    assert words(answer).count(SCRIPT) == 1
    assert "You had written" not in words(answer)


async def test_words_of_a_form_that_met_an_outage(meet: Meet, shared_settings: Settings) -> None:
    ben = await meet("client")
    form = {"csrf": await ben.csrf(), "text": WRITTEN}
    nowhere = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing"
    app = create_app(shared_settings.model_copy(update={"database_url": nowhere}))
    async with app.router.lifespan_context(app), connected(app) as http:
        http.cookies = ben.http.cookies
        answer = await http.post("/messages/x", data=form)
    assert answer.status_code == 503
    assert TOLD in words(answer)
    assert SCRIPT not in answer.text


async def test_a_message_stands_where_it_was_written(pair: Pair) -> None:
    path = await pair.pending()
    chat = re.findall(r'href="(/messages/[^"]+)"', (await pair.ada.get(path)).text)[0]
    answer = await pair.ada.says(chat, f"{SCRIPT}{'x' * 4000}")
    assert answer.status_code == 422
    assert words(answer).count(SCRIPT) == 1
    assert "You had written" not in words(answer)


async def test_words_about_what_support_has_settled(late: Late, meet: Meet) -> None:
    await late.claimed(3)
    stale = await late.standing("A client’s claim")
    [contest] = re.findall(r'action="(/standing/claims/[^"]+)"', stale.text)
    file = f"/providers/{late.provider.id}"
    settle = contest.replace("/standing", file).replace("/contest", "/settle")
    eve, mia = await meet("support"), await meet("support")
    theirs = await mia.get(file)
    await eve.send(await eve.get(file), settle, verdict="uphold", note="As Ben says.")
    assert_kept(await late.provider.send(stale, contest, note=WRITTEN))
    assert_kept(await mia.send(theirs, settle, verdict="dismiss", note=WRITTEN))


async def test_words_about_a_suspension_that_a_colleague_decided(late: Late, meet: Meet) -> None:
    file = f"/providers/{late.provider.id}"
    eve, mia = await meet("support"), await meet("support")
    theirs = await mia.get(file)
    suspend = f"{file}/suspend"
    assert (await eve.send(await eve.get(file), suspend, reason="A complaint.")).is_redirect
    assert_kept(await mia.send(theirs, suspend, reason=WRITTEN))
