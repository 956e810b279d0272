"""Things that are made once for a session of the store and end with it, such as a process that waits for work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar


class Closable(Protocol):
    """What can be ended; once it is, it may begin anew."""

    def close(self) -> None:
        """End it; may be called twice."""
        ...


T = TypeVar("T", bound=Closable)


class Lasting:
    """One thing of each kind; for any number of threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._made: dict[type[Closable], Closable] = {}

    def get(self, kind: type[T], make: Callable[[], T]) -> T:
        """Return the one ``kind``, which ``make`` makes when there is none yet."""
        with self._guard:
            found = self._made.get(kind)
            if not isinstance(found, kind):
                found = self._made[kind] = make()
            return found

    def close(self) -> None:
        """End all, the newest first."""
        with self._guard:
            made = list(self._made.values())
            self._made.clear()
        for one in reversed(made):
            one.close()
