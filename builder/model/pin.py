"""Pins: a range of versions (or one exact build) derived from a version known only after a solve or a rendering.

The rules are those of CEP 39's ``pin_subpackage`` and ``pin_compatible``, with rattler-build's ``build`` beside them.
"""

from __future__ import annotations

import re

from builder.model.frozen import frozen
from builder.model.version import Version

DEFAULT_LOWER = "x.x.x.x.x.x"
DEFAULT_UPPER = "x"

_EXPRESSION = re.compile(r"x(\.x)*")
_LIKE_EXPRESSION = frozenset("x.")


@frozen
class Pin:
    """How to pin: a bound is an expression of ``x`` and dots (how many segments count), a version, or None.

    ``exact`` asks for one version and build; ``build`` is a glob over build strings. ValueError when a bound is neither
    an expression nor a version, or when ``exact`` comes with ``build``.
    """

    lower_bound: str | None = DEFAULT_LOWER
    upper_bound: str | None = DEFAULT_UPPER
    exact: bool = False
    build: str | None = None

    def __post_init__(self) -> None:
        if self.exact and self.build is not None:
            raise ValueError("an exact pin names the build already: leave 'build' out")
        for bound in (self.lower_bound, self.upper_bound):
            if bound is not None:
                _segment_count(bound)

    @property
    def words(self) -> str:
        """The bounds, for people and for recipe keys."""
        return f"{self.lower_bound} to {self.upper_bound}"

    def spec(self, name: str, version: str, build_string: str) -> str:
        """Return the spec that pins ``name``, found at ``version`` and ``build_string``, in the form of `MatchSpec`.

        The lower bound is the version cut to the expression's length; the upper bound is cut, its last segment bumped,
        made a pre-release (``.0a0``) and freed of its local part; a literal bound stands as it is.
        """
        found = Version.parse(version)
        if self.exact:
            return f"{name} =={found} {build_string}"
        bounds = [
            *([f">={_lower(self.lower_bound, found)}"] if self.lower_bound is not None else []),
            *([f"<{_upper(self.upper_bound, found)}"] if self.upper_bound is not None else []),
        ]
        if not bounds and self.build is None:
            return name
        return " ".join([name, ",".join(bounds) or "*", *([self.build] if self.build is not None else [])])


def _segment_count(bound: str) -> int | None:
    """Return how many segments an expression keeps, None for a version."""
    if set(bound) <= _LIKE_EXPRESSION:
        if not _EXPRESSION.fullmatch(bound):
            raise ValueError(f"{bound!r} is not a pin expression: write 'x', 'x.x', 'x.x.x' …")
        return bound.count("x")
    Version.parse(bound)
    return None


def _lower(bound: str, found: Version) -> Version:
    count = _segment_count(bound)
    return Version.parse(bound) if count is None else found.with_segments(count)


def _upper(bound: str, found: Version) -> Version:
    count = _segment_count(bound)
    if count is None:
        return Version.parse(bound)
    return found.with_segments(count).bump(count).with_alpha().without_local()
