"""Payloads are encrypted by the newest key, decrypted by any, and never a reason to fail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.workflow import Info

from tests.workflows.wire import sent
from workflows.encryption import Encryption, converter
from workflows.payloads import NOTHING, json_of
from workflows.start import read_booking_input

OLD, NEW = {"2025": b"o" * 32}, {"2026": b"n" * 32}
PLAIN = sent({"reason": "Ill."})


async def _encrypted(keys: Mapping[str, bytes], payload: Payload = PLAIN) -> Payload:
    [encrypted] = await Encryption(keys).encode([payload])
    return encrypted


async def _decrypted(keys: Mapping[str, bytes], payload: Payload) -> Payload:
    [decrypted] = await Encryption(keys).decode([payload])
    return decrypted


async def test_what_was_encrypted_is_decrypted() -> None:
    encrypted = await _encrypted(NEW)
    assert b"Ill" not in encrypted.SerializeToString()
    assert await _decrypted(NEW, encrypted) == PLAIN


async def test_the_same_text_never_looks_the_same() -> None:
    assert (await _encrypted(NEW)).data != (await _encrypted(NEW)).data


async def test_the_newest_key_encrypts_and_the_older_one_still_decrypts() -> None:
    both = {**NEW, **OLD}
    assert (await _encrypted(both)).metadata["encryption-key-id"] == b"2026"
    assert await _decrypted(both, await _encrypted(OLD)) == PLAIN


async def test_the_form_is_that_of_temporals_own_samples() -> None:
    encrypted = await _encrypted(NEW)
    opened = AESGCM(NEW["2026"]).decrypt(encrypted.data[:12], encrypted.data[12:], None)
    assert encrypted.metadata["encoding"] == b"binary/encrypted"
    assert Payload.FromString(opened) == PLAIN


async def test_what_is_encrypted_already_stays_as_it_is() -> None:
    encrypted = await _encrypted(OLD)
    assert await _encrypted(NEW, encrypted) == encrypted


@pytest.mark.parametrize("payload", [PLAIN, NOTHING.payload, Payload(data=b"\0")])
async def test_what_is_plain_passes_through(payload: Payload) -> None:
    assert await _decrypted(NEW, payload) == payload


async def test_what_another_key_encrypted_stays_as_it_is() -> None:
    encrypted = await _encrypted(OLD)
    assert await _decrypted(NEW, encrypted) == encrypted
    assert "binary/encrypted" in str(json_of(RawValue(encrypted)))


@pytest.mark.parametrize("data", [b"", b"short", b"x" * 64])
async def test_what_is_damaged_is_told_and_nothing_is_raised(data: bytes) -> None:
    damaged = Payload(metadata=(await _encrypted(NEW)).metadata, data=data)
    found = json_of(RawValue(await _decrypted(NEW, damaged)))
    assert found == "one JSON object is needed, and it cannot be decrypted"


async def test_a_damaged_beginning_is_refused_and_one_by_an_unknown_key_waits() -> None:
    info = cast(Info, type("Info", (), {"workflow_start_time": datetime(2026, 1, 1, tzinfo=UTC)}))
    damaged = await _decrypted(NEW, Payload(metadata=(await _encrypted(NEW)).metadata))
    with pytest.raises(ApplicationError, match="cannot be decrypted"):
        read_booking_input(RawValue(damaged), info)
    with pytest.raises(RuntimeError, match="a key that this worker does not have"):
        read_booking_input(RawValue(await _encrypted(OLD)), info)


def test_without_keys_nothing_is_encrypted() -> None:
    assert converter({}).payload_codec is None
    assert isinstance(converter(NEW).payload_codec, Encryption)


async def test_the_message_of_an_error_is_encrypted_too_and_its_code_is_not() -> None:
    failure = Failure()
    await converter(NEW).encode_failure(ApplicationError("Ill.", type="malformed"), failure)
    assert b"Ill" not in failure.SerializeToString()
    assert failure.application_failure_info.type == "malformed"
    assert str(await converter(NEW).decode_failure(failure)) == "malformed: Ill."
