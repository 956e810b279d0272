"""What scripts may use at most: what this machine makes sensible, and what options and `bakehouse.yaml` say instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from builder.errors import UsageError
from builder.model.frozen import frozen
from builder.sandbox import Limits
from builder.sandbox.resources import Room

Value = int | float | None
Said = tuple[str, str, Value]
"""For whom (a recipe or output by name, nothing for all), which field of `Limits`, how much; None is no limit."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_TIME = re.compile(r"(?:(\d+)h)?\s*(?:(\d+)(?:m|min))?\s*(?:(\d+)s?)?", re.IGNORECASE | re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_LIFTED = {"none", "unlimited"}
_MOST_DIGITS = 15

_EXAMPLE = "write --limit memory=8G, --limit NAME:wall=90m, or --limit silence=none"


USUAL = Limits(processes=4096, wall_seconds=6 * 3600, silence_seconds=3600)
"""What holds on every machine. CI services stop jobs after six hours; a compiler's build with hundreds of jobs stays
below that many processes, and what forks without end is stopped before it fills the machine."""

_GIB = 1 << 30
_LEFT = 10 * _GIB
_SHARE_LEFT = 20


def sensible(memory: int | None, room: Room | None, jobs: int) -> Limits:
    """Return the limits of each of ``jobs`` scripts at once on a machine with so much ``memory`` and ``room``.

    All together they may have four fifths of the memory, and of what is free where they write all but 10 GiB or a
    twentieth of the file system; each has twice its even share of that, since they are rarely large at the same time.
    """
    limits = USUAL
    if memory is not None:
        limits = replace(limits, memory=_share(memory * 4 // 5, jobs))
    if room is not None:
        kept = min(_LEFT, room.size // _SHARE_LEFT)
        limits = replace(limits, disk=_share(max(room.free - kept, room.free // 2), jobs))
    return limits


def _share(amount: int, jobs: int) -> int:
    return max(1, min(amount, 2 * amount // jobs))


def size_in_bytes(text: str) -> int:
    """Return the bytes that ``20G``, ``500 MiB`` or ``1000`` stand for."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no size", code="cli.size", remedy="write it as 20G or 500M")
    return int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " "))


def seconds(text: str) -> int:
    """Return the seconds that ``90m``, ``1h30m``, ``45s`` or ``3600`` stand for."""
    match = _TIME.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise UsageError(f"{text!r} is no time", code="cli.time", remedy="write it as 90m, 1h30m or 45s")
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + rest


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise UsageError(f"{text!r} is no number", code="cli.count", remedy="write it as 4096")
    return int(text)


@frozen(kw_only=False)
class LimitWord:
    """How people call a limit: the ``field`` of `Limits` that it is, and what reads its value."""

    field: str
    read: Callable[[str], int]


WORDS: Mapping[str, LimitWord] = {
    "memory": LimitWord("memory", size_in_bytes),
    "processes": LimitWord("processes", _count),
    "disk": LimitWord("disk", size_in_bytes),
    "cpu": LimitWord("cpu_seconds", seconds),
    "wall": LimitWord("wall_seconds", seconds),
    "silence": LimitWord("silence_seconds", seconds),
}


def read_limit(word: str, text: str) -> tuple[str, Value]:
    """Return the field of `Limits` and its value; raises `UsageError` for an unknown word and for no value."""
    known = WORDS.get(word)
    if known is None:
        names = ", ".join(WORDS)
        raise UsageError(f"there is no limit {word!r}", code="cli.limit", remedy=f"the limits are {names}")
    if text.strip().lower() in _LIFTED:
        return known.field, None
    value = known.read(text) if len(text) <= _MOST_DIGITS else 0
    if value <= 0:
        raise UsageError(f"the limit {word}={text} leaves nothing", code="cli.limit", remedy=_EXAMPLE)
    return known.field, value


def read_limits(texts: Iterable[str]) -> tuple[Said, ...]:
    """Return what ``--limit [NAME:]WHAT=VALUE`` says, in its order."""
    return tuple(_read(text) for text in texts)


def _read(text: str) -> Said:
    whom, equals, value = text.partition("=")
    name, colon, word = whom.rpartition(":")
    if not equals or (colon and not _NAME.fullmatch(name)):
        raise UsageError(f"--limit {text!r} is not [NAME:]WHAT=VALUE", code="cli.limit", remedy=_EXAMPLE)
    return (name, *read_limit(word, value))


def applied(limits: Limits, said: Iterable[Said], names: Iterable[str] = ()) -> Limits:
    """Return ``limits`` with what is ``said`` for everybody and for ``names``.

    What is said of a name wins over what is said of everybody, of each what is said last.
    """
    for wanted in ("", *names):
        changed = {field: value for name, field, value in said if name == wanted}
        limits = replace(limits, **changed)  # type: ignore[arg-type]  # `read_limit` knows which fields there are
    return limits
