"""Guesses why two builds of one package differ, from where they differ, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable

from builder.model.frozen import frozen
from builder.pack.difference import Difference


@frozen
class Cause:
    """A guess: what the package holds that it should not, and what helps."""

    what: str
    remedy: str


@frozen
class Known:
    """What was other in the second build: how many processors scripts were told of."""

    processors: tuple[int, int] = (1, 2)


TIME = Cause(
    what="the time of the build",
    remedy="write the time of SOURCE_DATE_EPOCH instead, as `date -u -d @$SOURCE_DATE_EPOCH` prints it, or none",
)
FILE_TIME = Cause(
    what="the time of a file in an archive",
    remedy="give the files one time before they are packed, or none: `gzip -n`, `ar D`, "
    "`tar --mtime=@$SOURCE_DATE_EPOCH`, `zip -X` after `touch -d @$SOURCE_DATE_EPOCH`",
)
PROCESSORS = Cause(
    what="the number of processors",
    remedy="set CPU_COUNT in build.script.env, or have the build not write it down",
)
KERNEL = Cause(
    what="the release of the machine's kernel",
    remedy="have the build not write down `uname`; for CMake that is CMAKE_HOST_SYSTEM and its like",
)
ORDER = Cause(
    what="an order that is not the same in every run",
    remedy="sort what is listed (`LC_ALL=C sort`, `sorted()`), and do not depend on which parallel job ends first",
)
ENVIRONMENT = Cause(
    what="all variables of the build",
    remedy="write only those that are needed: how a second build is varied is among them",
)
TEMPORARY = Cause(
    what="the name of a temporary file or folder",
    remedy="give it a name of its own below $SRC_DIR instead of one that `mktemp` makes up",
)
RANDOM = Cause(
    what="something random, or an address in memory",
    remedy="seed it with a constant, or leave it out",
)
UNKNOWN = Cause(
    what="something that is not the same in every run",
    remedy="look in both packages for what led to it: it is mostly a date, a random number, the number of jobs or "
    "an order",
)

_ARCHIVES = (b"PK\x03\x04", b"!<arch>", b"!<thin>")
_DATES = re.compile(
    rb"(?i)\b(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}:\d{2}(?::\d{2})?|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?|"
    rb"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?|20\d{2}(?:\d{4}(?:T?\d{6})?)?)(?!\w)"
)
_SECONDS = re.compile(rb"\b1[5-9]\d{8}(?:\d{3}|\d{6}|\d{9})?\b|\b2\d{9}(?:\d{3}|\d{6}|\d{9})?\b")
_RELEASE = re.compile(rb"\b2\.6\.\d+")
_TEMPORARY = re.compile(rb"/tmp/[\w./-]*|\btmp\.?[A-Za-z0-9_]{6,}")
_WORD = re.compile(rb"[\w.+-]+")
_RANDOM = re.compile(rb"(?:0x)?[0-9a-fA-F-]{8,}|0\.\d{6,}|\d{4,}")


def guess(difference: Difference, start: bytes, known: Known) -> Cause:
    """Return the likeliest cause; ``start`` are the first bytes of the file that differs."""
    if difference.reordered:
        return ORDER
    one, other = difference.sides
    if difference.offset is not None and _in_header(start, difference.offset):
        return FILE_TIME
    tests: tuple[tuple[Callable[[], bool], Cause], ...] = (
        (lambda: b"FAKETIME" in other or b"LD_PRELOAD" in other, ENVIRONMENT),
        (lambda: bool(_RELEASE.search(other)) and not _RELEASE.search(one), KERNEL),
        (lambda: _told(one, other, known.processors), PROCESSORS),
        (lambda: _changed(_TEMPORARY, one, other), TEMPORARY),
        (lambda: _changed(_DATES, one, other) or _changed(_SECONDS, one, other), TIME),
        (lambda: _changed(_RANDOM, one, other), RANDOM),
    )
    return next((cause for holds, cause in tests if holds()), UNKNOWN)


def _in_header(start: bytes, offset: int) -> bool:
    """Whether an archive that starts so may have a time at ``offset``: a gzip in its head, others in many places."""
    if start.startswith(b"\x1f\x8b"):
        return 4 <= offset < 8
    if start[257:262] == b"ustar":
        return 136 <= offset % 512 < 156
    return start.startswith(_ARCHIVES)


def _told(one: bytes, other: bytes, numbers: tuple[int, int]) -> bool:
    """Whether the first words that differ do so in nothing but the one number here and the other one there."""
    pairs = zip(_WORD.findall(one), _WORD.findall(other), strict=False)
    left, right = next(((left, right) for left, right in pairs if left != right), (b"", b""))
    here, there = numbers
    found = re.finditer(rb"(?<!\d)%d(?!\d)" % here, left)
    return any(left[: match.start()] + b"%d" % there + left[match.end() :] == right for match in found)


def _changed(pattern: re.Pattern[bytes], one: bytes, other: bytes) -> bool:
    """Whether what matches is on both sides, and not the same."""
    found = pattern.findall(one), pattern.findall(other)
    return bool(found[0] and found[1]) and found[0] != found[1]
