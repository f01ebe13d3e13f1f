"""Where histories are replayed: what is not deterministic raises there, in a workflow's module."""

from __future__ import annotations

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

SANDBOX = SandboxedWorkflowRunner(
    # Pure or without state of their own, so they need not be loaded anew for every workflow; and
    # the types of `domain` stay the same ones on both sides.
    restrictions=SandboxRestrictions.default.with_passthrough_modules(
        "activities", "domain", "pydantic", "pydantic_core", "telemetry"
    )
)
