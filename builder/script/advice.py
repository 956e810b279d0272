"""What a script that failed seems to have lacked, more than its limits or the network, and how to let it have that."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from builder.model.frozen import frozen
from builder.report.text import duration, size
from builder.sandbox import Exit, Limits
from builder.sandbox.values import Reason

_UNREACHED = re.compile(
    r"could not resolve (?:host|proxy)|couldn't resolve host|temporary failure in name resolution|"
    r"name or service not known|network is unreachable|no address associated with hostname|enotfound|eai_again|"
    r"failed to lookup address information|dial tcp: lookup|unable to resolve host address",
    re.IGNORECASE,
)
"""What curl, wget, git, pip, npm, cargo and go print where there is no network."""


@frozen(kw_only=False)
class _Word:
    """How users call a limit: the ``field`` of `Limits`, the ``word`` of ``--limit``, what its value counts."""

    field: str
    word: str
    counts: str


_WORDS: Mapping[Reason, _Word] = {
    "timeout": _Word("wall_seconds", "wall", "seconds"),
    "silence": _Word("silence_seconds", "silence", "seconds"),
    "memory": _Word("memory", "memory", "bytes"),
    "processes": _Word("processes", "processes", "things"),
    "disk": _Word("disk", "disk", "bytes"),
    "cpu": _Word("cpu_seconds", "cpu", "seconds"),
}
_BYTES = ((1 << 30, "G"), (1 << 20, "M"), (1 << 10, "k"))
_SECONDS = ((3600, "h"), (60, "m"), (1, "s"))


@frozen
class Lent:
    """What a script had: its ``limits`` and whether the ``network``; ``name`` is what options call it.

    ``permit`` is the option that lets it use the network.
    """

    name: str
    limits: Limits
    network: bool
    permit: str = "--allow-network"


def advice(ended: Exit, tail: Sequence[str], lent: Lent) -> str | None:
    """Return what to do, None when nothing seems to be lacking."""
    if ended.reason is not None:
        return _more(ended.reason, lent)
    if not lent.network and any(_UNREACHED.search(line) for line in tail):
        return (
            f"it has no network: name what it fetches as a source with its sha256, or let it with "
            f"{lent.permit} {lent.name}"
        )
    return None


def _more(reason: Reason, lent: Lent) -> str | None:
    limit = _WORDS.get(reason)
    value = getattr(lent.limits, limit.field) if limit is not None else None
    if limit is None or value is None:
        return None
    match limit.counts:
        case "bytes":
            had, more = size(value), _written(2 * value, _BYTES)
        case "seconds":
            had, more = duration(value), _written(2 * value, _SECONDS)
        case _:
            had, more = f"{value:,}", str(2 * value)
    return (
        f"it may use {had} ({limit.word}): --limit {lent.name}:{limit.word}={more} lets it use more, and so does "
        f"`limits` in bakehouse.yaml"
    )


def _written(amount: float, units: Sequence[tuple[int, str]]) -> str:
    """Return an amount as ``--limit`` takes it, rounded up to the largest unit that it is no less than twice of."""
    unit, sign = next(((unit, sign) for unit, sign in units if amount >= 2 * unit), units[-1])
    return f"{max(1, -int(-amount // unit))}{sign}"
