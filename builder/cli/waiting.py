"""Runs a verb's coroutine and ends it quickly when the user or the system asks for that."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import NoReturn, TypeVar

from builder.errors import Interrupted

T = TypeVar("T")

_PATIENCE = 1.5
"""Seconds that cancelled work gets to kill its processes and remove its folders before the process leaves anyway."""


def wait_for(work: Coroutine[object, object, T], *, abandon: Callable[[int], NoReturn]) -> T:
    """Run ``work`` to its end; SIGINT, SIGTERM and SIGHUP cancel it and raise `Interrupted`.

    A thread that cannot be cancelled (one that packs, say) does not hold us back: what it writes is temporary until the
    last step, so after `_PATIENCE` seconds the process is abandoned.
    """
    watchdog = threading.Timer(_PATIENCE, abandon, args=[Interrupted.exit_code])
    watchdog.daemon = True
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(work)

        def stop() -> None:
            if not watchdog.is_alive():
                watchdog.start()
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop)
        try:
            return runner.run(_result(task))
        except asyncio.CancelledError:
            raise Interrupted("interrupted; what was finished stays, run the same command to go on") from None


async def _result(task: asyncio.Task[T]) -> T:
    return await task
