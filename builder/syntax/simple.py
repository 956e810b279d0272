"""Calls with nothing but constants in their brackets, ``compiler("c")``: most expressions, compiled without jinja2.

Importing jinja2 takes longer than rendering a small recipe. What does not look like such a call is left to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from builder.syntax.expression import CONSTANTS, KEYWORDS, Call, Expression, Frame
from builder.syntax.value import Arguments, ExpressionError, Function, Undefined, Value, kind_of, whole

_TEXT = r"""'[^'\\\r\n\0\ud800-\udfff]*'|"[^"\\\r\n\0\ud800-\udfff]*\""""
_CONSTANT = rf"{_TEXT}|true|false|none|True|False|None"
_CALL = re.compile(
    rf"([A-Za-z_][A-Za-z0-9_]*)\(\s*({_TEXT})((?:\s*,\s*[A-Za-z_][A-Za-z0-9_]*\s*=\s*(?:{_CONSTANT}))*)\s*\)", re.ASCII
)
_NAMED = re.compile(rf"([A-Za-z_][A-Za-z0-9_]*)\s*=\s*({_CONSTANT})", re.ASCII)


def simple_call(source: str) -> Expression | None:
    """Return the expression of a call with one text and named constants, None for any other text."""
    found = _CALL.fullmatch(source)
    if found is None:
        return None
    name, first, rest = found.groups()
    pairs = _NAMED.findall(rest)
    named = {key: _constant(text) for key, text in pairs}
    if name in CONSTANTS or KEYWORDS & {name, *named} or len(named) < len(pairs):
        return None
    arguments = Arguments((_constant(first),), named)

    def evaluate(frame: Frame) -> Value:
        return called(frame.lookup(name), lambda _: arguments, frame)

    return Expression(source, frozenset(), (Call(name, first[1:-1]),), evaluate)


def called(function: Value, arguments: Callable[[Frame], Arguments], frame: Frame) -> Value:
    """Return what a function of the scope gives; its errors begin with its name."""
    if isinstance(function, Undefined):
        message = f"there is no function {function.what}"
        raise ExpressionError(message, remedy=function.refuse().remedy, code="recipe.unknown-function")
    if not isinstance(function, Function):
        raise ExpressionError(f"{kind_of(function)} cannot be called", code="recipe.unknown-function")
    try:
        value = function.call(arguments(frame))
        return frame.made(whole(value) if isinstance(value, str) else value)
    except ExpressionError as error:
        message = f"{function.name}: {error.message}"
        raise ExpressionError(message, remedy=error.remedy, code=error.code) from error


def _constant(text: str) -> Value:
    return CONSTANTS[text] if text in CONSTANTS else text[1:-1]
