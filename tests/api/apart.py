"""A process of its own for who makes requests up, while this one serves them.

Not a thread: in this one tracebacks are written, in that one the sources of lambdas are looked up.
Both read Python's syntax, and CPython 3.11 fails where two threads do that at the same time ("AST
constructor recursion depth mismatch").
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context
from typing import Any

from hypothesis import core

Apart = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def apart() -> AsyncIterator[Apart]:
    """Calls functions of modules in another process, by `await call(function, …)`."""
    pool = ProcessPoolExecutor(
        1,
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(core.global_force_seed,),
    )
    loop = asyncio.get_running_loop()

    async def call(function: Callable[..., Any], *given: Any) -> Any:
        return await loop.run_in_executor(pool, _called, function, *given)

    try:
        yield call
    finally:
        await asyncio.to_thread(pool.shutdown, cancel_futures=True)


def _begin(seed: int | None) -> None:
    core.global_force_seed = seed  # type: ignore[assignment]  # declared as what it begins with


def _called(function: Callable[..., Any], *given: Any) -> Any:
    try:
        return function(*given)
    except Exception:  # noqa: BLE001  # whatever it is: most of them cannot come back as they are
        raise AssertionError(traceback.format_exc()) from None
