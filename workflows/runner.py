"""How the workflows of a worker are run, with as little in memory as may be."""

from __future__ import annotations

from dataclasses import replace

from temporalio.api.common.v1 import Payloads
from temporalio.worker import (
    UnsandboxedWorkflowRunner,
    WorkflowInstance,
    WorkflowInstanceDetails,
)

from workflows.payloads import by_itself

_NO_RESULT = Payloads()


class LeanRunner(UnsandboxedWorkflowRunner):
    """Runs workflows outside of the sandbox, and lets go of the message with which each began.

    Whoever holds a part of a message, even an empty one, has the whole of it in memory: 10 kB for
    each open booking. The SDK holds several for as long as a workflow lives. These come as copies
    here, and those that it hands to interceptors come as copies in `workflows.guard`.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """A workflow that begins, or that is replayed."""
        last = _NO_RESULT
        if det.last_completion_result.payloads:
            last = Payloads()
            last.CopyFrom(det.last_completion_result)
        headers = {name: by_itself(payload) for name, payload in det.info.headers.items()}
        memo = {name: by_itself(payload) for name, payload in det.info.raw_memo.items()}
        info = replace(det.info, headers=headers, raw_memo=memo)
        return super().create_instance(replace(det, info=info, last_completion_result=last))
