"""Providers as support finds them: their lists, their files, and what is done about them."""

from __future__ import annotations

from config import Settings
from config_temporal import workflow_page
from db.ids import new_id
from db.queries.providers import list_providers
from domain.standing.state import Status
from tests.portal.conftest import Meet
from tests.portal.lateness import SCRIPT, Late, late_people
from tests.portal.visitor import Visitor, words


async def test_topics_are_suspended_and_reinstated_with_a_reason(late: Late, eve: Visitor) -> None:
    path = late.file
    page = await eve.get(path)
    missing = await eve.send(page, f"{path}/suspend", reason=" ")
    assert missing.status_code == 422
    assert "Reason has to be given." in words(missing)
    answer = await eve.send(page, f"{path}/suspend", reason=f"Fraud. {SCRIPT}")
    assert answer.headers["location"] == path
    suspended = await eve.get(path)
    assert "The topics are suspended." in words(suspended)
    assert SCRIPT not in suspended.text
    assert f"Fraud. {SCRIPT}" in words(await late.provider.get("/standing"))
    again = await eve.send(page, f"{path}/suspend", reason="Twice.")
    assert again.status_code == 409
    assert "The provider's topics are suspended already." in words(again)
    assert "Reinstate the topics" in words(again)
    await eve.send(suspended, f"{path}/reinstate", reason="A mistake.")
    told = words(await eve.get(path))
    assert "The topics are reinstated." in told
    assert "Topics reinstated: A mistake." in told
    assert "Listed" in words(await late.provider.get("/topics"))


async def test_a_providers_file_holds_everything(late: Late, eve: Visitor) -> None:
    path = await late.cancelled(3)
    await late.standing("Warned")
    page = await eve.get(late.file)
    told = words(page)
    assert all(each in told for each in ("Noor Haddad", "Ben Okafor", "Fugues", "Every decision"))
    assert f'href="{path}"' in page.text
    workflow = f"/namespaces/default/workflows/provider-standing%2F{late.provider.id}"
    assert f'href="http://127.0.0.1:8233{workflow}"' in page.text
    booking = await eve.get(path)
    assert f"/workflows/booking%2F{path.rpartition('/')[2]}" in booking.text
    assert "/workflows/" not in (await late.provider.get(path)).text


def test_the_temporal_ui_can_be_elsewhere() -> None:
    settings = Settings(temporal_ui_url="https://temporal.example.org/ui/")
    page = workflow_page(settings, "booking/1")
    assert page == "https://temporal.example.org/ui/namespaces/default/workflows/booking%2F1"


async def test_providers_are_found_by_name_id_and_standing(late: Late, eve: Visitor) -> None:
    link = f'href="{late.file}"'

    async def shown(query: str) -> bool:
        answer = await eve.get(f"/providers?{query}")
        assert answer.status_code == 200
        return link in answer.text

    assert await shown(f"q={late.provider.id}")
    assert await shown(f"q={late.provider.id[-12:]}&status=good")
    assert not await shown(f"q={late.provider.id}&status=suspended")
    assert not await shown(f"q={late.client.id}")
    assert not await shown(f"q={SCRIPT}%00")
    await eve.send(await eve.get(late.file), f"{late.file}/suspend", reason="Fraud.")
    assert await shown(f"q={late.provider.id}&status=suspended")
    assert not await shown(f"q={late.provider.id}&status=good")
    assert (await eve.get("/providers?status=splendid")).status_code == 422


async def test_a_provider_is_found_by_what_they_are_called(meet: Meet, eve: Visitor) -> None:
    name = f"Zora {new_id()[-8:]}"
    zora = await meet("provider", name=name)
    assert "Nobody matches" in words(await eve.get(f"/providers?q={name.upper()}"))
    await zora.offers()
    assert f'href="/providers/{zora.id}"' in (await eve.get(f"/providers?q={name.upper()}")).text


async def test_lists_of_providers_go_on_where_they_stopped(late: Late, meet: Meet) -> None:
    others = [await late_people(meet) for _ in range(2)]
    known = {each.provider.id for each in (late, *others)}
    for status in (None, Status.GOOD):
        seen: list[str] = []
        after = None
        async with late.provider.parts.engine.connect() as conn:
            while rows := await list_providers(conn, status=status, limit=2, after=after):
                seen += [row.provider_id for row in rows]
                after = seen[-1]
        assert seen == sorted(set(seen))
        assert known <= set(seen)


async def test_the_area_of_support_is_nobody_elses(late: Late, eve: Visitor) -> None:
    assert (await eve.get(f"/providers/{new_id()}")).status_code == 404
    own = late.file
    for visitor in (late.provider, late.client):
        for path in ("/queues", "/providers", own):
            assert (await visitor.get(path)).status_code == 404
        sent = {"csrf": await visitor.csrf(), "reason": "Mine.", "verdict": "accept"}
        for act in ("suspend", "reinstate", "proofs/proof-1/review", "claims/x/settle"):
            assert (await visitor.post(f"{own}/{act}", sent)).status_code == 404
    unknown = {"csrf": await eve.csrf(), "reason": "Nobody."}
    assert (await eve.post(f"/providers/{new_id()}/suspend", unknown)).status_code == 404
    assert "Listed" in words(await late.provider.get("/topics"))
