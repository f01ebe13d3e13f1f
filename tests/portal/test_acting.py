"""What comes of a form: done once, refused with a reason, not understood, or taken for later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import FormData

from api.app import create_app
from api.idempotency import Answered
from api.portal.act import ask_for_session, tell_booking, tell_standing, write_once
from api.portal.forms import Form
from api.portal.session import Viewer
from api.services import Services, clock
from config import Settings
from db.ids import new_id
from db.queries.timelines import booking_timeline
from db.stores.topics import insert_topic
from domain.party import Party, Role
from tests.api.conftest import worked
from tests.api.marketplace import in_days


@pytest.fixture(scope="session")
def acting_settings(shared_settings: Settings) -> Settings:
    """Settings of a portal and a worker that keep to a task queue of their own."""
    return shared_settings.model_copy(update={"task_queue": "portal-tests"})


@pytest.fixture(scope="session")
async def parts(acting_settings: Settings) -> AsyncIterator[Services]:
    """What the portal works with, a worker about."""
    app: FastAPI = create_app(acting_settings)
    async with worked(acting_settings), app.router.lifespan_context(app):
        yield app.state.services


def somebody(role: Role) -> Viewer:
    """A person whom no other test knows."""
    party = Party(role=role, id=f"{role}-{new_id()}")
    return Viewer(party=party, name="Somebody", zone=ZoneInfo("Europe/Berlin"))


def form(command_id: str = "", **fields: str) -> Form:
    """A form as it was sent."""
    return Form(FormData({"command_id": command_id or new_id(), **fields}), path="/form")


@pytest.fixture
def provider() -> Viewer:
    """A provider."""
    return somebody(Role.PROVIDER)


@pytest.fixture
def client() -> Viewer:
    """A client."""
    return somebody(Role.CLIENT)


async def topic_of(parts: Services, provider: Viewer) -> str:
    """A topic that a provider offers."""
    async with parts.engine.begin() as conn:
        return await insert_topic(
            conn,
            provider_id=provider.id,
            title="Watercolours",
            description="",
            duration_minutes=60,
            now=clock(),
        )


async def pending(parts: Services, provider: Viewer, client: Viewer, start: str) -> str:
    """A booking that waits for its provider's answer."""
    outcome = await ask_for_session(
        client,
        parts,
        form(),
        client_id=client.id,
        topic_id=await topic_of(parts, provider),
        preferred_starts=[start],
    )
    assert (outcome.status, outcome.body["state"]) == (201, "pending")
    found: str = outcome.body["id"]
    return found


async def test_a_form_that_is_sent_twice_asks_for_one_session(
    parts: Services, provider: Viewer, client: Viewer
) -> None:
    wanted = {"topic_id": await topic_of(parts, provider), "preferred_starts": [in_days(20)]}
    sent = form()
    outcomes = [
        await ask_for_session(client, parts, sent, client_id=client.id, **wanted) for _ in range(2)
    ]
    assert [outcome.status for outcome in outcomes] == [201, 201]
    assert outcomes[0].body["id"] == outcomes[1].body["id"]


async def test_a_form_that_is_sent_twice_at_once_is_carried_out_once(
    parts: Services, provider: Viewer, client: Viewer
) -> None:
    start = in_days(21)
    booking = await pending(parts, provider, client, start)
    sent = form()
    outcomes = await asyncio.gather(
        *(tell_booking(provider, parts, sent, booking, "confirm", start=start) for _ in range(2))
    )
    assert [outcome.accepted for outcome in outcomes] == [True, True]
    assert outcomes[0].body["state"] == "confirmed"
    async with parts.engine.connect() as conn:
        entries = await booking_timeline(conn, booking)
    assert [entry.command for entry in entries].count("confirm") == 1


async def test_a_stale_form_is_refused_with_what_happened(
    parts: Services, provider: Viewer, client: Viewer
) -> None:
    booking = await pending(parts, provider, client, in_days(22))
    done = await tell_booking(client, parts, form(), booking, "cancel", reason="No time after all")
    assert done.accepted
    stale = await tell_booking(provider, parts, form(), booking, "decline", reason="Too late")
    assert (stale.status, stale.code, stale.stale) == (409, "already-closed", True)
    assert stale.text == "The booking is cancelled already."


