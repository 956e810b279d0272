"""The values of expressions: plain immutable data, functions that the caller offers, and what is undefined.

How a value looks as text follows rattler-build 0.73 (``true``, ``none``, ``[1, "a"]``, ``1.0``).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import assert_never

from builder.model.frozen import frozen

NOWHERE = re.compile("[\0\ud800-\udfff]")
"""What escapes can make and no file, no environment and no package can hold: NUL, and halves of characters."""

MAX_TEXT = 64 * 1024
MAX_ITEMS = 16 * 1024


class ExpressionError(Exception):
    """Why an expression has no value; `builder.syntax.template` turns it into a `RecipeError` with its place."""

    def __init__(self, message: str, *, remedy: str | None = None, code: str = "recipe.expression") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.code = code


@frozen(kw_only=False)
class Undefined:
    """What a missing name or item gives: almost every use is an error that says ``what`` is undefined.

    ``silent`` is the value of a choice without ``else`` (``x if y``): it prints as nothing and is false. ``remedy`` is
    asked for when it is told: most names that may be missing have a default, and looking for a similar one takes long.
    """

    what: str
    silent: bool = False
    remedy: Callable[[], str | None] | None = field(default=None, compare=False)

    def refuse(self) -> ExpressionError:
        """Make the error of using it."""
        remedy = self.remedy() if self.remedy is not None else None
        return ExpressionError(f"{self.what} is undefined", remedy=remedy, code="recipe.undefined")


SILENT = Undefined("the value of a choice without else", silent=True)


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one call."""

    positional: tuple[Value, ...]
    named: Mapping[str, Value]

    def take(self, *names: str, required: int = 0) -> dict[str, Value]:
        """Return the arguments by name; raise `ExpressionError` for too many, too few or unknown ones."""
        if len(self.positional) > len(names):
            raise ExpressionError(f"takes at most {len(names)} arguments, {len(self.positional)} are given")
        taken = dict(zip(names, self.positional, strict=False))
        for name, value in self.named.items():
            if name not in names:
                raise ExpressionError(f"does not know the argument {name}", remedy=f"it knows {', '.join(names)}")
            if name in taken:
                raise ExpressionError(f"the argument {name} is given twice")
            taken[name] = value
        missing = [name for name in names[:required] if name not in taken]
        if missing:
            raise ExpressionError(f"the argument {missing[0]} is missing")
        return taken


@frozen(kw_only=False)
class Function:
    """A function that an expression may call, by the name that errors show."""

    name: str
    call: Callable[[Arguments], Value]


@frozen(kw_only=False)
class Namespace:
    """A name with functions behind a dot, such as ``env.get``; it is not a value that can be printed."""

    name: str
    functions: Mapping[str, Function]


Value = None | bool | int | float | str | tuple["Value", ...] | Mapping[str, "Value"] | Undefined | Function | Namespace


def kind_of(value: Value) -> str:
    """Name the value's kind for people."""
    match value:
        case None:
            return "none"
        case bool():
            return "a truth value"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case tuple():
            return "a list"
        case Undefined():
            return "undefined"
        case Function() | Namespace():
            return "a function"
        case Mapping():
            return "a mapping"
        case _:
            assert_never(value)


def truth(value: Value) -> bool:
    """Return whether the value counts as true: not zero, not empty, not none."""
    match value:
        case Undefined():
            if value.silent:
                return False
            raise value.refuse()
        case Function():
            return True
        case Namespace():
            return False
        case _:
            return bool(value)


def text_of(value: Value) -> str:
    """Return the value as it appears in text."""
    match value:
        case str():
            return capped(value)
        case Undefined():
            if value.silent:
                return ""
            raise value.refuse()
        case Function() | Namespace():
            raise ExpressionError(f"{value.name} is a function, it must be called")
        case float():
            return _float_text(value)
        case tuple() | Mapping():
            return capped("".join(_inner(value)))
        case _:
            return _inner_scalar(value)


def whole(text: str) -> str:
    """Return ``text``; raise `ExpressionError` if it holds NUL or half a character, which no file can hold."""
    if NOWHERE.search(text):
        raise ExpressionError("this text holds NUL or half a character, which no file can hold")
    return text


def capped(text: str) -> str:
    """Return ``text``; raise `ExpressionError` if it is longer than any recipe needs."""
    capped_length(len(text))
    return text


def capped_length(length: int) -> None:
    """Raise `ExpressionError` if a text of ``length`` characters is longer than any recipe needs."""
    if length > MAX_TEXT:
        raise ExpressionError(f"the text gets longer than {MAX_TEXT} characters", code="recipe.too-much")


def weighed(value: Value) -> Value:
    """Return a list or mapping; raise `ExpressionError` if all its parts together are more than any recipe needs."""
    left = [MAX_ITEMS]

    def weigh(part: Value) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise ExpressionError(f"the list gets more than {MAX_ITEMS} items", code="recipe.too-much")
        for inner in part if isinstance(part, tuple) else part.values() if isinstance(part, Mapping) else ():
            weigh(inner)

    weigh(value)
    return value


def _inner_scalar(value: bool | int | None) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _inner(value: Value) -> list[str]:
    """Return the pieces of a value inside a list, where text stands in quotes."""
    match value:
        case str():
            return [json.dumps(value, ensure_ascii=False)]
        case tuple():
            return ["[", *_joined([_inner(item) for item in value]), "]"]
        case Undefined(silent=True):
            return ["undefined"]
        case Undefined() | Function() | Namespace():
            return [text_of(value)]
        case Mapping():
            pairs = [[json.dumps(key, ensure_ascii=False), ": ", *_inner(item)] for key, item in value.items()]
            return ["{", *_joined(pairs), "}"]
        case float():
            return [repr(value).replace("e+", "e") if math.isfinite(value) else _float_text(value)]
        case _:
            return [_inner_scalar(value)]


def _joined(pieces: list[list[str]]) -> list[str]:
    return [part for index, piece in enumerate(pieces) for part in ((", ", *piece) if index else piece)]


def _float_text(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    digits = format(Decimal(repr(value)), "f")
    return digits if "." in digits else f"{digits}.0"
