"""Whatever a signal carries, its workflow neither sticks nor fails, and goes on deciding.

`--fuzz 20` sends twenty times as much, chosen by `--hypothesis-seed`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import hypothesis
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from db.queries.standings import get_standing
from domain.instants import rfc3339
from domain.standing.view import standing_json
from tests.workflows.outcomes import outcome_of
from tests.workflows.rubbish import GOOD_FIELDS
from tests.workflows.wire import payload, send_signal, sent, troubles
from tests.workflows.world import Handle, RefusedError, World, in_days, together
from workflows.messages import BOOKING_MESSAGES, STANDING_MESSAGES

SIGNALS = 80
EACH = 40

Signal = tuple[str, list[Payload]]

_FIELDS = sorted({name for fields in GOOD_FIELDS.values() for name in fields})
_MORE_FIELDS = ("command_id", "by", "at", "initiated_by", "claimed", "documents", "cancel", "note")
_INSTANTS = st.one_of(
    st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
    st.sampled_from([rfc3339(in_days(days)) for days in (-1, 0, 3, 800)]),
)
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), _INSTANTS
)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=8,
)
_PARTIES = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["provider", "client", "support", "service", "clock", ""]),
        "id": st.one_of(st.text(max_size=70), st.just("somebody")),
    }
)


@st.composite
def _almost_right(draw: st.DrawFn, name: str) -> Payload:
    """A message of the right form, some of whose fields are something else, or not there."""
    fields: dict[str, Any] = dict(GOOD_FIELDS[name])
    changed = draw(st.lists(st.sampled_from([*_FIELDS, *_MORE_FIELDS]), max_size=3))
    for field in changed:
        if draw(st.booleans()):
            fields[field] = draw(st.one_of(_ANYTHING, _PARTIES, _INSTANTS))
        else:
            fields.pop(field, None)
    return payload(json.dumps(fields, ensure_ascii=draw(st.booleans())).encode(errors="replace"))


def _payloads(name: str) -> st.SearchStrategy[list[Payload]]:
    raw = st.builds(
        payload,
        st.binary(max_size=60),
        st.sampled_from(
            [b"json/plain", b"binary/null", b"binary/plain", b"json/protobuf", b"", None]
        ),
    )
    one = st.one_of(_almost_right(name), _ANYTHING.map(sent), raw)
    return st.one_of(st.lists(one, min_size=1, max_size=1), st.lists(one, max_size=3))


def _signals(names: list[str], fuzz: int) -> list[Signal]:
    """The signals of one run: the same in every run, unless there are to be more."""
    found: list[Signal] = []
    signals = st.sampled_from(names).flatmap(
        lambda name: st.tuples(
            # As often by a name of its own as by one that takes something else.
            st.one_of(st.just(name), st.sampled_from(names)),
            _payloads(name),
        )
    )

    @hypothesis.settings(
        max_examples=SIGNALS * fuzz,
        derandomize=fuzz == 1,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(signals)
    def collect(signal: Signal) -> None:
        found.append(signal)

    collect()
    return found


@contextlib.contextmanager
def _unless_ended() -> Iterator[None]:
    """Lets go what a workflow no longer takes: one of the signals was right, and has ended it."""
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def _bombarded(world: World, handle: Handle, signals: list[Signal]) -> bool:
    """Sends all of them; whether the workflow goes on after that."""

    async def send(name: str, payloads: list[Payload]) -> None:
        with _unless_ended():
            await send_signal(world.client, handle, name, *payloads)

    await asyncio.gather(*(send(name, payloads) for name, payloads in signals))
    return (await handle.describe()).status is WorkflowExecutionStatus.RUNNING


def _shares(signals: list[Signal]) -> list[list[Signal]]:
    """As many for each workflow as its timeline keeps refusals."""
    return [signals[first : first + EACH] for first in range(0, len(signals), EACH)]


async def _booking_survives(world: World, signals: list[Signal]) -> None:
    booking_id = (await world.confirmed(in_days(30))).booking_id
    handle = world.booking(booking_id)
    if await _bombarded(world, handle, signals):
        # It may be ending at this moment, and abort what it has let in.
        await outcome_of(partial(world.update, handle, "cancel", reason="Enough."))
    assert await troubles(handle) == []
    agreed = await world.agree(booking_id, ended=True)
    assert agreed.booking["state"] == "cancelled"


async def _standing_survives(world: World, signals: list[Signal]) -> None:
    provider_id, _ = await world.provider_with_topic()
    handle = await world.start_standing(provider_id)
    assert await _bombarded(world, handle, signals)
    with contextlib.suppress(RefusedError):
        await world.update(handle, "reinstate", reason="To begin with.")
    found = await world.update(handle, "suspend", reason="Enough.")
    assert found["status"] == "suspended"
    assert await troubles(handle) == []
    async with world.engine.connect() as connection:
        recorded = await get_standing(connection, provider_id)
    assert recorded is not None
    assert standing_json(recorded) == await handle.query("standing")


async def test_a_booking_survives_whatever_signals_carry(world: World, fuzz: int) -> None:
    signals = _signals(list(BOOKING_MESSAGES), fuzz)
    await together((_booking_survives(world, share) for share in _shares(signals)), at_once=4)


async def test_a_standing_survives_whatever_signals_carry(world: World, fuzz: int) -> None:
    signals = _signals(list(STANDING_MESSAGES), fuzz)
    await together((_standing_survives(world, share) for share in _shares(signals)), at_once=4)
