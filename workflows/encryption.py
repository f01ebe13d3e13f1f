"""What Temporal stores can be encrypted, so that only Keepdate reads notes, reasons and names.

It runs outside of workflows, where payloads leave this process and come back. Where it is off, and
for what services send in plain JSON, payloads pass through as they are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)

from workflows.payloads import ENCRYPTED, UNREADABLE, data_converter

_KEY_ID = "encryption-key-id"
_NONCE_BYTES = 12


class Encryption(PayloadCodec):
    """AES-256-GCM by the newest of several keys; what older keys encrypted can still be read.

    The form is that of Temporal's own samples, so that services in any language can read and write
    it: a whole payload as protocol buffer, with its nonce in front, and the id of the key beside.
    `keys` are of 32 bytes each, by their ids, the newest first.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {key_id.encode(): AESGCM(key) for key_id, key in keys.items()}
        self._newest = next(iter(self._ciphers))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt what is not encrypted yet."""
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what is encrypted.

        Anybody who may send a signal may send rubbish, which must not stick a workflow: so nothing
        is raised here. What no known key has encrypted stays as it is; what one of them has, and
        was damaged since, comes as a payload that says so.
        """
        return [self._decrypted(payload) for payload in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") == ENCRYPTED:
            return payload
        # It never reaches a decision, and nothing of it is replayed.
        nonce = os.urandom(_NONCE_BYTES)  # noqa: TID251
        sealed = self._ciphers[self._newest].encrypt(nonce, payload.SerializeToString(), None)
        return Payload(metadata={"encoding": ENCRYPTED, _KEY_ID: self._newest}, data=nonce + sealed)

    def _decrypted(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCRYPTED:
            return payload
        cipher = self._ciphers.get(payload.metadata.get(_KEY_ID, b""))
        if cipher is None:
            return payload
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, None))
        except (InvalidTag, ValueError, DecodeError):
            return Payload(metadata={"encoding": UNREADABLE})


def converter(keys: Mapping[str, bytes]) -> DataConverter:
    """The data converter of every client and worker: one that encrypts, where there are keys."""
    if not keys:
        return data_converter
    return replace(
        data_converter,
        payload_codec=Encryption(keys),
        # Messages and stack traces too: an error of the database quotes what it could not store.
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
