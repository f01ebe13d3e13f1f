"""A booking's record says whether a command was carried out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from db.ids import new_id
from db.queries.timelines import was_carried_out
from db.recording import record_booking
from domain.booking import commands as do
from domain.booking.decide import decide
from domain.party import Party, Role
from domain.record import Entry
from domain.refusal import Code, Refusal
from tests.db.player import NOW, SOON, PlayedBooking, in_days, line, requested


def _given(entry: Entry, command_id: str) -> Entry:
    return replace(entry, data={**entry.data, "command_id": command_id})


@pytest.fixture
async def declined(engine: AsyncEngine) -> PlayedBooking:
    """A booking that was refused a confirmation, and then declined."""
    played = await requested(engine, in_days(4))
    events = decide(played.booking, do.Decline(reason="No time.", by=played.provider), NOW)
    assert not isinstance(events, Refusal)
    entries = (
        _given(line(2, "confirm", played.provider, refused=Code.NOT_PREFERRED), "no"),
        _given(line(3, "decline", played.provider), "yes"),
    )
    await record_booking(engine, played.next_record(events, entries), within=SOON)
    return played


@pytest.mark.parametrize(
    ("command", "command_id", "by", "carried_out"),
    [
        ("decline", "yes", "its provider", True),
        ("decline", "other", "its provider", False),
        ("cancel", "yes", "its provider", False),
        ("decline", "yes", "a client of that name", False),
        ("decline", "yes", "another provider", False),
        ("confirm", "no", "its provider", False),
    ],
)
async def test_a_command_is_known_by_its_name_its_giver_and_its_id(
    engine: AsyncEngine,
    declined: PlayedBooking,
    command: str,
    command_id: str,
    by: str,
    carried_out: bool,
) -> None:
    giver = {
        "its provider": declined.provider,
        "a client of that name": replace(declined.provider, role=Role.CLIENT),
        "another provider": Party(role=Role.PROVIDER, id="somebody-else"),
    }[by]
    async with engine.connect() as conn:
        found = await was_carried_out(
            conn, declined.booking.id, command=command, by=giver, command_id=command_id
        )
    assert found is carried_out


async def test_nothing_was_carried_out_of_a_booking_that_is_not_there(engine: AsyncEngine) -> None:
    giver = Party(role=Role.PROVIDER, id="ada")
    async with engine.connect() as conn:
        assert not await was_carried_out(
            conn, new_id(), command="decline", by=giver, command_id="yes"
        )
