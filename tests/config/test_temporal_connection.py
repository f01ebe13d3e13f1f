"""Temporal is reached as its own variables and profiles say, over TLS and with a key if they do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.service import TLSConfig
from temporalio.testing import WorkflowEnvironment

import worker
from config import ConfigurationError, Settings
from config_temporal import temporal_connection
from telemetry.measuring import MetricsAddressError
from tests.config.certificates import Authority

PROFILE = """
[profile.default]
address = "bookings.tmprl.cloud:7233"
namespace = "bookings"
api_key = "tell-nobody"

[profile.default.tls]
server_name = "temporal.example.org"
server_ca_cert_path = "{directory}/authority.pem"
client_cert_path = "{directory}/client.pem"
client_key_path = "{directory}/client.key"
"""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def guarded(temporal: WorkflowEnvironment, authority: Authority) -> AsyncIterator[str]:
    """The address of a server that talks to Temporal for those with a certificate, over TLS."""
    host, _, port = temporal.client.service_client.config.target_host.rpartition(":")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.certificate))
    context.load_cert_chain(*authority.sign("server"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        there, to_there = await asyncio.open_connection(host, int(port))
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await asyncio.gather(_carry(reader, to_there), _carry(there, writer))
        to_there.close()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for each in talks:
        each.cancel()
    await asyncio.gather(*talks, return_exceptions=True)


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
    target.close()


def test_without_anything_it_is_the_server_of_this_machine() -> None:
    assert temporal_connection(Settings(temporal_port=7999)) == {"target_host": "127.0.0.1:7999"}


def test_a_profile_says_it_all(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = authority.sign("client")
    profile = tmp_path / "temporal.toml"
    profile.write_text(PROFILE.format(directory=tmp_path), encoding="utf-8")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(profile))
    assert temporal_connection(Settings()) == {
        "target_host": "bookings.tmprl.cloud:7233",
        "namespace": "bookings",
        "api_key": "tell-nobody",
        "tls": TLSConfig(
            domain="temporal.example.org",
            server_root_ca_cert=authority.certificate.read_bytes(),
            client_cert=certificate.read_bytes(),
            client_private_key=key.read_bytes(),
        ),
    }


def test_variables_go_before_the_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = tmp_path / "temporal.toml"
    profile.write_text('[profile.default]\naddress = "a:1"\nnamespace = "a"', encoding="utf-8")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(profile))
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "b")
    monkeypatch.setenv("TEMPORAL_API_KEY", "tell-nobody")
    assert temporal_connection(Settings()) == {
        "target_host": "a:1",
        "namespace": "b",
        "api_key": "tell-nobody",
        "tls": True,
    }


def test_what_is_empty_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADDRESS", "NAMESPACE", "API_KEY", "PROFILE", "CONFIG_FILE"):
        monkeypatch.setenv(f"TEMPORAL_{name}", "")
    assert temporal_connection(Settings(temporal_port=7999)) == {"target_host": "127.0.0.1:7999"}


@pytest.mark.parametrize("half", ["CERT", "KEY"])
def test_half_of_what_a_client_proves_itself_with_is_told(
    half: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = dict(zip(("CERT", "KEY"), authority.sign("client"), strict=True))
    monkeypatch.setenv(f"TEMPORAL_TLS_CLIENT_{half}_PATH", str(proof[half]))
    with pytest.raises(ConfigurationError, match="certificate and its key go together"):
        temporal_connection(Settings())


async def test_only_who_has_a_certificate_gets_through(
    guarded: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", guarded)
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(authority.certificate))
    with pytest.raises(RuntimeError):
        await Client.connect(**temporal_connection(Settings()))
    certificate, key = authority.sign("client")
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(certificate))
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(key))
    client = await Client.connect(**temporal_connection(Settings()))
    assert await client.service_client.check_health()


@pytest.mark.parametrize(
    "profile",
    ['api_key = "tell-nobody', 'api_key = ["tell-nobody"]', 'tls = "tell-nobody"', "tell-nobody"],
)
def test_a_profile_that_cannot_be_read_is_not_quoted(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text(f"[profile.default]\n{profile}\n", encoding="utf-8")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
    with pytest.raises(ConfigurationError, match="at line 2") as raised:
        temporal_connection(Settings())
    assert "tell-nobody" not in str(raised.value)


def test_a_certificate_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", "/nowhere/client.pem")
    with pytest.raises(ConfigurationError, match=r"/nowhere/client\.pem: No such file"):
        temporal_connection(Settings())


async def test_the_key_is_in_no_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TEMPORAL_API_KEY", "tell-nobody")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(RuntimeError) as raised:
        await Client.connect(**temporal_connection(Settings()))
    assert "tell-nobody" not in f"{raised.value}{caplog.text}"


async def test_a_worker_that_waits_for_temporal_ends_when_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = asyncio.Event()

    def not_there_yet(*_: object) -> None:
        stop.set()

    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setattr(worker.log, "warning", not_there_yet)
    nobody = "postgresql+psycopg://nobody@127.0.0.1:1/keepdate"
    async with asyncio.timeout(30):
        await worker.run_worker(Settings(database_url=nobody, metrics_port=_free_port()), stop)
    assert stop.is_set()


async def test_a_worker_whose_metrics_have_no_place_says_so() -> None:
    nobody = "postgresql+psycopg://nobody@127.0.0.1:1/keepdate"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(database_url=nobody, metrics_port=taken.getsockname()[1])
        with pytest.raises(MetricsAddressError, match="Address already in use"):
            await worker.run_worker(settings, asyncio.Event())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port
