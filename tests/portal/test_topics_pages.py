"""What providers offer, and clients find."""

from __future__ import annotations

import re

import pytest

from db.ids import new_id
from tests.portal.browser import forms_of
from tests.portal.conftest import Meet
from tests.portal.lateness import SCRIPT
from tests.portal.visitor import Visitor, words

ADD = "/topics"


def topic(title: str, **fields: str) -> dict[str, str]:
    """What is written into the form of a topic."""
    return {"title": title, "description": "", "duration_minutes": "45", **fields}


@pytest.fixture
async def ada(meet: Meet) -> Visitor:
    """A provider who offers nothing yet."""
    return await meet("provider", name="Ada Lovelace")


@pytest.fixture
async def ben(meet: Meet) -> Visitor:
    """A client."""
    return await meet("client")


def only(visitor: Visitor) -> str:
    """Where clients browse what one provider offers."""
    return f"/browse?provider_id={visitor.id}"


async def test_who_offers_nothing_is_told_how_to_begin(ada: Visitor, ben: Visitor) -> None:
    assert "You offer nothing yet" in words(await ada.get("/topics"))
    assert "Nothing is listed here at the moment" in words(await ben.get(only(ada)))


async def test_a_topic_that_is_added_is_found(ada: Visitor, ben: Visitor) -> None:
    written = topic(f"Fugues {SCRIPT}", description=f"See https://example.org/f {SCRIPT}")
    answer = await ada.send(await ada.get("/topics"), ADD, **written)
    assert (answer.status_code, answer.headers["location"]) == (303, "/topics")
    own = await ada.get("/topics")
    assert "is on your list" in words(own)
    found = await ben.get(only(ada))
    for page in (own, found):
        assert SCRIPT not in page.text
        assert f"Fugues {SCRIPT}" in words(page)
        assert "45 minutes" in words(page)
    assert "Ada Lovelace" in words(found)
    assert 'href="https://example.org/f"' in found.text


async def test_what_is_found_can_be_asked_for_and_its_provider_written_to(
    ada: Visitor, ben: Visitor
) -> None:
    offered = await ada.offers("Sight-reading")
    page = await ben.get(only(ada))
    assert f'href="/request/{offered}"' in page.text
    assert (await ben.get(f"/request/{offered}")).status_code == 200
    answer = await ben.send(page, "/messages/start")
    assert answer.headers["location"].startswith("/messages/")


async def test_a_form_that_is_sent_twice_adds_one_topic(ada: Visitor, ben: Visitor) -> None:
    form = forms_of(await ada.get("/topics"), ADD)[0]
    for _ in range(2):
        assert (await ada.post(ADD, {**form.fields, **topic("Canons")})).status_code == 303
    assert words(await ben.get(only(ada))).count("45 minutes") == 1


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (topic(" "), "Title has to be given."),
        (topic("Fugues", duration_minutes="an hour"), "must be a whole number from 1 to 1440."),
        (topic("Fugues", duration_minutes="0"), "must be a whole number from 1 to 1440."),
        (topic("Fugues", duration_minutes="9" * 30), "must be a whole number from 1 to 1440."),
        (topic("Fugues", duration_minutes="٤٥"), "must be a whole number from 1 to 1440."),
        (topic("Fugues", description="a" * 4001), "Description can have 4,000 characters"),
    ],
)
async def test_what_is_wrong_is_said_where_it_was_written(
    ada: Visitor, written: dict[str, str], told: str
) -> None:
    answer = await ada.send(await ada.get("/topics"), ADD, **written)
    assert answer.status_code == 422
    assert told in words(answer)
    assert f'value="{written["duration_minutes"]}"' in answer.text
    assert "You offer nothing yet" in words(answer)


async def test_a_topic_is_changed(ada: Visitor, ben: Visitor) -> None:
    path = f"/topics/{await ada.offers('Fugues')}"
    page = await ada.get(path)
    assert 'value="Fugues"' in page.text
    wrong = await ada.send(page, path, **topic(""))
    assert wrong.status_code == 422
    answer = await ada.send(page, path, **topic("Canons", description="In two voices."))
    assert answer.headers["location"] == "/topics"
    assert "“Canons” is changed." in words(await ada.get("/topics"))
    assert "In two voices." in words(await ben.get(only(ada)))


async def test_a_topic_is_paused_and_listed_again(ada: Visitor, ben: Visitor) -> None:
    path = f"/topics/{await ada.offers('Fugues')}"
    stale = await ada.get("/topics")
    assert (await ada.send(stale, f"{path}/pause")).status_code == 303
    paused = await ada.get("/topics")
    assert "“Fugues” takes no new requests now." in words(paused)
    assert "Paused" in words(paused)
    assert "Fugues" not in words(await ben.get(only(ada)))
    # Pausing it in another tab, where it was listed still, changes nothing.
    assert (await ada.post(f"{path}/pause", forms_of(stale, f"{path}/pause")[0].fields)).is_redirect
    assert (await ada.send(paused, f"{path}/list")).status_code == 303
    assert "“Fugues” is no longer paused." in words(await ada.get("/topics"))
    assert "Fugues" in words(await ben.get(only(ada)))


async def test_another_providers_topic_is_not_there(ada: Visitor, meet: Meet) -> None:
    path = f"/topics/{await ada.offers('Fugues')}"
    other = await meet("provider")
    csrf = {"csrf": await other.csrf()}
    assert (await other.get(path)).status_code == 404
    for action in (path, f"{path}/pause", f"{path}/list"):
        assert (await other.post(action, {**csrf, **topic("Mine")})).status_code == 404
    assert "Fugues" in words(await ada.get("/topics"))
    assert "Listed" in words(await ada.get("/topics"))
    assert (await ada.get(f"/topics/{new_id()}")).status_code == 404


async def test_each_role_has_its_own_area(ada: Visitor, ben: Visitor, meet: Meet) -> None:
    support = await meet("support")
    for visitor, path in ((ben, "/topics"), (support, "/topics"), (ada, "/browse")):
        assert (await visitor.get(path)).status_code == 404
    assert (await ben.post("/topics", {"csrf": await ben.csrf(), **topic("X")})).status_code == 404


async def test_what_is_searched_for_is_taken_as_it_stands(ada: Visitor, ben: Visitor) -> None:
    await ada.offers("100% attention")
    await ada.offers("Fugues")
    found = words(await ben.get(f"{only(ada)}&q=0%25%20ATT"))
    assert "100% attention" in found
    assert "Fugues" not in found
    nothing = await ben.get(f"{only(ada)}&q=%25%25{SCRIPT}%00")
    assert "Nothing mentions “%%<script>alert(1)</script>”" in words(nothing)
    assert SCRIPT not in nothing.text


async def test_there_is_a_next_page_where_there_is_more(ada: Visitor, ben: Visitor) -> None:
    for number in range(26):
        await ada.offers(f"Lesson {number:02}")
    first = await ben.get(only(ada))
    assert "Lesson 25" in words(first)
    assert "Lesson 01" not in words(first)
    [after] = re.findall(r'rel="next" href="[^"]*after=([^"&]+)"', first.text)
    second = words(await ben.get(f"{only(ada)}&after={after}"))
    assert "Lesson 01" in second
    assert "Lesson 02" not in second
    assert (await ben.get(f"{only(ada)}&after=nonsense!")).status_code == 422
