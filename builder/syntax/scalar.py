"""The few conversions of YAML text to values, each asked for by name: nothing becomes a float, a date or `no` = false.

A plain scalar may be a truth value (``true``, ``True``, ``TRUE`` and their opposites) or a decimal integer of 64 bits;
everything else, and everything in quotes, stays text (rattler-build 0.73; a subset of the core schema of YAML 1.2).
"""

from __future__ import annotations

import math
import re

from builder.syntax.node import Scalar

_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,30}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,30}\.[0-9]{0,30}|\.[0-9]{1,30}|[0-9]{1,30}(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?")


def as_bool(text: str) -> bool | None:
    """Return the truth value that ``text`` spells, None if it spells none."""
    return _TRUTH.get(text)


def as_int(text: str) -> int | None:
    """Return the decimal integer that ``text`` spells, None if it spells none or one beyond 64 bits."""
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if -(1 << 63) <= number < 1 << 63 else None


def as_float(text: str) -> float | None:
    """Return the decimal fraction that ``text`` spells, None if it spells none or one that is too large for a float."""
    number = float(text) if _FLOAT.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def coerced(scalar: Scalar) -> str | int | bool:
    """Return what a scalar of no declared type is: truth value, integer or text."""
    if not scalar.plain:
        return scalar.text
    truth = as_bool(scalar.text)
    if truth is not None:
        return truth
    number = as_int(scalar.text)
    return scalar.text if number is None else number
