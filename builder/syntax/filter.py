"""The filters of recipe expressions: those of CEP 39, with the arguments and edge cases of rattler-build 0.73."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from builder.syntax.operator import order
from builder.syntax.value import (
    MAX_ITEMS,
    Arguments,
    ExpressionError,
    Undefined,
    Value,
    capped_length,
    kind_of,
    text_of,
    truth,
    weighed,
)

Filter = Callable[[Value, Arguments], Value]

_NUMBER = re.compile(r"(?i)[-+]?(?:(?:[0-9]{1,99}(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9]{1,3})?|inf|infinity|nan)")
_LARGEST = (1 << 127) - 1


def _items(value: Value, *, nothing: bool = False) -> tuple[Value, ...]:
    """Return what a list, text or mapping consists of; where ``nothing`` may stand too, ``none`` has no items."""
    match value:
        case tuple():
            return value
        case str():
            return tuple(value)
        case Undefined():
            raise value.refuse()
        case Mapping():
            return tuple(value)
        case None if nothing:
            return ()
        case _:
            raise ExpressionError(f"this is {kind_of(value)}, not a list")


def _lower(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    return text_of(value).lower()


def _upper(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    return text_of(value).upper()


def _trim(value: Value, arguments: Arguments) -> Value:
    chars = arguments.take("chars").get("chars")
    return text_of(value).strip(None if chars is None else text_of(chars))


def _replace(value: Value, arguments: Arguments) -> Value:
    given = arguments.take("old", "new", required=2)
    text, old, new = text_of(value), text_of(given["old"]), text_of(given["new"])
    capped_length(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _split(value: Value, arguments: Arguments) -> Value:
    given = arguments.take("separator", "maxsplit")
    separator, limit = given.get("separator"), given.get("maxsplit")
    if not isinstance(value, str):
        raise value.refuse() if isinstance(value, Undefined) else ExpressionError(f"this is {kind_of(value)}, not text")
    if separator == "":
        return weighed(("", *value, ""))  # between all characters, before and after them too
    count = limit if isinstance(limit, int) else -1
    return weighed(tuple(value.split(None if separator is None else text_of(separator), count)))


def _join(value: Value, arguments: Arguments) -> Value:
    separator = text_of(arguments.take("separator").get("separator", ""))
    texts = [text_of(item) for item in _items(value, nothing=True)]
    capped_length(sum(map(len, texts)) + len(separator) * max(len(texts) - 1, 0))
    return separator.join(texts)


def _int(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    match value:
        case None:
            return 0
        case int():
            return int(value)
        case float():
            return _whole(value)
        case str() if _NUMBER.fullmatch(value):
            return _clamped(int(value)) if value.lstrip("+-").isdigit() else _whole(float(value))
        case Undefined():
            raise value.refuse()
        case _:
            raise ExpressionError(f"{text_of(value)!r} is no number")


def _whole(number: float) -> int:
    """Cut a float to an integer of 128 bits, the nearest one where it has none of that size."""
    if math.isnan(number):
        return 0
    return _clamped(int(number)) if math.isfinite(number) else _LARGEST if number > 0 else -_LARGEST - 1


def _clamped(number: int) -> int:
    return max(-_LARGEST - 1, min(number, _LARGEST))


def _abs(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"abs needs a number, this is {kind_of(value)}")
    return abs(value)


def _bool(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    return truth(value)


def _default(value: Value, arguments: Arguments) -> Value:
    given = arguments.take("default", "boolean")
    otherwise = given.get("default", "")
    if isinstance(value, Undefined) or (truth(given.get("boolean", False)) and not truth(value)):
        return otherwise
    return value


def _first(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    items = _items(value)
    return items[0] if items else Undefined("the first item of an empty list")


def _last(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    if isinstance(value, Mapping):
        raise ExpressionError("a mapping has no last item")
    items = _items(value)
    return items[-1] if items else Undefined("the last item of an empty list")


def _length(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    return len(value) if isinstance(value, Mapping) else len(_items(value))


def _list(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    return weighed(_items(value, nothing=True))


def _min(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    return min(_items(value, nothing=True), key=order, default=Undefined("the smallest item of an empty list"))


def _max(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    return max(_items(value, nothing=True), key=order, default=Undefined("the largest item of an empty list"))


def _reverse(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    return value[::-1] if isinstance(value, str) else None if value is None else _items(value)[::-1]


def _folded(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else value


def _sort(value: Value, arguments: Arguments) -> Value:
    given = arguments.take("reverse", "case_sensitive")
    exact = truth(given.get("case_sensitive", False))
    items = sorted(_items(value, nothing=True), key=lambda item: order(item if exact else _folded(item)))
    return tuple(reversed(items)) if truth(given.get("reverse", False)) else tuple(items)


def _unique(value: Value, arguments: Arguments) -> Value:
    exact = truth(arguments.take("case_sensitive").get("case_sensitive", False))
    kept: dict[object, Value] = {}
    for item in _items(value, nothing=True):
        kept.setdefault(order(item if exact else _folded(item)), item)
    return tuple(kept.values())


def _count(given: Mapping[str, Value]) -> int:
    count = given["count"]
    if not isinstance(count, int) or not 0 < count <= MAX_ITEMS:
        raise ExpressionError("the number of items must be a whole number above 0")
    return count


def _filled(items: Sequence[Value], size: int, given: Mapping[str, Value]) -> Value:
    missing = size - len(items) if "fill_with" in given else 0
    return (*items, *[given["fill_with"]] * missing) if missing > 0 else tuple(items)


def _slice(value: Value, arguments: Arguments) -> Value:
    given = arguments.take("count", "fill_with", required=1)
    items, count = _items(value), _count(given)
    base, longer = divmod(len(items), count)
    starts = [index * base + min(index, longer) for index in range(count + 1)]
    size = base + bool(longer)
    return weighed(tuple(_filled(items[a:b], size, given) for a, b in pairwise(starts)))


def _batch(value: Value, arguments: Arguments) -> Value:
    given = arguments.take("count", "fill_with", required=1)
    items, count = _items(value), _count(given)
    rows = [items[start : start + count] for start in range(0, len(items), count)]
    return weighed(tuple(_filled(row, count, given) for row in rows))


def _version_to_buildstring(value: Value, arguments: Arguments) -> Value:
    arguments.take()
    words = text_of(value).split()
    return "".join(words[0].split(".")[:2] if words else []).replace("*", "")


FILTERS: Mapping[str, Filter] = {
    "abs": _abs,
    "batch": _batch,
    "bool": _bool,
    "default": _default,
    "first": _first,
    "int": _int,
    "join": _join,
    "last": _last,
    "length": _length,
    "list": _list,
    "lower": _lower,
    "max": _max,
    "min": _min,
    "replace": _replace,
    "reverse": _reverse,
    "slice": _slice,
    "sort": _sort,
    "split": _split,
    "trim": _trim,
    "unique": _unique,
    "upper": _upper,
    "version_to_buildstring": _version_to_buildstring,
}
