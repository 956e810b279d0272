"""The forms that most expressions have, compiled without jinja2: calls such as ``compiler("c")``, simple conditions.

Importing jinja2 takes longer than rendering a small recipe. What does not look like one of these forms is left to it:
a call with nothing but constants in its brackets; ``NAME``, ``not NAME`` or ``A == B``, several of them with ``and`` or
with ``or`` between; and ``A if CONDITION else B``, where A and B are names or constants.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from builder.syntax.expression import CONSTANTS, KEYWORDS, Call, Evaluator, Expression, Frame
from builder.syntax.operator import equal
from builder.syntax.value import Arguments, ExpressionError, Function, Undefined, Value, kind_of, truth, whole

_TEXT = r"""'[^'\\\r\n\0\ud800-\udfff]*'|"[^"\\\r\n\0\ud800-\udfff]*\""""
_CONSTANT = rf"{_TEXT}|true|false|none|True|False|None"
_CALL = re.compile(
    rf"([A-Za-z_][A-Za-z0-9_]*)\(\s*({_TEXT})((?:\s*,\s*[A-Za-z_][A-Za-z0-9_]*\s*=\s*(?:{_CONSTANT}))*)\s*\)", re.ASCII
)
_OPERAND = rf"{_CONSTANT}|0|[1-9][0-9]{{0,8}}|[A-Za-z_][A-Za-z0-9_]*"
_COMPARISON = re.compile(rf"({_OPERAND}) *(==|!=) *({_OPERAND})", re.ASCII)
_CHOICE = re.compile(rf"({_OPERAND}) +if +(.+?) +else +({_OPERAND})", re.ASCII)
_JOINED = re.compile(r" +(and|or) +")
_LONGEST = 200
"""Characters of a simple condition; longer ones are worth an import."""

_NAMED = re.compile(rf"([A-Za-z_][A-Za-z0-9_]*)\s*=\s*({_CONSTANT})", re.ASCII)


def simple_expression(source: str) -> Expression | None:
    """Return the expression of a text that has one of the forms above, None for any other text."""
    call = _call(source)
    if call is not None or len(source) > _LONGEST:
        return call
    names: set[str] = set()
    choice = _CHOICE.fullmatch(source)
    evaluator = _choice(choice, names) if choice else _condition(source, names)
    return None if evaluator is None else Expression(source, frozenset(names), (), evaluator)


def _call(source: str) -> Expression | None:
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


def _choice(found: re.Match[str], names: set[str]) -> Evaluator | None:
    taken, test, other = _operand(found[1], names), _condition(found[2], names), _operand(found[3], names)
    if taken is None or test is None or other is None:
        return None
    return lambda frame: taken(frame) if truth(test(frame)) else other(frame)


def _condition(source: str, names: set[str]) -> Evaluator | None:
    first, *rest = _JOINED.split(source)
    terms = [_term(text, names) for text in (first, *rest[1::2])]
    kinds = set(rest[::2])
    known = [term for term in terms if term is not None]
    if len(known) < len(terms) or len(kinds) > 1:
        return None
    stop_at = kinds == {"or"}

    def evaluate(frame: Frame) -> Value:
        value = known[0](frame)
        for term in known[1:]:
            if truth(value) is stop_at:
                break
            value = term(frame)
        return value

    return evaluate if rest else known[0]


def _term(source: str, names: set[str]) -> Evaluator | None:
    if source.startswith("not "):
        inner = _term(source[4:].lstrip(" "), names)
        return None if inner is None else lambda frame: not truth(inner(frame))
    found = _COMPARISON.fullmatch(source)
    if found is None:
        return _operand(source, names) if source.isidentifier() else None
    left, right, is_equal = _operand(found[1], names), _operand(found[3], names), found[2] == "=="
    if left is None or right is None:
        return None
    return lambda frame: equal(left(frame), right(frame)) is is_equal


def _operand(text: str, names: set[str]) -> Evaluator | None:
    """Return what a name or a constant gives; a name is put into ``names``."""
    if text in KEYWORDS:
        return None
    if text in CONSTANTS or not text.isidentifier():
        value = int(text) if text.isdigit() else _constant(text)
        return lambda _: value
    names.add(text)
    return lambda frame: frame.lookup(text)


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
