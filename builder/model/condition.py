"""Conditions of conditional dependencies, ``[when="python>=3.10 and (__unix or emscripten)"]`` (CEP 43)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_MOST_NESTED = 32
_TOKEN = re.compile(
    r"""\s* (?:
        ( [()] | (?:and|or)(?![^\s()]) )
        | (?: [^\s()\[\]"']+ | \[ (?: [^\]"'] | "[^"]*" | '[^']*' )* \] | [ ]+ (?! (?:and|or)(?![^\s()]) ) )+
    )""",
    re.VERBOSE,
)
"""A parenthesis, a word between specs, or a spec, which may have brackets and spaces in it."""


def normal_condition(text: str, spec: Callable[[str], str]) -> str:
    """Return a condition in rattler-build's form: every pair in parentheses, each spec as ``spec`` writes it.

    ``and`` binds tighter than ``or``. Raises ValueError for what is none; ``spec`` does for what is no spec.
    """
    tokens = list(_tokens(text))
    tokens.reverse()
    found = _any_of(tokens, spec, 0)
    if tokens:
        raise ValueError(f"the condition {text!r} has {tokens[-1]!r} where it should end")
    return found


def _tokens(text: str) -> Iterator[str]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at, end)
        if found is None:
            raise ValueError(f"the condition {text!r} cannot be read from {text[at:].strip()[:20]!r} on")
        yield found[0].strip()
        at = found.end()


def _any_of(tokens: list[str], spec: Callable[[str], str], depth: int) -> str:
    found = _all_of(tokens, spec, depth)
    while tokens and tokens[-1] == "or":
        tokens.pop()
        found = f"({found} or {_all_of(tokens, spec, depth)})"
    return found


def _all_of(tokens: list[str], spec: Callable[[str], str], depth: int) -> str:
    found = _one(tokens, spec, depth)
    while tokens and tokens[-1] == "and":
        tokens.pop()
        found = f"({found} and {_one(tokens, spec, depth)})"
    return found


def _one(tokens: list[str], spec: Callable[[str], str], depth: int) -> str:
    if not tokens or tokens[-1] in {"and", "or", ")"}:
        raise ValueError("a condition is made of specs, joined by `and` and `or`")
    first = tokens.pop()
    if first != "(":
        return spec(first)
    if depth == _MOST_NESTED:
        raise ValueError(f"the condition is nested deeper than {_MOST_NESTED} levels")
    found = _any_of(tokens, spec, depth + 1)
    if not tokens or tokens.pop() != ")":
        raise ValueError("a parenthesis of the condition is never closed")
    return found
