"""How much a template may do: steps of loops and macros, and characters or items of the values that it makes.

Counted, not timed, so that a recipe that renders here renders everywhere. Whatever could make a large value out of
small ones says how large before it is made.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

from jinja2.exceptions import SecurityError

MAX_VALUE = 64 * 1024
"""Characters or items of a value that an operator, a filter or a method makes, and binary digits of a number."""

MAX_MADE = 4 << 20
"""Characters and items of all such values of one rendering; the largest recipes of conda-forge make some 20,000."""

MAX_STEPS = 500_000
"""Parts of a template that loops and macros of one rendering go through."""

_WIDEST = 999
"""The largest width, count or precision that a filter or a format is given."""

_UNITS = 16
"""Characters or items that are looked at in the time of one step."""

_NESTED = re.compile(r"\{[^{}]*\{")
_ELSEWHERE = re.compile(r"%[^a-zA-Z%]*\*")
_LONG_NUMBER = re.compile(r"[0-9]{4}")


class Meter:
    """What one rendering has left; `SecurityError` ends it."""

    def __init__(self) -> None:
        """Begin with all of it."""
        self.restart()

    def restart(self) -> None:
        """Begin another rendering."""
        self._steps = MAX_STEPS
        self._made = MAX_MADE

    def step(self, count: int) -> None:
        """Take ``count`` steps."""
        self._steps -= count
        if self._steps < 0:
            raise SecurityError(f"its loops and macros take more than {MAX_STEPS:,} steps")

    def weigh(self, *values: Any) -> None:
        """Take as many steps as it takes to look at ``values``."""
        self.step(1 + sum(map(written, values)) // _UNITS)

    def allow(self, what: str, length: int) -> None:
        """Refuse a value that ``what`` would make of ``length`` characters, items or digits."""
        if length > MAX_VALUE:
            raise SecurityError(f"the result of `{what}` would be too large")

    def made(self, value: Any) -> Any:
        """Count a value that was made, and return it."""
        self._made -= size(value)
        if self._made < 0:
            raise SecurityError(f"it makes values of more than {MAX_MADE:,} characters and items")
        return value

    def shown(self, value: Any) -> Any:
        """Return a value that is to be written; lists of long texts have a length as text."""
        if isinstance(value, list | tuple | dict):
            self.allow("{{ … }}", written(value))
        return value

    def joined(self, pieces: Sequence[str]) -> str:
        """Return the text of a block or macro, which may be as long as all values together."""
        made: str = self.made("".join(pieces))
        return made


def size(value: Any) -> int:
    """Return the characters or items of a value, 0 for what has neither."""
    return len(value) if isinstance(value, str | bytes | list | tuple | dict | range | set | frozenset) else 0


def digits(value: Any) -> int:
    """Return the binary digits of a whole number."""
    return value.bit_length() if isinstance(value, int) else 0


def product(left: Any, right: Any) -> int:
    """Return the size of ``left * right``."""
    for value, times in ((left, right), (right, left)):
        if isinstance(value, str | list | tuple) and isinstance(times, int):
            return len(value) * max(times, 0)
    return digits(left) + digits(right)


def power(left: Any, right: Any) -> int:
    """Return the size of ``left ** right``."""
    return digits(left) * int(max(right, 0)) if isinstance(right, int) else 0


def total(left: Any, right: Any) -> int:
    """Return the size of ``left + right``."""
    return size(left) + size(right)


def written(value: Any, most: int = MAX_STEPS * _UNITS) -> int:
    """Return about how many characters a value has as text; it stops counting at ``most``."""
    if isinstance(value, str | bytes | range):
        return len(value)
    if isinstance(value, dict):
        value = itertools.chain.from_iterable(value.items())
    elif not isinstance(value, list | tuple | set | frozenset):
        return 0
    found = 0
    for one in value:
        found += 2 + written(one, most - found)
        if found >= most:
            break
    return found


def formatted(text: Any, *arguments: Any) -> int:
    """Return the size of a text that is made with ``%`` or ``format``, in which a width has three digits at most."""
    if not isinstance(text, str):
        return 0
    plain = text.replace("{{", "").replace("}}", "")
    if _LONG_NUMBER.search(text) or _NESTED.search(plain) or _ELSEWHERE.search(text):
        return MAX_VALUE + 1
    largest = max(map(written, arguments), default=0)
    return len(text) + (text.count("%") + text.count("{")) * (_WIDEST + largest)


def replaced(text: Any, old: Any, new: Any, *_: Any) -> int:
    """Return the size of ``text`` with ``new`` wherever it has ``old``."""
    return len(str(text)) + str(text).count(str(old)) * len(str(new))


def joined(separator: Any, values: Any) -> int:
    """Return the size of the text of ``values`` with ``separator`` between them."""
    return written(values) + size(values) * size(separator)


def widest(width: Any) -> int:
    """Return a width, count or precision, which has three digits at most."""
    return MAX_VALUE + 1 if isinstance(width, int) and abs(width) > _WIDEST else width if isinstance(width, int) else 0
