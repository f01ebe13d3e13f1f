"""What waits for support, and what support decides, on the pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from api.portal import support_queues
from db.queries.queues import cases_due
from tests.portal.browser import PageForm, forms_of
from tests.portal.conftest import Meet
from tests.portal.lateness import SCRIPT, Late, late_people
from tests.portal.visitor import Visitor, instant, local, this_minute, words

BERLIN = ZoneInfo("Europe/Berlin")


def form_under(page: httpx.Response, start: str) -> PageForm:
    """The one form of a page whose action begins so."""
    [action] = {
        each for each in re.findall(r'action="([^"]+)"', page.text) if each.startswith(start)
    }
    return forms_of(page, action)[0]


async def decided(eve: Visitor, page: httpx.Response, under: str, **written: str) -> httpx.Response:
    """Sends a form of support's."""
    form = form_under(page, under)
    return await eve.post(form.action, {**form.fields, **written})


async def proof_brought(late: Late) -> None:
    """A case, and a proof for the first of its late events."""
    page = await late.case()
    covers = re.findall(r'name="covers" value="([^"]+)"', page.text)[0]
    sent = {"covers": covers, "statement": f"Ill. {SCRIPT}"}
    sent |= {"name_1": "Letter", "url_1": "https://files.example/l"}
    assert (await late.provider.send(page, "/standing/proof", **sent)).status_code == 303


async def test_an_accepted_date_is_entered_from_the_queue(late: Late, eve: Visitor) -> None:
    path = await late.confirmed(20)
    later = local(25)
    await late.provider.does(path, "propose-reschedule", start_1=later, reason=SCRIPT)
    await late.client.does(path, "answer-reschedule", answer="accept", start=instant(later))
    queue = await eve.get("/queues")
    assert f'value="{later}"' in queue.text
    assert SCRIPT not in queue.text
    assert SCRIPT in words(queue)
    answer = await decided(eve, queue, path, start=later)
    assert (answer.status_code, answer.headers["location"]) == (303, "/queues")
    worked_off = await eve.get("/queues")
    assert "The new date is entered." in words(worked_off)
    assert path not in worked_off.text
    assert "Moved from" in words(await late.client.get(path))
    # A colleague who has the queue open still enters it once more: there is nothing left to do.
    again = await decided(eve, queue, path, start=later)
    assert again.status_code == 303
    assert words(await late.client.get(path)).count("Moved from") == 1
    stale = await decided(eve, queue, path, start=local(26))
    assert stale.status_code == 409
    assert "This date no longer waits to be entered." in words(stale)


async def test_a_date_that_cannot_be_entered_any_more_says_so(late: Late, eve: Visitor) -> None:
    path = await late.confirmed(20)
    later = local(25)
    await late.provider.does(path, "propose-reschedule", start_1=later, reason="A fair.")
    await late.client.does(path, "answer-reschedule", answer="accept", start=instant(later))
    queue = await eve.get("/queues")
    await late.client.does(path, "cancel", reason="Never mind.", initiated_by="client")
    answer = await decided(eve, queue, path, start=later)
    assert answer.status_code == 409
    assert "The booking is cancelled already." in words(answer)
    assert "Fugues Cancelled" in words(answer)


async def test_support_amends_a_date_and_says_since_when(late: Late, eve: Visitor) -> None:
    path = await late.confirmed(20)
    page = await eve.get(path)
    answer = await eve.send(
        page,
        f"{path}/reschedule-approved",
        start=local(22),
        initiated_by="provider",
        initiated_at=this_minute(),
    )
    assert answer.headers["location"] == path
    assert "Moved from" in words(await eve.get(path))
    assert "In good standing" in words(await late.provider.get("/standing"))


async def test_support_cancels_for_a_provider_and_it_counts(late: Late, eve: Visitor) -> None:
    path = await late.confirmed(3)
    page = await eve.get(path)
    sent = {
        "reason": "By telephone.",
        "initiated_by": "provider",
        "initiated_at": this_minute(),
    }
    assert (await eve.send(page, f"{path}/cancel", **sent)).status_code == 303
    told = words(await late.standing("Warned"))
    assert re.search(r"[23] days( \d+ \w+)? before", told)


async def test_a_proof_is_accepted_with_its_case_file_in_sight(late: Late, eve: Visitor) -> None:
    await proof_brought(late)
    queue = await eve.get("/queues")
    assert SCRIPT not in queue.text
    assert f"Ill. {SCRIPT}" in words(queue)
    assert "3 late cancellations, more than the 2 that are allowed" in words(queue)
    review = f"{late.file}/proofs/"
    answer = await decided(eve, queue, review, verdict="accept", note="Get well soon.")
    assert answer.headers["location"] == "/queues"
    told = words(await late.standing("Warned"))
    assert "Accepted by support. Get well soon." in told
    assert "Excused" in told
    stale = await decided(eve, queue, review, verdict="reject", note="After all not.")
    assert stale.status_code == 409
    assert "This proof was accepted already." in words(stale)


