"""What is borne of a server: how long it may take, how much it may send; and what a wrong answer looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping

from builder.model.frozen import frozen
from builder.report.text import duration, size

_PAGE = re.compile(rb"\s*(?:<!--|<!doctype\s+html|<html|<head|<\?xml[^>]*>\s*<!doctype\s+html)", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,200}?)\s*</title", re.IGNORECASE)


@frozen
class Patience:
    """Limits for one attempt at one address.

    ``answer`` and ``whole`` are the seconds until an answer begins and until it has ended; ``slowest`` is how many
    bytes a second must come on average of each ``window`` seconds. ``largest`` bounds in bytes what nobody has
    announced the size of, ``page`` a document that is kept in memory.
    """

    answer: float = 60.0
    whole: float = 6 * 3600.0
    window: float = 60.0
    slowest: int = 1000
    largest: int = 64 << 30
    page: int = 64 << 20


PATIENT = Patience()


class Pace:
    """Watches the bytes of one answer come; says when patience ends."""

    def __init__(self, patience: Patience, now: float) -> None:
        """Start at ``now`` (seconds by any clock)."""
        self._patience = patience
        self._began = self._since = now
        self._until_then = 0

    def trouble(self, now: float, done: int) -> str | None:
        """Return why waiting for more than the ``done`` bytes is over, None while it is not."""
        patience = self._patience
        if now - self._began > patience.whole:
            return f"it was not at its end after {duration(patience.whole)}, with {size(done)}"
        if now - self._since < patience.window:
            return None
        came, took = done - self._until_then, now - self._since
        if came < patience.slowest * took:
            return f"only {size(came)} came within {duration(took)}"
        self._since, self._until_then = now, done
        return None


def page(head: bytes) -> str | None:
    """Say what a body that begins with ``head`` is if it is a page of HTML, None if it is none."""
    if not _PAGE.match(head):
        return None
    title = _TITLE.search(head)
    named = f' ("{title[1].decode("utf-8", "replace")}")' if title else ""
    return f"it is a page of HTML{named}, not a file"


def oddities(headers: Mapping[str, str], head: bytes) -> tuple[str, ...]:
    """Return what an answer with these ``headers`` (names in small letters) whose body begins with ``head`` hints at.

    To be told when the bytes were not those that were wanted.
    """
    found = [] if (what := page(head)) is None else [what]
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        found.append(f"the server encoded it as {encoding[:40]}, which nobody asked for")
    if "content-length" not in headers and "chunked" not in headers.get("transfer-encoding", "").lower():
        found.append("the server did not say how long it is, so it may have been cut off")
    return tuple(found)
