"""Versions: parsing, order and arithmetic of conda's version literals (CEP 33).

Order and equality are rattler's, which are the CEP's. Where the two part, the CEP is followed: an underscore that ends
a version belongs to the letters before it (``1.1a_ > 1.1a``), and empty segments (``1__``, ``1.-``) are refused.
"""

from __future__ import annotations

import re
from dataclasses import field

from builder.model.frozen import frozen

MAX_LENGTH = 1024
"""Longer texts are refused unread; the version of a package that we make has 64 at most (`builder.model.name`)."""

Component = int | str
Segment = tuple[str, tuple[Component, ...]]
"""The separator before it (empty for the first), and its runs of digits and of lower-case letters as written."""

_PART = r"[0-9a-z]+(?:[._-][0-9a-z]+)*[_-]?"
_LITERAL = re.compile(rf"(?:([0-9]+)!)?({_PART})(?:\+({_PART}))?")
_SEPARATOR = re.compile(r"([._-])")
_RUN = re.compile(r"[0-9]+|[a-z]+")

_Pair = tuple[int, int, str]
_SegmentKey = tuple[_Pair, ...]
_PartKey = tuple[tuple[int, int, _SegmentKey], ...]

_RANK = {"dev": 0, "post": 3}
_WORD, _NO_WORD = 1, 2
_FILL: _Pair = (0, _NO_WORD, "")
_ZERO: _SegmentKey = (_FILL,)


@frozen(eq=False)
class Version:
    """A version: equal and ordered by its meaning (``1.0 == 1``), while ``text`` keeps what was written.

    ``str()`` is the normal form that rattler writes: lower case, no leading zeros, the separators as they were.
    """

    text: str
    epoch: int | None
    segments: tuple[Segment, ...]
    local: tuple[Segment, ...]
    key: tuple[int, _PartKey, _PartKey] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read a version; ValueError says what is wrong with it."""
        found = _LITERAL.fullmatch(text.lower()) if len(text) <= MAX_LENGTH and text.isascii() else None
        if found is None or ("-" in text and "_" in text):
            raise ValueError(f"{shortened(text)!r} is not a version: {_trouble(text)}")
        epoch, main, local = found.groups()
        return _made(None if epoch is None else int(epoch), _split(main), _split(local) if local else (), text)

    def __str__(self) -> str:
        return _written(self.epoch, self.segments, self.local)

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, Version) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __lt__(self, other: Version) -> bool:
        return self.key < other.key

    def __le__(self, other: Version) -> bool:
        return self.key <= other.key

    def __gt__(self, other: Version) -> bool:
        return self.key > other.key

    def __ge__(self, other: Version) -> bool:
        return self.key >= other.key

    def starts_with(self, start: Version) -> bool:
        """Whether the segments of ``start`` lead this version: ``1.2.3``, ``1.2`` and ``1.2a`` start with ``1.2``."""
        return self._same_line(start, start.segments)

    def compatible_with(self, floor: Version) -> bool:
        """Whether this is at least ``floor`` and starts with all of it but the last segment (``~=``)."""
        return self >= floor and self._same_line(floor, floor.segments[:-1])

    def _same_line(self, other: Version, start: tuple[Segment, ...]) -> bool:
        return (
            (self.epoch or 0) == (other.epoch or 0) and _leads(start, self.segments) and _leads(other.local, self.local)
        )

    def with_segments(self, count: int) -> Version:
        """Return this version cut after ``count`` segments (at least one); epoch and local part stay."""
        if count < 1:
            raise ValueError("a version has at least one segment")
        return _made(self.epoch, self.segments[:count], self.local)

    def without_local(self) -> Version:
        """Return this version without its local part."""
        return _made(self.epoch, self.segments, ())

    def bump(self, count: int) -> Version:
        """Return the version whose segment number ``count`` (from 1) is one more, filled up with zeros if shorter.

        The segment's last number grows and its last word becomes ``a``: ``9d`` becomes ``10a``, ``1.1`` bumped at 3
        becomes ``1.1.1``; ``dev`` and ``post`` stay.
        """
        if count < 1:
            raise ValueError("segments are counted from 1")
        missing = count - len(self.segments)
        segments = [*self.segments, *[(".", (0,))] * missing]
        separator, parts = segments[count - 1]
        segments[count - 1] = (separator, _grown(parts))
        return _made(self.epoch, tuple(segments), self.local)

    def with_alpha(self) -> Version:
        """Return this version's first pre-release (``.0a0`` is added), or itself if its last segment has a word."""
        if any(_is_word(part) for part in self.segments[-1][1]):
            return self
        return _made(self.epoch, (*self.segments, (".", (0, "a", 0))), self.local)


def shortened(text: str) -> str:
    """Return ``text`` fit for a message: hostile input may be very long."""
    return text if len(text) <= 80 else f"{text[:77]}..."