async def test_a_rejection_needs_its_reason_and_suspends(late: Late, eve: Visitor) -> None:
    await proof_brought(late)
    page = await eve.get(late.file)
    review = f"{late.file}/proofs/"
    for written, told in (
        ({"verdict": "reject", "note": " "}, "Note to the provider has to be given."),
        ({"note": "Neither"}, "Some of this cannot be read"),
    ):
        answer = await decided(eve, page, review, **written)
        assert answer.status_code == 422
        assert told in words(answer)
    answer = await decided(eve, page, review, verdict="reject", note=f"Unreadable. {SCRIPT}")
    assert answer.headers["location"] == late.file
    assert "Reinstate the topics" in words(await eve.get(late.file))
    suspended = await late.provider.get("/topics")
    assert "Your topics are suspended" in words(suspended)
    assert f"The proof was rejected: Unreadable. {SCRIPT}" in words(suspended)
    assert 'href="/standing"' in suspended.text
    found = await late.client.get(f"/browse?provider_id={late.provider.id}")
    assert "Nothing is listed here at the moment" in words(found)


async def test_claims_are_settled_the_contested_first(late: Late, eve: Visitor, meet: Meet) -> None:
    other = await late_people(meet)
    for each in (other, late):
        await each.claimed(3)
        await each.standing("A client’s claim")
    page = await late.provider.get("/standing")
    contest = form_under(page, "/standing/claims/")
    await late.provider.post(contest.action, {**contest.fields, "note": f"I was there. {SCRIPT}"})
    queue = await eve.get("/queues")
    claims = queue.text.partition('id="claims"')[2]
    assert 0 < claims.index(late.provider.id) < claims.index(other.provider.id)
    assert f"I was there. {SCRIPT}" in words(queue)
    settle = f"{late.file}/claims/"
    answer = await decided(eve, queue, settle, verdict="dismiss", note="The chat says so.")
    assert answer.headers["location"] == "/queues"
    told = words(await late.provider.get("/standing"))
    assert "In good standing" in told
    assert "The chat says so." in told
    stale = await decided(eve, queue, settle, verdict="uphold")
    assert stale.status_code == 409
    assert "This claim was dismissed already." in words(stale)
    await decided(eve, queue, f"{other.file}/claims/", verdict="uphold")
    assert "Warned" in words(await other.provider.get("/standing"))


async def test_a_claim_whose_event_is_excused_is_not_said_to_count(
    late: Late, eve: Visitor
) -> None:
    await late.claimed(3)
    page = await late.standing("Otherwise it counts as a late cancellation")
    [claimed] = re.findall(r'name="covers" value="([^"]+)"', page.text)
    await late.provider.send(page, "/standing/proof", covers=claimed, statement="Ill.")
    queue = await eve.get(late.file)
    assert "it counts by itself" in words(queue)
    assert "Uphold: it counts" in words(queue)
    await decided(eve, queue, f"{late.file}/proofs/", verdict="accept", note="Get well.")

    assert "It is excused, and does not count in any case." in words(
        await late.provider.get("/standing")
    )
    file = words(await eve.get(late.file))
    assert "it is excused, and upheld by itself" in file
    assert "Uphold: it counts" not in file


async def test_what_waits_is_counted_at_the_tab(late: Late, eve: Visitor) -> None:
    await proof_brought(late)
    page = await eve.get("/providers")
    [number] = re.findall(r'data-count="queues">(\d+)', page.text)
    assert int(number) > 0


async def test_of_a_long_queue_the_front_is_shown(
    late: Late, eve: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in (20, 21):
        path, later = await late.confirmed(days), local(days + 5)
        await late.provider.does(path, "propose-reschedule", start_1=later, reason="A strike.")
        await late.client.does(path, "answer-reschedule", answer="accept", start=instant(later))
    monkeypatch.setattr(support_queues, "_AT_MOST", 1)
    page = await eve.get("/queues")
    assert page.text.count("/reschedule-approved") == 1
    assert "New dates 1+" in words(page)
    assert "Of each queue, the first 1 are shown." in words(page)


async def test_cases_are_found_by_when_they_end(late: Late) -> None:
    await late.case()
    now = datetime.now(UTC)

    async def found(days: int) -> list[str]:
        async with late.provider.parts.engine.connect() as conn:
            due = await cases_due(conn, before=now + timedelta(days=days), limit=50)
        return [each.provider_id for each in due]

    assert late.provider.id in await found(8)
    assert late.provider.id not in await found(6)
