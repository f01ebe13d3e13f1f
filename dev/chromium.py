"""The browser of the browser tests and of the screenshots; `python -m dev.chromium` installs it.

A Chromium that is on the machine is taken as it is, else Playwright's own, which lies in the
account's cache and serves every project.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright
from playwright.sync_api import sync_playwright

_NAMES = ("chromium", "chromium-browser")
_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
_MISSING = "no Chromium is installed: `make browser` installs one"


class NoChromiumError(Exception):
    """There is no browser; the message is one line for the person at the terminal."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser without a window. Raises NoChromiumError if there is none to start."""
    arguments = list(_QUIET)
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium's own does not start as root
    async with async_playwright() as playwright:
        path = _on_machine() or Path(playwright.chromium.executable_path)
        if not path.exists():
            raise NoChromiumError(_MISSING)
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


def install() -> None:
    """Sees to it that there is a Chromium. Raises NoChromiumError if none can be installed."""
    if _is_there():
        return
    for command in _ways():
        print(f"There is no Chromium yet: {' '.join(command)}", flush=True)
        subprocess.run(command, stdin=subprocess.DEVNULL, env=_environment(), check=False)
        if _is_there():
            return
    raise NoChromiumError("no Chromium could be installed: install one by hand, on the PATH")


def _ways() -> list[list[str]]:
    own = [sys.executable, "-m", "playwright", "install", "chromium"]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return [own]
    # Debian's brings the libraries that it needs; Playwright's own finds them or does not start.
    return [
        ["apt-get", "update", "--quiet"],
        ["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "chromium"],
        [*own, "--with-deps"],
    ]


def _environment() -> dict[str, str]:
    return os.environ | {"DEBIAN_FRONTEND": "noninteractive"}


def _is_there() -> bool:
    if _on_machine() is not None:
        return True
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def _on_machine() -> Path | None:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return Path(found) if found else None


if __name__ == "__main__":
    try:
        install()
    except NoChromiumError as error:
        raise SystemExit(f"keepdate: {error}") from None
