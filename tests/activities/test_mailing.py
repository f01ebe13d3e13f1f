"""Mails on their way to a real mail server."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.delivering import (
    NotDeliveredError,
    NotWantedError,
    Outgoing,
    UndeliverableError,
)
from activities.mailing import MailOutlet, MailServer, letterhead
from db.queries.contacts import Source
from db.recording import record_booking
from db.stores.contacts import keep_address, keep_choice
from db.stores.people import note_person
from domain.booking import commands as do
from domain.booking.decide import decide
from domain.notices.preferences import Group
from domain.party import Party, Role
from domain.refusal import Refusal
from tests.activities.certificate import authority
from tests.activities.post_office import PostOffice, open_post_office
from tests.db.player import NOW, SOON, in_days, line, requested

CARL = Party(role=Role.CLIENT, id="carl")
ADDRESS = "carl@example.org"
HEAD = letterhead(
    "Keepdate <bookings@example.org>", reply_to=None, portal="https://bookings.example.org"
)


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with open_post_office() as office:
        yield office


@pytest.fixture
async def notice(engine: AsyncEngine) -> Outgoing:
    """The notice by which Carl is told that his booking is confirmed."""
    async with engine.begin() as conn:
        await keep_address(conn, CARL, ADDRESS, Source.SERVICE)
        await note_person(conn, CARL, name="Carl Ito", zone="Asia/Tokyo")
    played = await requested(engine, in_days(4))
    events = decide(played.booking, do.Confirm(by=played.provider, start=in_days(4)), NOW)
    assert not isinstance(events, Refusal)
    record = played.next_record(events, (line(2, "confirm", played.provider),))
    (mail,) = (await record_booking(engine, record, within=SOON, mail=True)).owed
    return Outgoing(
        id=mail.id,
        to=CARL,
        kind="booking.confirmed",
        provider_id="ada",
        booking_id=played.booking.id,
        booking_revision=2,
        session_start=in_days(4),
        due_at=NOW,
        created_at=NOW,
        event_id=None,
        webhook_id=None,
        attempt=1,
    )


def outlet(engine: AsyncEngine, url: str) -> MailOutlet:
    return MailOutlet(engine, MailServer.of(url), HEAD)


async def test_a_mail_arrives_and_again_as_the_same(
    engine: AsyncEngine, office: PostOffice, notice: Outgoing
) -> None:
    out = outlet(engine, office.url)

    sent = await out.send(notice)
    await out.send(dataclasses.replace(notice, attempt=2))

    assert sent.answer == "Taken"
    first, again = office.mails
    assert office.senders == ["bookings@example.org"] * 2
    assert first["Message-ID"] == again["Message-ID"] == f"<{notice.id}@example.org>"
    assert first["To"] == "Carl Ito <carl@example.org>"
    assert first["Subject"] == "Confirmed: Chess, Fri 6 Mar 2026, 18:00 (Asia/Tokyo)"
    assert first["Date"] == again["Date"]
    (invite,) = first.iter_attachments()
    assert invite.get_content_type() == "text/calendar"


@pytest.mark.parametrize(
    ("refusals", "answer", "error"),
    [
        ("refuses_to", "550 Unknown here", UndeliverableError),
        ("refuses_to", "452 The box is full", NotDeliveredError),
        ("refuses_mail_to", "554 We do not like it", UndeliverableError),
        ("refuses_mail_to", "451 Come back later", NotDeliveredError),
    ],
)
async def test_what_a_server_refuses_is_refused_for_good_or_tried_again(
    engine: AsyncEngine,
    office: PostOffice,
    notice: Outgoing,
    refusals: str,
    answer: str,
    error: type[Exception],
) -> None:
    getattr(office, refusals)[ADDRESS] = answer

    with pytest.raises(error, match=answer):
        await outlet(engine, office.url).send(notice)
    assert not office.mails


async def test_a_server_that_is_away_is_tried_again(engine: AsyncEngine, notice: Outgoing) -> None:
    async with open_post_office() as office:
        url = office.url

    with pytest.raises(NotDeliveredError):
        await outlet(engine, url).send(notice)


async def test_what_is_not_wanted_any_more_is_not_sent(
    engine: AsyncEngine, office: PostOffice, notice: Outgoing
) -> None:
    out = outlet(engine, office.url)
    async with engine.begin() as conn:
        await keep_choice(conn, CARL, {Group.CONFIRMATIONS: False})
    with pytest.raises(NotWantedError, match="do not want"):
        await out.send(notice)

    async with engine.begin() as conn:
        await keep_choice(conn, CARL, {})
        await keep_address(conn, CARL, None, Source.PERSON)
    with pytest.raises(NotWantedError, match="no address"):
        await out.send(notice)
    assert not office.mails


async def test_a_server_that_insists_on_it_is_told_who_we_are_by_tls_alone(
    engine: AsyncEngine,
    notice: Outgoing,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certified, _ = authority(tmp_path, "localhost")
    async with open_post_office(certified) as office:
        known = f"smtp+starttls://keepdate:right%20p%40ss@localhost:{office.port}"
        with pytest.raises(NotDeliveredError):
            await outlet(engine, known).send(notice)
        assert not office.logins, "a server that nobody vouches for was told our password"

        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "chain.pem"))
        await outlet(engine, known).send(notice)
        assert office.logins == ["keepdate:right p@ss"]
        assert len(office.mails) == 1

        with pytest.raises(NotDeliveredError, match="535"):
            await outlet(engine, known.replace("right", "wrong")).send(notice)


def test_a_server_is_named_by_its_url() -> None:
    assert MailServer.of("smtp://post.test") == MailServer(
        host="post.test", port=25, use_tls=False, start_tls=None, user=None, password=None
    )
    assert MailServer.of("smtps://a:b%40@post.test") == MailServer(
        host="post.test", port=465, use_tls=True, start_tls=False, user="a", password="b@"
    )
    assert MailServer.of("smtp+starttls://post.test:25").start_tls is True
    assert MailServer.of("smtp://a:b@post.test").start_tls is True
    for url in ("http://post.test", "smtp://", "post.test"):
        with pytest.raises(ValueError, match="must begin with smtp://"):
            MailServer.of(url)
