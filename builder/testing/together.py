"""Runs coroutines side by side, a few at a time, and keeps the order of their results."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

_T = TypeVar("_T")


async def together(works: Sequence[Callable[[], Awaitable[_T]]], at_once: int) -> list[_T]:
    """Return the results of ``works`` in their order, at most ``at_once`` of them running.

    Cancelled, or when one of them raises, all others are cancelled and have ended before this returns; of several
    exceptions the first one goes up.
    """
    slots = asyncio.Semaphore(at_once)

    async def one(work: Callable[[], Awaitable[_T]]) -> _T:
        async with slots:
            return await work()

    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(one(work)) for work in works]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in running]