def _made(
    epoch: int | None, segments: tuple[Segment, ...], local: tuple[Segment, ...], text: str | None = None
) -> Version:
    return Version(
        text=_written(epoch, segments, local) if text is None else text,
        epoch=epoch,
        segments=segments,
        local=local,
        key=(epoch or 0, _part_key(segments), _part_key(local)),
    )


def _split(text: str) -> tuple[Segment, ...]:
    """Split one part of a version, known to be well formed, into its segments."""
    ends_open = text[-1] in "_-"
    pieces = _SEPARATOR.split(text[:-1] if ends_open else text)
    segments = [
        (pieces[at - 1] if at else "", (int(pieces[at]),) if pieces[at].isdecimal() else _runs(pieces[at]))
        for at in range(0, len(pieces), 2)
    ]
    if ends_open:
        separator, parts = segments[-1]
        last = parts[-1]
        segments[-1] = (separator, (*parts[:-1], last + "_") if isinstance(last, str) else (*parts, "_"))
    return tuple(segments)


def _runs(piece: str) -> tuple[Component, ...]:
    return tuple(int(run) if run.isdecimal() else run for run in _RUN.findall(piece))


def _written(epoch: int | None, segments: tuple[Segment, ...], local: tuple[Segment, ...]) -> str:
    main, rest = (
        "".join(separator + "".join(map(str, parts)) for separator, parts in part) for part in (segments, local)
    )
    return f"{'' if epoch is None else f'{epoch}!'}{main}{'+' if local else ''}{rest}"


def _part_key(segments: tuple[Segment, ...]) -> _PartKey:
    """Return a tuple that orders like the segments with endless zeros behind them.

    A segment that is not zero stands with the number of zero segments before it: ``1.0.rc`` is nearer to ``1`` than
    ``1.rc`` is, from below, and ``1.0.1`` nearer than ``1.1``, from above.
    """
    key, zeros = list[tuple[int, int, _SegmentKey]](), 0
    for _, parts in segments:
        segment = _segment_key(parts)
        if segment == _ZERO:
            zeros += 1
            continue
        key.append((-1, zeros, segment) if segment < _ZERO else (1, -zeros, segment))
        zeros = 0
    key.append((0, 0, ()))
    return tuple(key)


def _segment_key(parts: tuple[Component, ...]) -> _SegmentKey:
    """Return the segment as pairs of a number and the word after it, ended by the zero that stands for all others."""
    pairs, number = list[_Pair](), 0
    for part in parts:
        if isinstance(part, int):
            number = part
        else:
            pairs.append((number, _RANK.get(part, _WORD), part))
            number = 0
    if number:
        pairs.append((number, _NO_WORD, ""))
    pairs.append(_FILL)
    return tuple(pairs)


def _leads(start: tuple[Segment, ...], whole: tuple[Segment, ...]) -> bool:
    """Whether ``start`` is how ``whole`` begins; zeros at the end of ``start`` may be missing in ``whole``."""
    for at, (_, wanted) in enumerate(start):
        if at >= len(whole):
            if any(wanted):
                return False
            continue
        asked, found = _from_number(wanted), _from_number(whole[at][1])
        common = min(len(asked), len(found))
        more_follows = at + 1 < min(len(start), len(whole))
        if asked[:common] != found[:common] or any(asked[common:]) or (more_follows and len(found) > common):
            return False
    return True


def _from_number(parts: tuple[Component, ...]) -> tuple[Component, ...]:
    return (0, *parts) if isinstance(parts[0], str) else parts


def _grown(parts: tuple[Component, ...]) -> tuple[Component, ...]:
    """Return a segment's parts with the last number one higher and the last word turned into ``a``."""
    numbers = [at for at, part in enumerate(parts) if isinstance(part, int)]
    if not numbers:
        return _grown((0, *parts))
    words = [at for at, part in enumerate(parts) if _is_word(part)]
    grown = list(parts)
    grown[numbers[-1]] = int(parts[numbers[-1]]) + 1
    if words:
        grown[words[-1]] = "a"
    return tuple(grown)


def _is_word(part: Component) -> bool:
    return isinstance(part, str) and part not in {"dev", "post", "_"}


def _trouble(text: str) -> str:
    if not text:
        return "it is empty"
    if len(text) > MAX_LENGTH:
        return f"it has more than {MAX_LENGTH} characters"
    strange = sorted({sign for sign in text if not (sign.isascii() and sign.isalnum()) and sign not in "._-!+"})
    if strange:
        return f"it may not hold {' '.join(repr(sign) for sign in strange[:5])}"
    if "-" in text and "_" in text:
        return "it mixes '-' and '_'"
    if text.count("!") > 1 or text.count("+") > 1:
        return "it has more than one epoch or local part"
    return "a segment is empty, or the epoch is not a number"
