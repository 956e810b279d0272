"""The patterns of ``.gitignore`` files, as gitignore(5) and git's own wildmatch read them.

pathspec, the library for this, lets a pattern that matches a folder match all below it as well, which git does not:
with ``*.o`` and ``!keep/`` it would take ``keep/a.o``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from builder.model.frozen import frozen

_ANY_FOLDERS = None
"""Stands for ``**`` between slashes: any number of folders, none included."""

_CLASSES = {
    b"alnum": rb"0-9A-Za-z", b"alpha": rb"A-Za-z", b"blank": rb" \t", b"cntrl": rb"\x00-\x1f\x7f", b"digit": rb"0-9",
    b"graph": rb"!-~", b"lower": rb"a-z", b"print": rb" -~", b"punct": rb"!-/:-@\[-`{-~", b"space": rb" \t\n\r\f\v",
    b"upper": rb"A-Z", b"xdigit": rb"0-9A-Fa-f",
}  # fmt: skip
_NOTHING = re.compile(b"(?!)")

Segment = re.Pattern[bytes] | None


@frozen
class Rule:
    """One line: it takes paths out, or, ``negated``, in again; ``folders_only`` when it ends with a slash.

    ``segments`` are matched with the whole path, or when ``anywhere`` with its last part.
    """

    segments: tuple[Segment, ...]
    negated: bool
    folders_only: bool
    anywhere: bool

    def matches(self, path: Sequence[bytes], *, is_folder: bool) -> bool:
        """Whether the rule is about ``path`` (its parts from the file of rules on), not only about one above it."""
        if self.folders_only and not is_folder:
            return False
        return _fits(self.segments, path[-1:] if self.anywhere else path)


def parse_rule(line: bytes) -> Rule | None:
    """Return the rule that a line is, None for blank lines, comments, and patterns that can match nothing."""
    if line.startswith(b"#"):
        return None
    pattern = line.rstrip(b" ")
    if len(pattern) < len(line) and (len(pattern) - len(pattern.rstrip(b"\\"))) % 2:
        pattern += b" "  # it was escaped
    negated = pattern.startswith(b"!")
    pattern = pattern.removeprefix(b"!")
    folders_only = pattern.endswith(b"/")
    pattern = pattern.removesuffix(b"/")
    anywhere = b"/" not in pattern
    try:
        segments = tuple(_segments(pattern.removeprefix(b"/"), anywhere=anywhere))
    except ValueError:
        return None
    return Rule(segments=segments, negated=negated, folders_only=folders_only, anywhere=anywhere)


def _segments(pattern: bytes, *, anywhere: bool) -> Iterator[Segment]:
    parts = pattern.split(b"/")
    for number, part in enumerate(parts):
        if part == b"**" and not anywhere:
            yield _ANY_FOLDERS
            if number == len(parts) - 1:  # `a/**` is all below `a`, and not `a`
                yield re.compile(b"(?s:.+)")
        elif part:
            yield re.compile(_translated(part))
        else:
            raise ValueError("no name fits between two slashes")


def _fits(segments: tuple[Segment, ...], path: Sequence[bytes]) -> bool:
    """Match segments with the parts of a path; only the last ``**`` before a mismatch need take in more."""
    segment = part = 0
    retry: tuple[int, int] | None = None
    while part < len(path):
        here = segments[segment] if segment < len(segments) else _NOTHING
        if here is _ANY_FOLDERS:
            segment += 1
            retry = (segment, part)
        elif here.fullmatch(path[part]):
            segment, part = segment + 1, part + 1
        elif retry is not None:
            segment, part = retry[0], retry[1] + 1
            retry = (segment, part)
        else:
            return False
    return segment == len(segments)


def _translated(part: bytes) -> bytes:
    """Return the regular expression for a name; each star takes as little as it can, and never more on second thought.

    That is enough (as in `fnmatch`), and keeps the time linear whoever wrote the pattern.
    """
    chunks = [b""]
    at = 0
    while at < len(part):
        if part[at : at + 1] == b"*":
            at += 1
            if chunks[-1] or len(chunks) == 1:
                chunks.append(b"")
        else:
            one, at = _one(part, at)
            chunks[-1] += one
    first, *rest = chunks
    if not rest:
        return b"(?s:" + first + b")"
    middle = b"".join(b"(?>.*?" + chunk + b")" for chunk in rest[:-1])
    return b"(?s:" + first + middle + b".*" + rest[-1] + b")"


def _one(part: bytes, at: int) -> tuple[bytes, int]:
    """Return the regular expression for the single byte that the pattern has at ``at``, and where the next begins."""
    sign = part[at : at + 1]
    if sign == b"?":
        return b".", at + 1
    if sign == b"[":
        return _set(part, at + 1)
    if sign == b"\\":
        at += 1
        if at == len(part):
            raise ValueError("a backslash at the end escapes nothing")
    return re.escape(part[at : at + 1]), at + 1


def _set(part: bytes, at: int) -> tuple[bytes, int]:
    negated = part[at : at + 1] in {b"!", b"^"}
    at += negated
    start, inner = at, b""
    while at == start or part[at : at + 1] != b"]":
        if part[at : at + 2] == b"[:" and (end := part.find(b":]", at + 2)) >= 0:
            name = part[at + 2 : end]
            if name not in _CLASSES:
                raise ValueError("there is no such class")
            inner, at = inner + _CLASSES[name], end + 2
            continue
        first, at = _member(part, at)
        last = first
        if part[at : at + 1] == b"-" and part[at + 1 : at + 2] not in {b"]", b""}:
            last, at = _member(part, at + 1)
        if first <= last:
            inner += re.escape(first) + b"-" + re.escape(last)
    if not inner:
        return (b"." if negated else b"(?!)"), at + 1
    return b"[" + (b"^" if negated else b"") + inner + b"]", at + 1


def _member(part: bytes, at: int) -> tuple[bytes, int]:
    at += part[at : at + 1] == b"\\"
    if at >= len(part):
        raise ValueError("a set that does not end")
    return part[at : at + 1], at + 1
