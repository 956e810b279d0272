"""The tests of recipe expressions, ``x is NAME``: those that rattler-build 0.73 knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from builder.syntax.operator import contains, equal, less
from builder.syntax.value import Arguments, Undefined, Value, text_of

Predicate = Callable[[Value, Arguments], bool]


def _alone(question: Callable[[Value], bool]) -> Predicate:
    def predicate(value: Value, arguments: Arguments) -> bool:
        arguments.take()
        return question(value)

    return predicate


def _against(question: Callable[[Value, Value], bool]) -> Predicate:
    def predicate(value: Value, arguments: Arguments) -> bool:
        return question(value, arguments.take("other", required=1)["other"])

    return predicate


def _is_integer(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _leaves(remainder: int) -> Predicate:
    """Return the test for whole numbers that leave ``remainder`` when halved; nothing else is odd or even."""

    def leaves(value: Value) -> bool:
        if isinstance(value, float) and abs(value) >= 1 << 63:  # too large to be one for rattler-build
            return False
        return isinstance(value, int | float) and value % 2 == remainder

    return _alone(leaves)


_INTEGER = _alone(_is_integer)
_EQUAL = _against(equal)
_UNEQUAL = _against(lambda value, other: not equal(value, other))
_LESS = _against(less)
_AT_MOST = _against(lambda value, other: not less(other, value))
_GREATER = _against(lambda value, other: less(other, value))
_AT_LEAST = _against(lambda value, other: not less(value, other))

PREDICATES: Mapping[str, Predicate] = {
    "!=": _UNEQUAL,
    "<": _LESS,
    "<=": _AT_MOST,
    "==": _EQUAL,
    ">": _GREATER,
    ">=": _AT_LEAST,
    "boolean": _alone(lambda value: isinstance(value, bool)),
    "defined": _alone(lambda value: not isinstance(value, Undefined)),
    "endingwith": _against(lambda value, other: text_of(value).endswith(text_of(other))),
    "eq": _EQUAL,
    "escaped": _alone(lambda _: False),
    "even": _leaves(0),
    "false": _alone(lambda value: value is False),
    "float": _alone(lambda value: isinstance(value, float)),
    "ge": _AT_LEAST,
    "gt": _GREATER,
    "in": _against(lambda value, other: contains(other, value)),
    "int": _INTEGER,
    "integer": _INTEGER,
    "le": _AT_MOST,
    "lt": _LESS,
    "ne": _UNEQUAL,
    "none": _alone(lambda value: value is None),
    "number": _alone(lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "odd": _leaves(1),
    "safe": _alone(lambda _: False),
    "sequence": _alone(lambda value: isinstance(value, tuple)),
    "startingwith": _against(lambda value, other: text_of(value).startswith(text_of(other))),
    "string": _alone(lambda value: isinstance(value, str)),
    "true": _alone(lambda value: value is True),
    "undefined": _alone(lambda value: isinstance(value, Undefined)),
}
