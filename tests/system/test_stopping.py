"""A process that is asked to stop, and asked again until it has: it ends as if asked once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import cli
from config import Settings
from dev.trial import free_ports
from tests.system.running_stack import wait_until

_READY_SECONDS = 120
_STOP_SECONDS = 60


@pytest.mark.parametrize("command", ["api", "worker"])
def test_who_asks_again_and_again_changes_nothing(
    command: str, shared_settings: Settings, tmp_path: Path
) -> None:
    http, metrics = free_ports(2)
    environment = os.environ | {
        "KEEPDATE_DATABASE_URL": shared_settings.require_database_url(),
        "KEEPDATE_TEMPORAL_PORT": str(shared_settings.temporal_port),
        "KEEPDATE_TASK_QUEUE": "stopping-tests",
        "KEEPDATE_HTTP_PORT": str(http),
        "KEEPDATE_METRICS_PORT": str(metrics),
    }
    ready = {
        "api": f"http://127.0.0.1:{http}/readyz",
        "worker": f"http://127.0.0.1:{metrics}/metrics",
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, cli.__file__, command], env=environment, stdout=log, stderr=log
        )
        try:
            wait_until(lambda: _answers(ready[command]), _READY_SECONDS)
            wait_until(lambda: _ended(process), _STOP_SECONDS)
        finally:
            process.kill()
            process.wait()

    assert process.returncode == 0, (tmp_path / "log").read_text(encoding="utf-8")[-2000:]


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has, after it was asked once more, so closely that its very end is met too."""
    for _ in range(20):
        if process.poll() is not None:
            return True
        process.send_signal(signal.SIGTERM)
        time.sleep(0.002)
    return False


def _answers(address: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(address).is_success
    return False
