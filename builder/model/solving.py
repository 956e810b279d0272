"""What the user says about all solves: which channel wins, and how new packages may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from builder.model.frozen import frozen

ChannelPriority = Literal["strict", "disabled"]

_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)


@frozen
class SolveRules:
    """How environments are solved.

    With ``channel_priority`` ``strict`` only the first channel that has a package is asked for it, with ``disabled``
    all are. ``newest`` is the last time (UTC) at which packages of channels may have been made; those of our own
    output may be newer.
    """

    channel_priority: ChannelPriority = "strict"
    newest: datetime | None = None

    def admit(self, made: datetime | None) -> bool:
        """Whether a package that was ``made`` then may be taken; of one that does not say, nobody knows."""
        return self.newest is None or (made is not None and made <= self.newest)

    def asked(self) -> Iterator[tuple[str, str]]:
        """Yield what is not as always and decides what is solved: the option's name, and its value."""
        if self.channel_priority != "strict":
            yield "--channel-priority", self.channel_priority
        if self.newest is not None:
            yield "--exclude-newer", self.said

    @property
    def said(self) -> str:
        """``newest`` as text; empty without one."""
        return "" if self.newest is None else self.newest.isoformat().replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """Return the time that an RFC 3339 text (``2024-03-15T12:00:00Z``) stands for; ValueError says what is wrong."""
    if not _RFC_3339.fullmatch(text):
        raise ValueError(f"{text!r} is no time as RFC 3339 writes it, with date, time and offset")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no time: {error}") from None
