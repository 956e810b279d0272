"""Runs a verb's coroutine and ends it quickly when the user or the system asks for that."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from builder.errors import Interrupted

T = TypeVar("T")

_PATIENCE = 1.5
"""Seconds that cancelled work gets to kill its processes and remove its folders before the process leaves anyway."""
_SAID = "interrupted; what was finished stays, run the same command to go on"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def wait_for(
    work: Coroutine[object, object, T], *, abandon: Callable[[int], NoReturn], tidy: Callable[[], None] = lambda: None
) -> T:
    """Run ``work`` to its end; SIGINT, SIGTERM and SIGHUP cancel it and raise `Interrupted`.

    A thread that cannot be cancelled (one that packs, say) does not hold us back: what it writes is temporary until the
    last step, so after `_PATIENCE` seconds the process is abandoned, after ``tidy`` has left the terminal clean.
    SIGHUP stays ignored where whoever started us wants that (``nohup``).
    """

    def leave() -> None:
        # In a thread of its own: a terminal that takes no more bytes must not keep us.
        tidying = threading.Thread(target=tidy, daemon=True)
        tidying.start()
        tidying.join(0.2)
        abandon(Interrupted.exit_code)

    with _signals_restored(), _watchdog(leave) as watchdog, asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(work)

        def stop() -> None:
            if not watchdog.is_alive():  # a second signal must not cut short what the first one made us clean up
                watchdog.start()
                task.cancel()

        for number in _SIGNALS:
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, stop)
        try:
            return runner.run(_result(task))
        except asyncio.CancelledError:
            raise Interrupted(_SAID) from None
        except Exception as error:
            if watchdog.is_alive():  # it stumbled over what the cancellation took away
                raise Interrupted(_SAID) from error
            raise


@contextmanager
def _watchdog(leave: Callable[[], None]) -> Iterator[threading.Timer]:
    """Give a timer that bites when it was started and the block, the end of the event loop included, does not end."""
    watchdog = threading.Timer(_PATIENCE, leave)
    watchdog.daemon = True
    try:
        yield watchdog
    finally:
        watchdog.cancel()


@contextmanager
def _signals_restored() -> Iterator[None]:
    """Give back the handlers that an event loop does not: it leaves the system's own behind."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _result(task: asyncio.Task[T]) -> T:
    return await task
