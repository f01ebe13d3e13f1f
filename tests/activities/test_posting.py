"""Requests to addresses that somebody outside chose, against real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.posting import KEPT_OF_ANSWER, NoAnswerError, Poster, Reply
from activities.resolving import Resolver, resolved
from domain.notices.endpoint import Reach, UnreachableAddressError
from tests.activities import receiver as it
from tests.activities.certificate import authority
from tests.activities.receiver import receiving, says

ANYWHERE = Reach(private=True, plain=True)
PUBLIC_ONLY = Reach(plain=True)
BODY = '{"what":"čaj"}'.encode()
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def leads_to(*addresses: str) -> Resolver:
    """A name service that knows one answer."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        return addresses

    return resolve


def poster(reach: Reach = ANYWHERE, *addresses: str, seconds: float = 10) -> Poster:
    resolve = leads_to(*addresses) if addresses else None
    return Poster(reach, resolve=resolve, within=timedelta(seconds=seconds))


async def test_a_message_arrives_as_it_was_sent() -> None:
    async with receiving(says("201 Created", body="Thank you.\x00")) as receiver:
        reply = await poster().post(receiver.url, BODY, {"webhook-id": "one"})
    assert reply == Reply(status=201, text="Thank you.\ufffd", retry_after=None)
    (got,) = receiver.received
    assert (got.line, got.body) == ("POST /hooks?of=keepdate HTTP/1.1", BODY)
    assert got.headers["webhook-id"] == "one"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert "cookie" not in got.headers


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::1",
        "::",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:53aa:64c::1",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "ff02::1",
        "not an address",
    ],
)
async def test_a_name_that_leads_to_no_public_address_is_not_called(address: str) -> None:
    async with receiving() as receiver:
        url = f"http://hooks.example.org:{receiver.port}/"
        for found in ((address,), ("8.8.8.8", address)):
            with pytest.raises(UnreachableAddressError, match="not a public address"):
                await poster(PUBLIC_ONLY, *found).post(url, BODY, {})
    assert not receiver.received


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost", "[::1]"])
async def test_this_machine_is_not_called_by_any_of_its_names(host: str) -> None:
    async with receiving() as receiver:
        with pytest.raises(UnreachableAddressError):
            await poster(PUBLIC_ONLY).post(f"http://{host}:{receiver.port}/", BODY, {})
    assert not receiver.received


async def test_the_address_that_was_judged_is_the_one_that_is_called() -> None:
    # A name that leads elsewhere each time it is asked: it is asked once.
    asked: list[tuple[str, int]] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    async with receiving() as receiver:
        url = f"http://hooks.example.org:{receiver.port}/"
        await Poster(ANYWHERE, resolve=rebinding).post(url, BODY, {})
        assert receiver.last.headers["host"] == f"hooks.example.org:{receiver.port}"
    assert asked == [("hooks.example.org", receiver.port)]


@pytest.mark.parametrize(
    "host", ["xn--strae-oqa.example", "xn--bcher-kva.example", "xn--i-7iq.example", "xn--a.example"]
)
async def test_the_name_that_is_looked_up_is_the_one_that_was_given(host: str) -> None:
    # In letters the first would be looked up as strasse.example: that is somebody else's.
    asked: list[str] = []

    async def here(name: str, port: int) -> Sequence[str]:
        asked.append(name.encode("idna").decode())
        return ["127.0.0.1"]

    async with receiving() as receiver:
        await Poster(ANYWHERE, resolve=here).post(f"http://{host}:{receiver.port}/", BODY, {})
        assert receiver.last.headers["host"] == f"{host}:{receiver.port}"
    assert asked == [host]


async def test_the_next_address_of_a_host_is_called_where_the_first_does_not_answer() -> None:
    async with receiving() as receiver:
        url = f"http://hooks.example.org:{receiver.port}/"
        # Nothing listens at the second loopback address.
        reply = await poster(ANYWHERE, "127.0.0.2", "127.0.0.1").post(url, BODY, {})
    assert reply.status == 204


