"""The `temporal` command, as anybody with access to the server has it."""

from __future__ import annotations

import asyncio
import json
import shlex
from dataclasses import dataclass
from typing import Any

from dev.temporal import embedded_environment, temporal_command
from tests.workflows.world import World


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """The `temporal` command, pointed at the server of the tests."""

    world: World

    async def run(self, *words: str) -> str:
        """What the command prints. Fails where it fails."""
        running = await asyncio.create_subprocess_exec(
            temporal_command(),
            *words,
            env=embedded_environment(self.world.client.service_client.config.target_host),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaint = await running.communicate()
        assert running.returncode == 0, complaint.decode()
        return printed.decode()

    async def run_as_told(self, line: str) -> str:
        """Run the command that a line has in backticks, as who reads it would."""
        _, command, _ = line.split("`")
        program, *words = shlex.split(command)
        assert program == "temporal"
        return await self.run(*words)

    async def signal(self, booking_id: str, name: str, **fields: Any) -> None:
        """`temporal workflow signal`, with one JSON object."""
        await self.run(
            *("workflow", "signal", "--workflow-id", f"booking/{booking_id}"),
            *("--name", name, "--input", json.dumps(fields)),
        )

    async def start(self, request: Any, booking_id: str) -> None:
        """`temporal workflow start --type Booking`."""
        await self.run(
            *("workflow", "start", "--type", "Booking", "--task-queue", self.world.task_queue),
            *("--workflow-id", f"booking/{booking_id}", "--input", json.dumps(request)),
        )

    async def report(self, provider_id: str, **fields: Any) -> None:
        """`temporal workflow signal-with-start`, of a provider's standing with a late event."""
        await self.run(
            *("workflow", "signal-with-start", "--type", "ProviderStanding"),
            *("--task-queue", self.world.task_queue),
            *("--workflow-id", f"provider-standing/{provider_id}"),
            *("--input", json.dumps({"provider_id": provider_id})),
            *("--signal-name", "late-event", "--signal-input", json.dumps(fields)),
        )
