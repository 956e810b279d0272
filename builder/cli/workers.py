"""Runs one function on several shares of work at once, each in a process of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from builder.errors import MachineError

T = TypeVar("T")
R = TypeVar("R")


def in_processes(work: Callable[[T], R], shares: Sequence[T]) -> list[R]:
    """Return what ``work``, a function of a module, gives for each share, in their order.

    What it raises comes out here. `MachineError` when a process is killed; Ctrl-C ends all of them.
    """
    from concurrent.futures import ProcessPoolExecutor  # these take longer to import than most recipes to render
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import active_children, get_context

    # A copy of this process starts with all that is imported; it would also have the locks that other threads hold.
    context = get_context("fork" if threading.active_count() == 1 else "spawn")
    with ProcessPoolExecutor(len(shares), mp_context=context, initializer=_end_at_signals) as pool:
        futures = [pool.submit(work, share) for share in shares]
        try:
            return [future.result() for future in futures]
        except BrokenProcessPool as error:
            raise MachineError(
                "a process was killed while it rendered recipes",
                code="machine.worker",
                remedy="look whether memory ran out; with -j 1 fewer recipes are in memory at once",
            ) from error
        except BaseException:
            for child in active_children():
                child.kill()
            raise


def _end_at_signals() -> None:
    """Let signals end a worker silently, whatever its parent does with them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def dealt(items: Sequence[T], weights: Sequence[int], shares: int) -> list[list[int]]:
    """Return the places of ``items`` dealt into ``shares`` lists of about the same weight: the heaviest first."""
    order = sorted(range(len(items)), key=lambda place: (-weights[place], place))
    hands: list[list[int]] = [[] for _ in range(shares)]
    totals = [0] * shares
    for place in order:
        lightest = totals.index(min(totals))
        hands[lightest].append(place)
        totals[lightest] += weights[place]
    return hands