async def test_a_corrected_form_is_another_command(
    parts: Services, provider: Viewer, client: Viewer
) -> None:
    start = in_days(23)
    booking = await pending(parts, provider, client, start)
    sent = form()
    refused = await tell_booking(provider, parts, sent, booking, "confirm", start=in_days(24))
    assert (refused.status, refused.code) == (409, "not-preferred")
    assert (await tell_booking(provider, parts, sent, booking, "confirm", start=start)).accepted


async def test_what_cannot_be_read_is_told_by_field(
    parts: Services, provider: Viewer, client: Viewer
) -> None:
    booking = await pending(parts, provider, client, in_days(25))
    outcome = await tell_booking(provider, parts, form(), booking, "decline", reason=" ")
    assert (outcome.status, outcome.accepted, outcome.stale) == (422, False, False)
    assert list(outcome.errors) == ["reason"]
    past = await ask_for_session(
        client,
        parts,
        form(),
        client_id=client.id,
        topic_id=await topic_of(parts, provider),
        preferred_starts=[in_days(-1)],
    )
    assert list(past.errors) == ["preferred_starts.0"]


async def test_a_standing_takes_commands_too(parts: Services, provider: Viewer) -> None:
    support, sent = somebody(Role.SUPPORT), form()
    for _ in range(2):
        outcome = await tell_standing(
            support, parts, sent, provider.id, "suspend", reason="A complaint"
        )
        assert (outcome.status, outcome.body["status"]) == (200, "suspended")
    again = await tell_standing(support, parts, form(), provider.id, "suspend", reason="Another")
    assert (again.status, again.code) == (409, "already-suspended")
    theirs = await tell_standing(provider, parts, form(), provider.id, "reinstate", reason="Me")
    assert (theirs.status, theirs.code) == (403, "not-allowed")


async def test_what_concerns_the_database_alone_is_written_once(
    parts: Services, provider: Viewer
) -> None:
    written: list[str] = []

    async def effect(_: AsyncConnection, made_id: str) -> Answered:
        written.append(made_id)
        return Answered(status=201, body={"id": made_id})

    sent = form(title="Oils")
    outcomes = [await write_once(provider, parts, sent, effect) for _ in range(2)]
    assert [outcome.body["id"] for outcome in outcomes] == written * 2


async def test_without_a_worker_a_command_is_taken(
    parts: Services,
    acting_settings: Settings,
    provider: Viewer,
    client: Viewer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.patience.ANSWER_WITHIN", timedelta(seconds=0.5))
    app = create_app(acting_settings.model_copy(update={"task_queue": "nobody-works-here"}))
    async with app.router.lifespan_context(app):
        outcome = await ask_for_session(
            client,
            app.state.services,
            form(),
            client_id=client.id,
            topic_id=await topic_of(parts, provider),
            preferred_starts=[in_days(26)],
        )
    assert (outcome.status, outcome.taken, outcome.accepted) == (202, True, True)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-24T10:00", ["2026-11-24T09:00:00Z"]),
        ("2026-07-01T10:00", ["2026-07-01T08:00:00Z"]),
        ("2026-11-24T10:00+09:00", ["2026-11-24T01:00:00Z"]),
        ("", []),
    ],
)
def test_times_are_read_in_the_viewers_zone(written: str, read: list[str]) -> None:
    sent = form(start=written)
    assert sent.instants("start", ZoneInfo("Europe/Berlin")) == read
    assert not sent.errors


@pytest.mark.parametrize("written", ["tomorrow", "2026-03-29T02:30", "0001-01-01T00:00"])
def test_times_that_are_none_are_errors_of_their_field(written: str) -> None:
    sent = form(start=written)
    assert sent.instant("start", ZoneInfo("Europe/Berlin")) is None
    assert [error.field for error in sent.errors] == ["start"]
