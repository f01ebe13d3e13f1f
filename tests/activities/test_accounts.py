"""What is made of a workflow that does not say what it knows, by the words of the SDK."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import WorkflowExecutionStatus as TheServers
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    QueryWorkflowInput,
    WorkflowExecutionStatus,
)

from activities.accounts import UnansweredError, delivering
from workflows.encryption import Encryption, converter
from workflows.payloads import UNREADABLE

KEYS = {"2026": bytes(32)}
PLAIN = {"encoding": b"json/plain"}


@dataclass
class _Answering(Interceptor):
    """Every query is answered by these bytes, or by an error."""

    answer: Sequence[Payload] | Exception

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's own name
        answer = self.answer

        class Answered(OutboundInterceptor):
            async def query_workflow(self, input: QueryWorkflowInput) -> Any:  # noqa: A002
                if isinstance(answer, Exception):
                    raise answer
                [told] = await converter({}).decode(answer, [input.ret_type or dict])
                return told

        return Answered(next)


async def _asked(answer: Sequence[Payload] | Exception) -> frozenset[str]:
    client = await Client.connect("127.0.0.1:1", lazy=True, interceptors=[_Answering(answer)])
    return await delivering(client.get_workflow_handle("booking/1"))


def _of_the_status(number: int) -> Exception:
    with pytest.raises(ValueError, match="WorkflowExecutionStatus") as unknown:
        WorkflowExecutionStatus(number)
    return unknown.value


async def test_what_it_says_is_read() -> None:
    assert await _asked([Payload(metadata=PLAIN, data=b'["n1"]')]) == {"n1"}


async def test_one_that_was_paused_is_told_of() -> None:
    paused = _of_the_status(TheServers.WORKFLOW_EXECUTION_STATUS_PAUSED)
    with pytest.raises(UnansweredError) as told:
        await _asked(paused)
    assert str(told.value) == "it was paused by hand"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Payload(metadata=PLAIN, data=b'{"n1": 1}'), "it tells what nobody can read"),
        (Payload(metadata={"encoding": UNREADABLE}), "it tells what nobody can read"),
    ],
)
async def test_what_nobody_can_read_is_told_as_that(answer: Payload, why: str) -> None:
    with pytest.raises(UnansweredError) as told:
        await _asked([answer])
    assert str(told.value) == why


async def test_what_another_key_encrypted_is_told_as_that() -> None:
    encrypted = await Encryption(KEYS).encode([Payload(metadata=PLAIN, data=b"[]")])
    with pytest.raises(UnansweredError) as told:
        await _asked(encrypted)
    assert str(told.value) == "it answers encrypted, by a key that is not here"


@pytest.mark.parametrize("fault", [ValueError("ours"), KeyError("ours"), _of_the_status(99)])
async def test_a_fault_of_ours_is_no_answer_of_a_workflow(fault: Exception) -> None:
    with pytest.raises(type(fault)) as raised:
        await _asked(fault)
    assert raised.value is fault
