"""Where rattler's exceptions stop, its panics included, and where work in threads outlives a cancelled wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from builder.errors import BakehouseError, MachineError

_P = ParamSpec("_P")
_T = TypeVar("_T")

_PANIC = "PanicException"
"""The name of what a crash in Rust raises; it is no `Exception`, and no module offers it for import."""


@contextmanager
def rattler_wall(doing: str, *, remedy: str | None = None) -> Iterator[None]:
    """Turn whatever rattler raises in the block into a `MachineError` that says what we were ``doing``."""
    try:
        yield
    except BakehouseError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        raise MachineError(f"{doing} failed: {reason(error)}", code="environment.rattler", remedy=remedy) from error


def reason(error: BaseException) -> str:
    """Return what a foreign exception says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


async def finished(work: Awaitable[_T]) -> _T:
    """Await ``work`` to its end even when the waiting is cancelled, and only then pass the cancellation on.

    A thread, or rattler's own threads, cannot be stopped halfway; what they write may be removed only after they ended.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        if not task.cancelled():
            task.exception()
        raise


async def in_thread(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run ``function`` in a thread; a cancelled caller goes on when it has ended."""
    return await finished(asyncio.to_thread(function, *args, **kwargs))
