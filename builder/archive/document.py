"""Reading the JSON files of a package so that every reader takes them the same, or not at all.

Python's own reader is kinder than others: of two equal keys it takes the last, it knows NaN, reads UTF-16, and takes
half a sign for a whole one. What it lets through would go from ``index.json`` into a channel's index, which no other
tool could read then.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from builder.archive.member import MalformedError

Json = dict[str, Any]

_DEEPEST = 64
_LARGEST = 64 << 20
_MOST_VALUES = 1_500_000  # a tenth of a kilobyte of memory each; 200,000 paths have so many
_UNCOUNTED = 1 << 20


def parsed(name: str, data: bytes) -> object:
    """Return the value that the JSON file ``name`` says.

    Raises:
        MalformedError: no JSON (RFC 8259, in UTF-8), a key that stands twice, a number that is none or has no end, more
            than 64 levels, 64 MiB or 1,500,000 values.
    """
    if len(data) > _LARGEST:
        raise MalformedError(f"{name} has more than {_LARGEST:,} bytes")
    if len(data) > _UNCOUNTED and sum(map(data.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise MalformedError(f"{name} has more than {_MOST_VALUES:,} values")
    try:
        text = data.decode("utf-8")
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite)
        if "\\" in text and ("\\ud" in text or "\\uD" in text):  # most have none, and one letter is found at once
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"{name} is no JSON: {_reason(error)}") from error
    if _is_deep(found):
        raise MalformedError(f"{name} is nested more than {_DEEPEST} levels deep")
    return found


def parsed_object(name: str, data: bytes) -> Json:
    """Return the JSON object in the file ``name``; `MalformedError` where it holds anything else."""
    found = parsed(name, data)
    if not isinstance(found, dict):
        raise MalformedError(f"{name} is no object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen = set[str]()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:80]!r} stands twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(f"{text[:20]} is too large")
    return number


def _reason(error: Exception) -> str:
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)


def _is_deep(found: object) -> bool:
    """Whether lists and objects lie in each other deeper than allowed; level by level, without recursion."""
    level = [found]
    for _ in range(_DEEPEST):
        if not level:
            return False
        level = [
            value
            for outer in level
            for value in (outer.values() if type(outer) is dict else outer if type(outer) is list else ())
            if type(value) is dict or type(value) is list
        ]
    return bool(level)
