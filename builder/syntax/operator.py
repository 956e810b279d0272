"""What the operators of expressions do, with a guard on everything that could grow.

Numbers are integers of 128 bits and floats; the rules are those of rattler-build 0.73 (Euclidean ``//`` and ``%``, no
``+`` between text and numbers, values of different kinds are ordered by kind).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from builder.syntax.value import (
    MAX_ITEMS,
    MAX_TEXT,
    ExpressionError,
    Function,
    Namespace,
    Undefined,
    Value,
    capped,
    kind_of,
    text_of,
    weighed,
)

_INTEGER_BITS = 127
_MAX_EXPONENT = 128


def concatenate(values: list[Value]) -> Value:
    """``~``: the values' texts one after the other."""
    return capped("".join([text_of(value) for value in values]))


def add(left: Value, right: Value) -> Value:
    """``+`` of numbers, of texts, or of lists."""
    if isinstance(left, str) and isinstance(right, str):
        return capped(left + right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return weighed(left + right)
    return _arithmetic("+", lambda a, b: a + b, left, right)


def subtract(left: Value, right: Value) -> Value:
    """``-`` of numbers."""
    return _arithmetic("-", lambda a, b: a - b, left, right)


def multiply(left: Value, right: Value) -> Value:
    """``*`` of numbers, or a text or list repeated."""
    for many, count in ((left, right), (right, left)):
        if isinstance(many, str | tuple) and (
            isinstance(count, int) or (isinstance(count, float) and count.is_integer())
        ):
            return _repeat(many, int(count))
    return _arithmetic("*", lambda a, b: a * b, left, right)


def divide(left: Value, right: Value) -> Value:
    """``/``: always a float."""
    return _arithmetic("/", _quotient, left, right)


def _quotient(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if not a else math.inf if a > 0 else -math.inf


def floor_divide(left: Value, right: Value) -> Value:
    """``//``: the quotient that leaves a remainder of 0 or more; of floats infinite or no number where that is."""

    def whole(a: float, b: float) -> float:
        if not b and not (isinstance(a, int) and isinstance(b, int)):
            return _quotient(a, b)
        return a // b if b > 0 else -(a // -b)

    return _arithmetic("//", whole, left, right)


def remainder(left: Value, right: Value) -> Value:
    """``%``: of integers the remainder of `floor_divide`, of floats with the sign of the left one."""

    def rest(a: float, b: float) -> float:
        if isinstance(a, int) and isinstance(b, int):
            return a % abs(b)
        return math.fmod(a, b) if b and math.isfinite(a) else math.nan

    return _arithmetic("%", rest, left, right)


def power(left: Value, right: Value) -> Value:
    """``**`` of numbers."""
    base, exponent = _number("**", left, right, left), _number("**", left, right, right)
    if isinstance(base, int) and isinstance(exponent, int):
        if exponent < 0 or (abs(base) > 1 and exponent > _MAX_EXPONENT):
            raise ExpressionError(f"{base} ** {exponent} cannot be calculated")
        return _sized(base**exponent)
    try:
        result = float(base) ** float(exponent)
    except (OverflowError, ZeroDivisionError):
        return float("inf")
    return result if isinstance(result, float) else float("nan")


def negate(value: Value) -> Value:
    """``-x`` of a number."""
    if isinstance(value, Undefined):
        raise value.refuse()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"- needs a number, this is {kind_of(value)}")
    return -value


def equal(left: Value, right: Value) -> bool:
    """``==``: text never equals a number; ``true`` equals 1."""
    _defined(left, right)
    return left == right


def less(left: Value, right: Value) -> bool:
    """``<`` among values of one kind, otherwise among kinds: none, truth values, numbers, text, lists, mappings."""
    _defined(left, right)
    return order(left) < order(right)


def contains(container: Value, item: Value) -> bool:
    """``item in container``: a part of a text, an item of a list, a key of a mapping."""
    _defined(container, item)
    match container:
        case str():
            return text_of(item) in container
        case tuple():
            return item in container
        case Mapping():
            return isinstance(item, str) and item in container
        case _:
            raise ExpressionError(f"in needs text, a list or a mapping on its right, this is {kind_of(container)}")


Rank = tuple[int, object]


def order(value: Value) -> Rank:
    """Return a sort key under which values of all kinds have one order."""
    match value:
        case Undefined() | None:
            return (0, 0)
        case bool():
            return (1, value)
        case int() | float():
            return (2, value)
        case str():
            return (3, value)
        case tuple():
            return (4, tuple(order(item) for item in value))
        case Function() | Namespace():
            raise ExpressionError(f"{value.name} is a function, it has no order")
        case Mapping():
            return (5, tuple(sorted((key, order(item)) for key, item in value.items())))


def _repeat(many: str | tuple[Value, ...], count: int) -> Value:
    if count < 0:
        raise ExpressionError("a text or list can be repeated 0 or more times")
    limit = MAX_TEXT if isinstance(many, str) else MAX_ITEMS
    if len(many) * count > limit:
        raise ExpressionError(f"the repetition gets longer than {limit}", code="recipe.too-much")
    return many * count if isinstance(many, str) else weighed(many * count)


def _arithmetic(sign: str, operation: Callable[[float, float], float], left: Value, right: Value) -> Value:
    first, second = _number(sign, left, right, left), _number(sign, left, right, right)
    try:
        return _sized(operation(first, second))
    except (ZeroDivisionError, OverflowError):
        raise ExpressionError(f"{first} {sign} {second} cannot be calculated") from None


def _number(sign: str, left: Value, right: Value, which: Value) -> int | float:
    _defined(left, right)
    if isinstance(which, int | float):
        return int(which) if isinstance(which, bool) else which
    raise ExpressionError(f"{sign} does not work between {kind_of(left)} and {kind_of(right)}")


def _sized(number: float) -> int | float:
    if isinstance(number, int) and number.bit_length() > _INTEGER_BITS:
        raise ExpressionError("the number gets larger than 128 bits", code="recipe.too-much")
    return number


def _defined(*values: Value) -> None:
    for value in values:
        if isinstance(value, Undefined) and not value.silent:
            raise value.refuse()
