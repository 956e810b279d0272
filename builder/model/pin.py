"""Pins: a range of versions (or one exact build) derived from a version that is known only after a solve or a rendering.

The rules are those of CEP 39's ``pin_subpackage`` and ``pin_compatible``, with rattler-build's ``build`` beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_LOWER = "x.x.x.x.x.x"
DEFAULT_UPPER = "x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """How to pin: a bound is an expression of ``x`` and dots (how many segments count), a version, or None for no bound.

    ``exact`` asks for one version and build; ``build`` is a glob over build strings.
    """

    lower_bound: str | None = DEFAULT_LOWER
    upper_bound: str | None = DEFAULT_UPPER
    exact: bool = False
    build: str | None = None
