"""Dates that a client has accepted, as support enters them."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from api.portal.start_fields import local_value
from tests.portal.conftest import Meet
from tests.portal.pair import Pair, in_tokyo
from tests.portal.visitor import changes_of_clocks, instant, local, words

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-11-24T09:00:00+00:00", "2026-11-24T10:00"),
        ("2026-11-24T09:00:30+00:00", "2026-11-24T10:00:30"),
        # 02:30 comes twice on this day: what the field said would be one of two instants.
        ("2026-10-25T00:30:00+00:00", None),
        ("2026-10-25T01:30:00+00:00", None),
        ("2026-11-24T09:00:00.5+00:00", None),
    ],
)
def test_a_date_is_filled_in_where_the_field_can_say_it(at: str, shown: str | None) -> None:
    assert local_value(datetime.fromisoformat(at), BERLIN) == shown


async def test_a_date_that_no_field_can_say_is_entered_as_it_was_accepted(
    meet: Meet,
) -> None:
    eve = await meet("support")
    twice = in_tokyo(changes_of_clocks()[1])
    ada, yuki = await meet("provider", zone="Asia/Tokyo"), await meet("client", zone="Asia/Tokyo")
    pair = Pair(ada, yuki, await ada.offers())
    path = await pair.confirmed()
    await ada.does(path, "propose-reschedule", start_1=twice, reason="A fair.")
    accepted = {"answer": "accept", "start": instant(twice, "Asia/Tokyo")}
    await yuki.does(path, "answer-reschedule", **accepted)
    page = await eve.get(path)
    assert "02:30 CEST" in words(page)
    answer = await eve.send(page, f"{path}/reschedule-approved")
    assert answer.headers["location"] == path
    assert "02:30 CEST" in words(await eve.get(path))


async def test_the_browser_takes_an_accepted_date_with_seconds(pair: Pair, meet: Meet) -> None:
    eve, path = await meet("support"), await pair.confirmed()
    later = f"{local(25)}:30"
    await pair.ada.does(path, "propose-reschedule", start_1=later, reason="A fair.")
    await pair.yuki.does(path, "answer-reschedule", answer="accept", start=instant(later))
    for page in (await eve.get(path), await eve.get("/queues")):
        [field] = re.findall(f'<input [^>]*value="{later}"[^>]*>', page.text)
        # Half a minute past is no whole number of minutes from an earliest time.
        assert " min=" not in field
