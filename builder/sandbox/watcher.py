"""Looks, while a command runs, whether it keeps within its limits: what no kernel stops by itself is stopped here.

Looking costs little: what takes long is looked at seldom. A thread of its own looks, so that nothing else that this
process does can keep it from it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from builder.sandbox.values import Reason

_SHORTEST, _LONGEST = 0.05, 2.0
_SHARE = 50
"""Between two looks passes at least this much times what a look takes of the CPU: two per cent."""


class Gauge(Protocol):
    """Measures something of a running command."""

    def look(self) -> Reason | None:
        """Return the limit that is broken by now, or None; called by one thread at a time, and may block."""
        ...


async def watch(gauges: Sequence[Gauge]) -> Reason:
    """Wait until a gauge finds a limit broken, and return which; cancelling ends it."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Reason] = loop.create_future()
    stop = threading.Event()

    def tell(reason: Reason | None, error: Exception | None) -> None:
        if found.done():
            return
        if error is not None:
            found.set_exception(error)
        elif reason is not None:
            found.set_result(reason)

    def run() -> None:
        reason, error = None, None
        try:
            reason = _look_on(gauges, stop)
        except Exception as caught:  # noqa: BLE001 - raised again by whoever waits
            error = caught
        with suppress(RuntimeError):  # the loop has gone meanwhile
            loop.call_soon_threadsafe(tell, reason, error)

    threading.Thread(target=run, name="watcher", daemon=True).start()
    try:
        return await found
    finally:
        stop.set()


def _look_on(gauges: Sequence[Gauge], stop: threading.Event) -> Reason | None:
    """Look through each gauge at its own pace."""
    due = dict.fromkeys(range(len(gauges)), time.monotonic() + _SHORTEST)
    while due and not stop.wait(max(0.0, min(due.values()) - time.monotonic())):
        for number in [number for number, at in due.items() if at <= time.monotonic()]:
            before = time.thread_time()
            reason = gauges[number].look()
            if reason is not None:
                return reason
            pause = _SHARE * (time.thread_time() - before)
            due[number] = time.monotonic() + min(max(pause, _SHORTEST), _LONGEST)
    return None
