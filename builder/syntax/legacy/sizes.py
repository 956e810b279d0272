"""How large what filters, methods and operators of templates make can be, known before they make it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from builder.syntax.legacy.bounds import MAX_VALUE, formatted, joined, power, product, replaced, total, widest, written

Given = Mapping[str, Any]
"""The arguments of a filter by their names."""

BINARY: Mapping[str, Callable[[Any, Any], int]] = {"+": total, "*": product, "**": power, "%": formatted}

METHODS: Mapping[str, Callable[..., int]] = {
    "center": lambda text, width, *_: len(text) + widest(width),
    "format": lambda text, *arguments, **named: formatted(text, *arguments, *named.values()),
    "join": joined,
    "ljust": lambda text, width, *_: len(text) + widest(width),
    "replace": replaced,
    "rjust": lambda text, width, *_: len(text) + widest(width),
    "zfill": lambda text, width: len(text) + widest(width),
}
"""Methods of text."""

_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "batch": ("value", "linecount"),
    "center": ("value", "width"),
    "indent": ("value", "width"),
    "join": ("value", "d"),
    "replace": ("value", "old", "new"),
    "round": ("value", "precision"),
    "slice": ("value", "slices"),
    "sum": ("value", "attribute", "start"),
    "tojson": ("value", "indent"),
    "truncate": ("value", "length", "killwords", "end"),
    "wordwrap": ("value", "width", "break_long_words", "wrapstring"),
}
"""Jinja's names of those parameters of filters that matter here; the first is always the value."""


def _indented(given: Given) -> int:
    width = given.get("width", 4)
    lines = str(given["value"]).count("\n") + 1
    return written(given["value"]) + lines * (widest(width) if isinstance(width, int) else written(width))


_FILTERS: Mapping[str, Callable[[Given], int]] = {
    "batch": lambda given: widest(given.get("linecount")),
    "center": lambda given: written(given["value"]) + widest(given.get("width", 80)),
    "e": lambda given: 6 * written(given["value"]),
    "escape": lambda given: 6 * written(given["value"]),
    "forceescape": lambda given: 6 * written(given["value"]),
    "indent": _indented,
    "join": lambda given: joined(given.get("d", ""), given["value"]),
    "pprint": lambda given: 4 * written(given["value"]),
    "replace": lambda given: replaced(given["value"], given.get("old", ""), given.get("new", "")),
    "round": lambda given: widest(given.get("precision", 0)),
    "slice": lambda given: widest(given.get("slices")),
    "string": lambda given: written(given["value"]),
    "sum": lambda given: MAX_VALUE + 1 if isinstance(given.get("start"), list | tuple | str) else 0,
    "tojson": lambda given: written(given["value"]) * (6 + widest(given.get("indent"))),
    "truncate": lambda given: written(given["value"]) + written(given.get("end")),
    "urlencode": lambda given: 12 * written(given["value"]),
    "wordwrap": lambda given: written(given["value"]) * (1 + written(given.get("wrapstring") or "\n")),
}


def filtered(name: str, arguments: tuple[Any, ...], named: Given) -> int:
    """Return how large the result of a filter is, at most; 0 for one that makes nothing larger than its value."""
    if name == "format":
        return formatted(*arguments, *named.values())
    if name not in _FILTERS:
        return 0
    parameters = _PARAMETERS.get(name, ("value",))
    return _FILTERS[name]({**dict(zip(parameters, arguments, strict=False)), **named})
