"""Work that blocks, done beside the event loop, and never left running behind anybody's back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial


async def in_thread(function: Callable[..., object], *args: object) -> None:
    """Call ``function`` without blocking the event loop; a cancellation counts when it has ended, not before.

    A thread cannot be stopped: whoever cleans up must not meet one that still works.
    """
    import asyncio  # see `builder.store.locks.lock_async`

    job = asyncio.get_running_loop().run_in_executor(None, partial(function, *args))
    cancelled: asyncio.CancelledError | None = None
    while not job.done():
        try:
            await asyncio.wait({job})
        except asyncio.CancelledError as error:
            cancelled = error
    job.result()
    if cancelled is not None:
        raise cancelled
