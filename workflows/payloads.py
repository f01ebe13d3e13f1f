"""How values travel to and from Temporal: as JSON, and never so that a bad one gets lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic_core import from_json, to_json
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter, pydantic_data_converter
from temporalio.converter import (
    CompositePayloadConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

_JSON = PydanticJSONPlainPayloadConverter()
"""One for all: every workflow has a converter of its own, and what this one remembers of the types
takes longer to build than everything else that a workflow does."""

_CONVERTERS = CompositePayloadConverter(
    *(
        _JSON if isinstance(each, JSONPlainPayloadConverter) else each
        for each in DefaultPayloadConverter.default_encoding_payload_converters
    )
).converters


class TolerantPayloadConverter(CompositePayloadConverter):
    """JSON by pydantic; what cannot be decoded, and has no type to be decoded to, stays raw.

    The SDK drops a signal with too many arguments without a trace if one of them cannot be
    decoded. With this converter it arrives, and is refused where the operators can see it.
    """

    def __init__(self) -> None:
        """The SDK's own converters, but for that of JSON."""
        self.converters = _CONVERTERS

    def from_payloads(
        self, payloads: Sequence[Payload], type_hints: list[type] | None = None
    ) -> list[Any]:
        """Decode payloads; see the class for what happens to those that cannot be."""
        if type_hints is not None:
            return super().from_payloads(payloads, type_hints)
        return [self._decoded_or_raw(payload) for payload in payloads]

    def _decoded_or_raw(self, payload: Payload) -> Any:
        try:
            [value] = super().from_payloads([payload])
        except Exception:  # noqa: BLE001 - whatever is wrong with it, the raw bytes are all there is to say
            return RawValue(payload)
        return value


data_converter = replace(pydantic_data_converter, payload_converter_class=TolerantPayloadConverter)
"""How clients and workers of Keepdate convert; `encryption.converter` adds the keys, if any."""

ENCRYPTED = b"binary/encrypted"
"""The encoding of what only one of our keys can read; a payload keeps it where we lack that key."""

UNREADABLE = b"keepdate/unreadable"
"""The encoding of what we have the key for, and was damaged or made up."""

NOTHING = RawValue(Payload(metadata={"encoding": b"binary/null"}))
"""What a handler is called with when a signal came with no argument."""


def by_itself(payload: Payload) -> Payload:
    """A copy of a payload that does not keep in memory the whole message in which it came."""
    copy = Payload()
    copy.CopyFrom(payload)
    return copy


def surplus(count: int) -> RawValue:
    """What a handler is called with in place of too many arguments."""
    return RawValue(Payload(metadata={"encoding": b"keepdate/surplus", "count": b"%d" % count}))


def json_of(value: RawValue) -> bytes | str:
    """The JSON text of a raw argument, or a sentence that says why there is none."""
    metadata = value.payload.metadata
    match metadata.get("encoding", b""):
        case b"json/plain":
            return value.payload.data
        case b"binary/null":
            return "one JSON object is needed, and nothing came"
        case b"keepdate/surplus":
            return f"one JSON object is needed, and {metadata['count'].decode()} arguments came"
        case b"keepdate/unreadable":
            return "one JSON object is needed, and it cannot be decrypted"
        case other:
            named = other[:40].decode("ascii", "backslashreplace")
            return f'one JSON object is needed, and the encoding is "{named}"'


def without_nulls(text: bytes) -> bytes:
    """A JSON object without what is null in it, which in some languages cannot be left out.

    What is none stays as it is, for whoever reads it to say so.
    """
    if b"null" not in text:
        return text
    try:
        said = from_json(text)
    except ValueError:
        return text
    if not isinstance(said, dict):
        return text
    said = {name: value for name, value in said.items() if value is not None}
    return to_json(said, inf_nan_mode="constants")
