"""A booking as people handle it on its page, without any script."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from temporalio.testing import WorkflowEnvironment

from tests.api.marketplace import until
from tests.portal.conftest import Meet
from tests.portal.pair import WHEN, Pair, in_tokyo
from tests.portal.visitor import actions_on, changes_of_clocks, instant, local, words

SCRIPT = "<script>alert(1)</script>"


async def test_view_shows_the_times_of_both(pair: Pair) -> None:
    page = await pair.ada.get(await pair.pending(note=SCRIPT))
    assert "10:00" in words(page)
    assert "in Asia/Tokyo" in words(page)
    assert SCRIPT not in page.text
    assert SCRIPT in words(page).replace("&lt;", "<")
    assert actions_on(page) == {"confirm", "decline"}


async def test_times_of_whom_nobody_knows_are_shown_in_utc(pair: Pair, meet: Meet) -> None:
    path = await pair.pending()
    async with pair.ada.parts.engine.begin() as conn:
        await conn.execute(text("DELETE FROM people WHERE id = :id"), {"id": pair.yuki.id})
    page = words(await pair.ada.get(path))
    assert "in UTC" in page
    assert pair.yuki.id in page


async def test_a_request_is_confirmed_for_one_of_its_times(pair: Pair) -> None:
    path = await pair.pending()
    page = await pair.ada.does(path, "confirm", start=instant(WHEN))
    assert "Confirmed." in words(page)
    assert "Confirmed for" in words(await pair.yuki.get(path))
    assert actions_on(page) == {"propose-reschedule", "ask-cancel", "logistics"}
    assert actions_on(await pair.yuki.get(path)) == {"cancel"}


async def test_the_page_says_who_was_told(pair: Pair) -> None:
    path = await pair.confirmed()
    provider, client = words(await pair.ada.get(path)), words(await pair.yuki.get(path))
    assert "Booking requested, to Ada Lovelace in the portal: sent" in provider
    assert "Booking confirmed, to Yuki Tanaka in the portal: sent" in client
    assert "Booking requested" not in client
    assert "Booking confirmed, to Ada Lovelace" in provider
    assert "Booking confirmed, to Yuki Tanaka" not in provider


async def test_a_time_has_to_be_chosen(pair: Pair) -> None:
    path = await pair.pending()
    answer = await pair.ada.send(await pair.ada.get(path), f"{path}/confirm")
    assert answer.status_code == 422
    assert "Preferred times have to be chosen from." in words(answer)


async def test_a_request_is_declined_with_a_reason(pair: Pair) -> None:
    path = await pair.pending()
    page = await pair.ada.get(path)
    answer = await pair.ada.send(page, f"{path}/decline", reason="  ", over_scheduling="1")
    assert answer.status_code == 422
    assert "Reason has to be given." in words(answer)
    assert '<details class="fold" id="decline-fold" open>' in answer.text
    done = await pair.ada.does(path, "decline", reason=SCRIPT, over_scheduling="1")
    assert "Suggest other times in the chat." in words(done)
    assert actions_on(done) == set()


async def test_a_request_is_withdrawn(pair: Pair) -> None:
    path = await pair.pending()
    page = await pair.yuki.does(path, "cancel", reason="I fell ill.")
    assert "The request was withdrawn; that never counts." in words(page)
    assert f'href="/request/{pair.topic}"' in page.text


async def test_what_would_be_late_is_said_on_the_form_itself(pair: Pair) -> None:
    early = words(await pair.ada.get(await pair.confirmed()))
    assert early.count("it is not late, and would not count") == 2
    late = words(await pair.ada.get(await pair.confirmed(local(3))))
    assert "it would be your first late cancellation, and a warning." in late
    assert "it would be your first late reschedule, and a warning." in late


async def test_since_when_it_is_late_is_said_by_the_clock_on_the_wall(pair: Pair) -> None:
    sunday = date.fromisoformat(changes_of_clocks()[1][:10])
    page = words(await pair.ada.get(await pair.confirmed(f"{sunday}T12:00")))
    tuesday = sunday - timedelta(days=5)
    # Five days are 120 hours, and this Sunday has 25.
    assert f"It is late from Tue {tuesday.day} Oct {tuesday.year}, 13:00 on." in page


async def test_new_times_are_accepted_and_entered(pair: Pair, meet: Meet) -> None:
    path = await pair.confirmed()
    later = local(25)
    proposed = await pair.ada.does(
        path, "propose-reschedule", start_1=later, start_3=local(26), reason="A fair."
    )
    assert "The proposal awaits the client until" in words(proposed)
    assert "propose-reschedule" not in actions_on(proposed)
    page = await pair.yuki.does(path, "answer-reschedule", answer="accept", start=instant(later))
    assert "Support enters the new date next" in words(page)
    support = await meet("support")
    moved = await support.does(path, "reschedule-approved", start=later)
    assert "The new date is entered." in words(moved)
    assert "Moved from" in words(await pair.ada.get(path))


@pytest.mark.parametrize(
    ("answer", "told"),
    [("keep", "The booking stays as it is."), ("cancel", "None of the proposed times suits.")],
)
async def test_new_times_are_turned_down(pair: Pair, answer: str, told: str) -> None:
    path = await pair.confirmed()
    await pair.ada.does(path, "propose-reschedule", start_1=local(25), reason="A fair.")
    assert told in words(await pair.yuki.does(path, "answer-reschedule", answer=answer))


async def test_an_accepted_time_has_to_be_chosen(pair: Pair) -> None:
    path = await pair.confirmed()
    await pair.ada.does(path, "propose-reschedule", start_1=local(25), reason="A fair.")
    page = await pair.yuki.get(path)
    for sent in ({"answer": "accept"}, {"answer": "maybe"}):
        answer = await pair.yuki.send(page, f"{path}/answer-reschedule", **sent)
        assert answer.status_code == 422


async def test_a_client_cancels_as_asked(pair: Pair) -> None:
    path = await pair.confirmed()
    await pair.ada.does(path, "ask-cancel", reason="My studio is under water.")
    page = await pair.yuki.get(path)
    assert "The provider asks you to cancel" in words(page)
    assert "It is on record that the provider has asked for this" in words(page)
    assert "initiated_by" not in page.text
    done = await pair.yuki.does(path, "cancel", reason="No problem.")
    assert "The provider initiated it" in words(done)


@pytest.mark.parametrize(
    ("whose", "told"),
    [
        ("client", "By the client's own wish"),
        ("provider", "The client says that the provider initiated it"),
    ],
)
async def test_a_client_who_cancels_is_asked_whose_idea_it_was(
    pair: Pair, whose: str, told: str
) -> None:
    path = await pair.confirmed()
    assert "Did the provider ask you to?" in words(await pair.yuki.get(path))
    done = await pair.yuki.does(path, "cancel", reason="As agreed.", initiated_by=whose)
    assert told in words(done)


async def test_logistics_are_said_by_the_provider_and_read_by_both(pair: Pair) -> None:
    path = await pair.confirmed()
    form = f"{path}/logistics"
    page = await pair.ada.get(path)
    wrong = await pair.ada.send(page, form, conference_url="meet", note="Bring a pen.")
    assert wrong.status_code == 422
    assert "Link has to begin with https:// or http://." in words(wrong)
    assert "Bring a pen." in wrong.text
    most = int(re.findall(r'name="conference_url".*maxlength="(\d+)"', page.text)[0])
    address = "https://meet.example/".ljust(most + 1, "x")
    wrong = await pair.ada.send(page, form, conference_url=address)
    assert f"Link can have {most:,} characters, and has {most + 1:,}." in words(wrong)
    wrong = await pair.ada.send(page, form, conference_url="https://meet.example/a b")
    assert "Link holds a space" in words(wrong)
    wrong = await pair.ada.send(page, form, conference_url="https://meet.example:99999/")
    assert "Link is no address that a browser can open." in words(wrong)
    assert (await pair.ada.send(page, form, conference_url=address[:most])).status_code == 303
    await pair.ada.does(path, "logistics", conference_url="https://meet.example/1", note=SCRIPT)
    seen = await pair.yuki.get(path)
    assert '<a href="https://meet.example/1" rel="noopener nofollow ugc"' in seen.text
    assert SCRIPT not in seen.text
    assert "logistics" not in actions_on(seen)


async def test_a_stale_form_shows_how_things_are_now(pair: Pair) -> None:
    path = await pair.pending()
    open_tab = await pair.ada.get(path)
    await pair.yuki.does(path, "cancel", reason="I fell ill.")
    answer = await pair.ada.send(open_tab, f"{path}/confirm", start=instant(WHEN))
    assert answer.status_code == 409
    told = words(answer)
    assert "Nothing was changed." in told
    assert "The booking is cancelled already." in told
    assert "The request was withdrawn" in told
    assert actions_on(answer) == set()
    assert f'data-live-page="{path}"' in answer.text


async def test_a_slot_that_is_taken_names_the_times_that_are_free(pair: Pair) -> None:
    path = await pair.pending(in_tokyo(WHEN), in_tokyo(local(21)))
    await pair.confirmed()
    page = await pair.ada.get(path)
    answer = await pair.ada.send(page, f"{path}/confirm", start=instant(WHEN))
    assert answer.status_code == 409
    assert "Nothing was changed. You have another session at this time." in words(answer)
    assert "Still free:" in words(answer)
    assert "confirm" in actions_on(answer)


COMMANDS = (
    "confirm",
    "decline",
    "ask-cancel",
    "cancel",
    "propose-reschedule",
    "answer-reschedule",
    "reschedule-approved",
    "logistics",
)


async def test_what_is_anothers_is_not_there(pair: Pair, meet: Meet) -> None:
    path = await pair.confirmed()
    for stranger in (await meet("provider"), await meet("client")):
        assert (await stranger.get(path)).status_code == 404
        csrf = await stranger.csrf()
        for command in COMMANDS:
            answer = await stranger.post(f"{path}/{command}", {"csrf": csrf, "reason": "Mine."})
            assert answer.status_code == 404, command
    assert "Confirmed" in words(await pair.yuki.get(path))


async def test_a_command_of_the_other_role_changes_nothing(pair: Pair) -> None:
    path = await pair.confirmed()
    sent = {"csrf": await pair.ada.csrf(), "reason": "I would rather not."}
    refused = await pair.ada.post(f"{path}/cancel", sent)
    assert refused.status_code == 409
    assert "A provider cannot cancel a booking" in words(refused)
    logistics = {"csrf": await pair.yuki.csrf(), "note": "Mine"}
    refused = await pair.yuki.post(f"{path}/logistics", logistics)
    assert refused.status_code == 403
    assert "The provider says where the session takes place." in words(refused)
    asked = {"csrf": await pair.yuki.csrf(), "reason": "I would rather not."}
    refused = await pair.yuki.post(f"{path}/ask-cancel", asked)
    assert refused.status_code == 403
    assert "Only the provider can do this, not the client." in words(refused)


async def test_what_was_refused_says_so_in_words(pair: Pair, temporal: WorkflowEnvironment) -> None:
    path = await pair.pending()
    booking = temporal.client.get_workflow_handle(f"booking/{path.rpartition('/')[2]}")
    await booking.signal("confirm", {"start": instant(local(30))})
    await until(
        lambda: pair.ada.get(path),
        lambda page: "Refused. The client did not offer this time." in words(page),
    )


async def test_a_form_of_another_session_is_refused(pair: Pair) -> None:
    path = await pair.pending()
    sent = {"csrf": "forged", "start": instant(WHEN)}
    assert (await pair.ada.post(f"{path}/confirm", sent)).status_code == 403


async def test_whoever_cannot_see_hears_of_their_own_lists_alone(pair: Pair, meet: Meet) -> None:
    await pair.pending()
    eve = await meet("support")
    for path in ("/bookings", "/messages"):
        assert "data-live-label" in (await pair.ada.get(path)).text
        assert "data-live-label" not in (await eve.get(path)).text


async def test_a_page_does_not_follow_what_concerns_the_next_person(pair: Pair) -> None:
    answer = await pair.yuki.get("/live?viewer=provider+somebody-before")
    assert answer.status_code == 204


async def test_live_pages_name_what_they_show(pair: Pair) -> None:
    path = await pair.pending()
    booking_id = path.rpartition("/")[2]
    assert 'id="bookings" data-live="bookings"' in (await pair.ada.get("/bookings")).text
    assert f'data-live="booking:{booking_id} standing"' in (await pair.ada.get(path)).text