async def test_the_certificate_has_to_be_that_of_the_name(tmp_path: Path) -> None:
    server, trusting = authority(tmp_path, "hooks.example.org")
    async with receiving(tls=server) as receiver:
        here = leads_to("127.0.0.1")
        known = Poster(ANYWHERE, resolve=here, tls=trusting)
        url = f"https://hooks.example.org:{receiver.port}/"
        assert (await known.post(url, BODY, {})).status == 204
        for refused, why in (
            (known.post(url.replace("hooks", "other"), BODY, {}), "no secure connection"),
            (Poster(ANYWHERE, resolve=here).post(url, BODY, {}), "no secure connection"),
        ):
            with pytest.raises(NoAnswerError, match=why):
                await refused
    assert len(receiver.received) == 1


async def test_a_redirect_is_not_followed() -> None:
    async with (
        receiving() as elsewhere,
        receiving(says("307 Temporary Redirect", f"Location: {elsewhere.url}")) as receiver,
    ):
        reply = await poster().post(receiver.url, BODY, {})
    assert reply.status == 307
    assert not elsewhere.received


@pytest.mark.parametrize("answer", [it.hangs, it.hangs_in_its_body, it.drips])
async def test_a_host_that_keeps_one_waiting_is_left(answer: it.Answer) -> None:
    async with receiving(answer) as receiver:
        with pytest.raises(NoAnswerError, match=r"no whole answer within 0\.5 seconds"):
            await poster(seconds=0.5).post(receiver.url, BODY, {})


async def test_a_name_service_that_keeps_one_waiting_is_left() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError(host, port)

    waiting = Poster(ANYWHERE, resolve=never, within=timedelta(seconds=0.1))
    with pytest.raises(NoAnswerError, match="no whole answer"):
        await waiting.post("http://hooks.example.org/", BODY, {})


async def test_of_an_endless_answer_the_beginning_is_read() -> None:
    async with receiving(it.floods) as receiver:
        reply = await poster().post(receiver.url, BODY, {})
    assert (reply.status, reply.text) == (200, "y" * KEPT_OF_ANSWER)


@pytest.mark.parametrize("answer", [it.talks_nonsense, it.breaks_off])
async def test_what_is_no_answer_is_none(answer: it.Answer) -> None:
    async with receiving(answer) as receiver:
        with pytest.raises(NoAnswerError, match="is not HTTP, or broke off"):
            await poster().post(receiver.url, BODY, {})


async def test_where_nobody_is_nobody_answers() -> None:
    async with receiving() as receiver:
        url = receiver.url
    with pytest.raises(NoAnswerError, match="cannot be connected to"):
        await poster().post(url, BODY, {})


async def test_a_host_without_an_address_does_not_answer() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(host, port)

    for resolve in (unknown, leads_to()):
        with pytest.raises(NoAnswerError, match="has no address"):
            await Poster(ANYWHERE, resolve=resolve).post("http://hooks.example.org/", BODY, {})


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        await poster().post(receiver.url, BODY, {})
    assert len(receiver.received) == 1
    assert not proxy.received


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Mon, 02 Mar 2026 09:00:30 GMT", timedelta(seconds=30)),
        ("Mon, 02 Mar 2026 08:00:00 GMT", timedelta()),
        ("soon", None),
        ("-1", None),
        ("99999999999", None),
        (None, None),
    ],
)
def test_a_host_may_ask_to_be_left_alone_for_a_while(
    asked: str | None, wait: timedelta | None
) -> None:
    assert Reply(status=503, text="", retry_after=asked).wait(NOW) == wait


async def test_the_system_knows_the_addresses_of_this_machine() -> None:
    assert set(await resolved("localhost", 80)) <= {"127.0.0.1", "::1"}
    assert await resolved("127.0.0.1", 80) == ["127.0.0.1"]
    with pytest.raises(socket.gaierror):
        await resolved("no host at all", 80)
    with pytest.raises(UnicodeError):
        await resolved("x" * 64 + ".example.org", 80)
