"""Coroutines side by side."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import MachineError
from builder.testing.together import together


async def answer(value: int, pause: float = 0.0) -> int:
    await asyncio.sleep(pause)
    return value


@given(st.lists(st.integers(), max_size=8), st.integers(1, 4))
def test_results_are_in_order(values: list[int], at_once: int) -> None:
    works = [partial(answer, value, 0.001 * (index % 3)) for index, value in enumerate(values)]
    assert asyncio.run(together(works, at_once)) == values


def test_one_that_raises_ends_the_others_and_its_exception_goes_up() -> None:
    ended: list[str] = []

    async def forever() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("forever")
        return 0

    async def bad() -> int:
        await asyncio.sleep(0)
        raise MachineError("no room")

    with pytest.raises(MachineError, match="no room"):
        asyncio.run(together([forever, bad], 2))
    assert ended == ["forever"]


def test_a_cancelled_one_leaves_nothing_running() -> None:
    ended: list[int] = []

    async def forever(number: int) -> int:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)
        return 0

    async def run() -> None:
        task = asyncio.create_task(together([partial(forever, 1), partial(forever, 2), partial(forever, 3)], 2))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert sorted(ended) == [1, 2], "the third never started"
