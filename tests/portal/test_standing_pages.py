"""Where a provider stands, and what they do about it, on the page."""

from __future__ import annotations

import re

import httpx

from domain.lateness import LateKind
from domain.party import Party, Role
from domain.standing.commands import ReportLateEvent
from tests.db.player import NOW, in_days, untouched
from tests.portal.browser import forms_of
from tests.portal.conftest import Meet
from tests.portal.lateness import SCRIPT, Late
from tests.portal.visitor import words

PROOF = "/standing/proof"


def excusable(page: httpx.Response) -> list[str]:
    """The late events that the form offers to bring proof for."""
    return re.findall(r'name="covers" value="([^"]+)"', page.text)


async def test_nothing_late_is_a_good_standing(late: Late) -> None:
    page = await late.provider.get("/standing")
    assert "In good standing" in words(page)
    assert "Nothing late is on record" in words(page)
    assert "The next late cancellation would be the first: it would be met with a warning." in (
        words(page)
    )
    assert forms_of(page, PROOF) == []


async def test_a_late_event_stands_there_with_its_receipt(late: Late) -> None:
    path = await late.cancelled(3)
    page = await late.standing("Warned", "late cancellations, 2 allowed 1")
    assert f'href="{path}"' in page.text
    told = words(page)
    assert "“Fugues” with Ben Okafor" in told
    assert re.search(r"[23] days( \d+ \w+)? before", told)
    assert "Counts" in told
    assert "The next late cancellation would be the second" in told
    assert "The next late reschedule would be the first" in told
    # The record is in UTC, and by ids; the page is not.
    assert not re.search(r"\d{4}-\d\d-\d\dT", told)
    assert path.rpartition("/")[2] not in told


async def test_a_late_event_that_names_a_booking_of_somebody_else_shows_nothing_of_it(
    late: Late, meet: Meet
) -> None:
    booking_id = (await late.confirmed(3)).rpartition("/")[2]
    other = await meet("provider", name="Bea Lund")
    reported = ReportLateEvent(
        id="late-1",
        booking_id=booking_id,
        kind=LateKind.RESCHEDULE,
        scheduled_start=in_days(3),
        initiated_at=NOW,
    )
    a_service = Party(role=Role.SERVICE, id="back-office")
    await untouched(other.parts.engine, other.id).give(reported, a_service)
    told = words(await other.get("/standing"))
    assert booking_id in told
    assert "Fugues" not in told
    assert "Ben Okafor" not in told


async def test_the_third_opens_a_case_with_its_reasons(late: Late) -> None:
    told = words(await late.case())
    assert "3 late cancellations, more than the 2 that are allowed within 5 days" in told
    assert told.count("Booking “Fugues” with Ben Okafor : a cancellation initiated at") >= 3
    assert "(in 7 days)" in told
    assert "The next late cancellation would be the fourth: it would join the case." in told
    notices = await late.provider.get("/notices")
    told = words(notices)
    assert told.count("Booking “Fugues” with Ben Okafor : a cancellation initiated at") == 3
    assert "You can bring proof of extenuating circumstances" in told
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", told), "nobody knows a booking by its id"
    assert re.search(r'<a href="/bookings/[^"]+">“Fugues” with', notices.text)


async def test_proof_is_brought_as_text_and_links(late: Late) -> None:
    page = await late.case()
    covered = excusable(page)[:2]
    answer = await late.provider.send(
        page,
        PROOF,
        covers=covered[0],
        statement=SCRIPT,
        name_2=f"Letter {SCRIPT}",
        url_2="https://files.example/letter.pdf",
    )
    assert answer.headers["location"] == "/standing"
    brought = await late.provider.get("/standing")
    assert "Your proof is with support." in words(brought)
    assert "The proof is under review" in words(brought)
    assert SCRIPT not in brought.text
    assert SCRIPT in words(brought)
    assert 'href="https://files.example/letter.pdf"' in brought.text


async def test_a_proof_that_is_not_whole_is_shown_again(late: Late) -> None:
    page = await late.case()
    sent = {
        "statement": " ",
        "name_1": "Letter",
        "url_1": "javascript:alert(1)",
        "url_3": "https://files.example/x",
    }
    answer = await late.provider.send(page, PROOF, **sent)
    assert answer.status_code == 422
    told = words(answer)
    assert "Your choice must include at least one late event." in told
    assert f'value="{excusable(page)[0]}" autofocus' in answer.text
    assert "Statement has to be given." in told
    assert "Name of document 3 has to be given." in told
    assert 'value="https://files.example/x"' in answer.text
    # The server's own checks, once nothing else is missing.
    again = {"covers": excusable(page)[0], "statement": "Ill.", "name_3": "X"}
    answer = await late.provider.send(page, PROOF, **{**sent, **again})
    assert answer.status_code == 422
    assert "Address of document 1 has to begin with https:// or http://." in words(answer)
    assert f'value="{excusable(page)[0]}" checked' in answer.text
    assert "None so far." in words(await late.provider.get("/standing"))


async def test_a_claim_is_contested(late: Late) -> None:
    await late.claimed(3)
    page = await late.standing("A client’s claim")
    assert "it counts as a late cancellation" in words(page)
    assert "In good standing" in words(page)
    [action] = re.findall(r'action="(/standing/claims/[^"]+)"', page.text)
    answer = await late.provider.send(page, action, note=f"I was there. {SCRIPT}")
    assert answer.headers["location"] == "/standing"
    contested = await late.provider.get("/standing")
    assert "You contest it: support decides" in words(contested)
    assert SCRIPT not in contested.text
    assert f"I was there. {SCRIPT}" in words(contested)
    assert forms_of(contested, action) == []


async def test_a_claim_that_is_settled_meanwhile_says_so(late: Late, meet: Meet) -> None:
    await late.claimed(3)
    stale = await late.standing("A client’s claim")
    [action] = re.findall(r'action="(/standing/claims/[^"]+)"', stale.text)
    support = await meet("support")
    file = f"/providers/{late.provider.id}"
    settle = action.replace("/standing", file).replace("/contest", "/settle")
    await support.send(await support.get(file), settle, verdict="uphold", note="As Ben says.")
    answer = await late.provider.send(stale, action, note="No.")
    assert answer.status_code == 409
    told = words(answer)
    assert "Nothing was changed. This claim was upheld already." in told
    assert "Claims settled" in told
    assert "As Ben says." in told
    assert 'data-live-page="/standing"' in answer.text


async def test_a_standing_is_its_providers_alone(late: Late, meet: Meet) -> None:
    await late.claimed(3)
    page = await late.standing("A client’s claim")
    [action] = re.findall(r'action="(/standing/claims/[^"]+)"', page.text)
    other = await meet("provider")
    answer = await other.post(action, {"csrf": await other.csrf(), "note": "Not mine."})
    # The form leads to their own standing, which knows of no such claim.
    assert answer.status_code == 409
    assert "There is no claim of this id against the provider." in words(answer)
    assert "You contest it" not in words(await late.provider.get("/standing"))
    for visitor in (late.client, await meet("support")):
        assert (await visitor.get("/standing")).status_code == 404
        for path in (PROOF, action):
            answer = await visitor.post(path, {"csrf": await visitor.csrf()})
            assert answer.status_code == 404
