"""Giving a command over HTTP: the one JSON object, completed with who gives it, and when."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request

from api.body import Json, read_object, without_nulls
from api.gateway import Message, Order, decode
from api.idempotency import Answered, Write, kept_answer, refusal_as_answer
from api.problems import refused, refused_with
from api.services import Services, clock
from db.ids import new_id
from domain.instants import rfc3339
from domain.party import Party, Role
from domain.refusal import Code, Refusal

_LONGEST_ID = 1000
"""What Temporal takes for an id, in bytes; the 255 characters of a command's may be four each."""

_STAFF = (Role.SUPPORT, Role.SERVICE)
_STAFF_FIELDS = ("at", "initiated_at")
"""When something was given or initiated is what lateness is judged by: not the parties' to say."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A command as it was given: the request, and the order to be carried out."""

    write: Write
    order: Order

    @property
    def command_id(self) -> str:
        """What the command is known by, however often it is sent."""
        found: str = self.order.payload["command_id"]
        return found


async def read_command(
    request: Request, caller: Party, models: Mapping[str, type[Message]], name: str
) -> Given:
    """The command that a request gives.

    `by` is the caller, whatever the body says. `command_id` is the `Idempotency-Key`, or else the
    body's, or a new one. `at` is now, unless support or a service says otherwise. Raises the
    problems 413, 422 and 403.
    """
    body = await read_object(request)
    return completed(Write.of(request, caller, body), body, caller, models, name)


def completed(
    write: Write, body: Json, caller: Party, models: Mapping[str, type[Message]], name: str
) -> Given:
    """The command that a JSON object gives, completed as `read_command` says."""
    now = clock()
    said = without_nulls(body)
    ours = {"command_id": new_id(), "at": rfc3339(now)}
    payload: Json = {**ours, **said, "by": {"role": caller.role.value, "id": caller.id}}
    if write.key is not None:
        payload["command_id"] = write.key
    message = decode(models, name, json.dumps(payload).encode(), now)
    if isinstance(message, Refusal):
        raise refused(message)
    for field in _STAFF_FIELDS:
        if caller.role not in _STAFF and field in said:
            raise refused_with(Code.NOT_ALLOWED, f"{field}: only support and services can say it.")
    # Update ids are one name space for a whole workflow, and a command id is its giver's own. The
    # ids of people hold no slash: another's command cannot be made to look like this one.
    update_id = _short(f"{caller.role}/{caller.id}/{name}/{payload['command_id']}")
    return Given(write=write, order=Order(name=name, payload=payload, update_id=update_id))


def _short(update_id: str) -> str:
    """An id that Temporal takes; a digest of a longer one, which tells as much from any other."""
    told = update_id.encode()
    return update_id if len(told) <= _LONGEST_ID else hashlib.sha256(told).hexdigest()


async def carried_out_once(
    parts: Services, given: Given, subject_id: str, carry_out: Callable[[], Awaitable[Answered]]
) -> Answered:
    """Carries out a command, or answers what this very request was answered before.

    The key is claimed first, which is committed at once: two at once, and one after a crash, give
    the same command by the same id, and the workflow carries it out once.
    """
    async with parts.singly.connect() as conn:
        answered = kept_answer(await given.write.claimed(conn, subject_id))
    if answered is None:
        answered = await refusal_as_answer(carry_out())
        async with parts.singly.connect() as conn:
            await given.write.keep(conn, answered)
    return answered
