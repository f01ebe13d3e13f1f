"""How long until somebody's open page shows what somebody else did, in a real Chromium.

From the moment in which it is asked for over HTTP, and from the answer, which comes once it is
committed, to the moment in which the page holds the text. Nothing is loaded anew: the page says
itself when it changed, by a clock that it shares with this process.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from playwright.async_api import Browser, Page

from bench.benchmark import Benchmark
from bench.latency import quantiles
from db.ids import new_id
from dev.chromium import chromium
from dev.trial import Trial, trial
from tests.api.marketplace import Json, Person, created, fresh_key, in_days, ok
from tests.browser.visitor import COOKIE, session_cookie

BUDGET_MILLISECONDS = 1000.0
_SAMPLES = 60
_WARM_UP = 5
_OF_ONE_PAIR = 15
"""So many messages one after the other: fewer than the portal allows at once."""

_SEEN_MILLISECONDS = 20_000
_WAITS = """([text, limit]) => {
    const main = document.querySelector("main");
    window.seen = new Promise((resolve, reject) => {
        const look = () => main.textContent.includes(text) && resolve(Date.now());
        new MutationObserver(look).observe(
            main, { childList: true, subtree: true, characterData: true });
        setTimeout(() => reject(new Error(`nobody saw ${text}`)), limit);
        look();
    });
}"""

Act = Callable[[], Awaitable[httpx.Response]]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A provider who acts over HTTP, and a client who sits before a page."""

    provider: Person
    client: Person
    page: Page

    async def sees(self, text: str, act: Act) -> tuple[float, float]:
        """Milliseconds until the page shows a text: from the act, and from its answer.

        A page is faster than the answer at times: it is told as soon as it is committed.
        """
        await self.page.evaluate(_WAITS, [text, _SEEN_MILLISECONDS])
        asked = time.time()
        answer = await act()
        answered = time.time()
        answer.raise_for_status()
        seen = await self.page.evaluate("() => window.seen") / 1000
        return 1000 * (seen - asked), max(0.0, 1000 * (seen - answered))


@asynccontextmanager
async def _pair(http: httpx.AsyncClient, browser: Browser) -> AsyncIterator[Pair]:
    provider = Person(http, "provider", f"p-{new_id()[-12:]}")
    client = Person(http, "client", f"c-{new_id()[-12:]}")
    address = str(http.base_url)
    async with await browser.new_context(base_url=address) as context:
        cookie = session_cookie("client", client.id, "Grace Miller", "Europe/Berlin")
        await context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
        yield Pair(provider=provider, client=client, page=await context.new_page())


async def _topic(provider: Person) -> Json:
    return created(
        await provider.post(
            "/v1/topics", {"title": "Counterpoint", "description": "", "duration_minutes": 60}
        )
    )


async def messages(
    http: httpx.AsyncClient, browser: Browser, samples: int
) -> AsyncIterator[tuple[float, float]]:
    """A message of the provider's, in the conversation that the client has open."""
    for first in range(0, samples, _OF_ONE_PAIR):
        async with _pair(http, browser) as pair:
            await _topic(pair.provider)
            asked = await pair.client.post("/v1/conversations", {"provider_id": pair.provider.id})
            path = f"/conversations/{asked.json()['id']}/messages"
            await _open(pair.page, f"/messages/{asked.json()['id']}")
            for _ in range(min(_OF_ONE_PAIR, samples - first)):
                text = f"Bring the score {new_id()}."
                yield await pair.sees(
                    text, partial(pair.provider.post, f"/v1{path}", {"text": text})
                )
                # As people write: now and then at once, when the page has only just been read.
                await asyncio.sleep(random.uniform(0, 1))


async def confirmations(
    http: httpx.AsyncClient, browser: Browser, samples: int
) -> AsyncIterator[tuple[float, float]]:
    """A confirmation by the provider, on the page of the booking that the client has open."""
    async with _pair(http, browser) as pair:
        topic = await _topic(pair.provider)
        for number in range(samples):
            start = in_days(30 + number)
            body = {"topic_id": topic["id"], "preferred_starts": [start]}
            booking = created(await pair.client.post("/v1/bookings", body, fresh_key()))
            path = f"/bookings/{booking['id']}"
            await _open(pair.page, path)
            yield await pair.sees(
                "Confirmed for",
                partial(pair.provider.post, f"/v1{path}/confirm", {"start": start}, fresh_key()),
            )
            shown = ok(await pair.client.get(f"/v1{path}"))
            if shown["state"] != "confirmed":
                raise RuntimeError("the page told what is not so")


async def _open(page: Page, path: str) -> None:
    """Opens a page and waits until it follows what happens."""
    async with page.expect_response(lambda answer: "/live" in answer.url):
        await page.goto(path)


async def measure(stack: Trial, samples: int) -> dict[str, Any]:
    """Each kind of change, so many times."""
    stack.start_workers()
    stack.start_api()
    found: dict[str, Any] = {"samples": samples, "budget": BUDGET_MILLISECONDS}
    async with chromium() as browser, httpx.AsyncClient(base_url=stack.api_url, timeout=30) as http:
        for name, kind in (("message", messages), ("confirmation", confirmations)):
            took = [each async for each in kind(http, browser, _WARM_UP + samples)][_WARM_UP:]
            found[name] = {
                "from_request": quantiles([each for each, _ in took]),
                "from_answer": quantiles([each for _, each in took]),
            }
            for since, told in found[name].items():
                over = "  over budget" if told["worst"] >= BUDGET_MILLISECONDS else ""
                line = ", ".join(f"{which} {value} ms" for which, value in told.items())
                print(f"  {name}, {since.replace('_', ' the ')}: {line}{over}", flush=True)
    return found


def _run(given: argparse.Namespace) -> dict[str, Any]:
    with trial() as stack:
        return asyncio.run(measure(stack, given.changes))


def _add_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--changes", type=int, default=_SAMPLES, help="how many of each kind")


BENCHMARK = Benchmark(
    about="from a change to the other person's open page, in a browser",
    run=_run,
    add_options=_add_options,
)
