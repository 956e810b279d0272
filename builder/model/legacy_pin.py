"""Pins as the templates of a ``meta.yaml`` write them: conda-build's arguments, and its arithmetic of versions.

It counts pieces where `builder.model.pin` counts segments: ``1.0.2n`` has four. Where conda-build writes what no
version can be (``>=1.2.3rc.1`` for ``1.2.3rc1``, nothing of an epoch), or stops, this writes what was meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from builder.model.frozen import frozen
from builder.model.pin import DEFAULT_LOWER, DEFAULT_UPPER, Pin
from builder.model.version import Version


@frozen
class LegacyPin:
    """How to pin: ``min_pin`` and ``max_pin`` say how many pieces of the version count, by their dots; None for none.

    ``lower_bound`` stands in the place of the version that was found, ``upper_bound`` is the upper bound as it is.
    ``exact`` asks for one version and build; ``build`` is a glob over build strings that stands behind the pin.
    """

    min_pin: str | None = DEFAULT_LOWER
    max_pin: str | None = DEFAULT_UPPER
    lower_bound: str | None = None
    upper_bound: str | None = None
    exact: bool = False
    build: str | None = None

    @property
    def words(self) -> str:
        """The bounds, for people and for recipe keys."""
        return f"{self.min_pin} to {self.max_pin}"

    def spec(self, name: str, version: str, build_string: str) -> str:
        """Return the spec that pins ``name``, found at ``version`` and ``build_string``, in conda-build's words.

        Raises ValueError for a bound that is no version.
        """
        if self.exact:
            return f"{name} {version} {build_string}"
        bounds = ",".join(self._bounds(self.lower_bound or version))
        if not bounds and not self.build:
            return name
        return " ".join([name, bounds or "*", *([self.build] if self.build else [])])

    def _bounds(self, text: str) -> Iterator[str]:
        version = Version.parse(text)
        if self.upper_bound:
            if self.min_pin or self.lower_bound:
                yield f">={text}"
            yield f"<{self.upper_bound}"
            return
        if self.min_pin:
            lower = _cut(version, _count(self.min_pin))
            yield f">={text if version < Version.parse(lower) else lower}"
        if self.max_pin:
            yield f"<{_raised(version, _count(self.max_pin))}"


AnyPin = Pin | LegacyPin
"""A pin of either format of recipes."""

_Piece = int | str


def _count(expression: str) -> int:
    return expression.count(".") + 1


def _segments(version: Version) -> list[list[_Piece]]:
    """Return the pieces of each segment; one that starts with a word has a zero before it."""
    return [[0, *parts] if isinstance(parts[0], str) else list(parts) for _, parts in version.segments]


def _cut(version: Version, count: int) -> str:
    """Return the first ``count`` pieces of a version."""
    return _written(version, list(_first(_segments(version), count)))


def _first(segments: Sequence[Sequence[_Piece]], count: int) -> Iterator[list[_Piece]]:
    for pieces in segments:
        if count > 0:
            yield list(pieces[:count])
        count -= len(pieces)


def _raised(version: Version, count: int) -> str:
    """Return the first ``count`` pieces with the last of them one higher.

    A number becomes the first pre-release of the next one, ``a`` where a word follows; of a letter the next one is
    taken. For other words it is the number before them that is raised.
    """
    segments = _segments(version)
    count = min(count, sum(map(len, segments)))
    kept = list(_first(segments, count))
    last = kept[-1][-1]
    if isinstance(last, str):
        if len(last) == 1 and last < "z":
            kept[-1][-1] = chr(ord(last) + 1)
            return _written(version, kept)
        return _raised(version, count - 1)
    pieces = segments[len(kept) - 1]
    place = len(kept[-1])
    word_follows = place < len(pieces) and isinstance(pieces[place], str)
    kept[-1][-1] = f"{last + 1}{'a' if word_follows else '.0a0'}"
    return _written(version, kept)


def _written(version: Version, segments: Sequence[Sequence[_Piece]]) -> str:
    epoch = f"{version.epoch}!" if version.epoch else ""
    return epoch + ".".join("".join(map(str, pieces)) for pieces in segments)
