"""Simple calls mean what jinja2's parser makes of them, and what is no simple call is left to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.syntax.expression import Expression, Meter
from builder.syntax.grammar import parse
from builder.syntax.simple import simple_call
from builder.syntax.value import Arguments, ExpressionError, Function, Undefined, Value


class Names:
    """A scope with a function that tells what it was called with, and one that refuses."""

    def lookup(self, name: str) -> Value:
        match name:
            case "told":
                return Function(name, lambda given: repr((given.positional, sorted(given.named.items()))))
            case "refuses":
                return Function(name, self._refuse)
            case "text":
                return "no function"
            case _:
                return Undefined(name, remedy=lambda: "did you mean told?")

    @staticmethod
    def _refuse(_: Arguments) -> Value:
        raise ExpressionError("no", remedy="do", code="test.no")


def outcome(expression: Expression) -> object:
    try:
        return expression.evaluate(Names(), Meter())
    except ExpressionError as error:
        return error.message, error.remedy, error.code


TEXTS = st.text(st.characters(exclude_characters="\\\r\n\0'\"", codec="utf-8"), max_size=8)
QUOTED = st.builds(lambda text, quote: f"{quote}{text}{quote}", TEXTS, st.sampled_from("'\""))
CONSTANTS = st.one_of(QUOTED, st.sampled_from(["true", "True", "false", "none", "None"]))
GAPS = st.sampled_from(["", " ", "  "])
NAMES = st.sampled_from(["told", "refuses", "text", "nowhere"])
KEYS = st.lists(st.sampled_from(["exact", "upper_bound", "x1", "_y"]), unique=True, max_size=3)


@given(NAMES, QUOTED, KEYS, st.lists(CONSTANTS, min_size=3, max_size=3), GAPS)
def test_a_simple_call_is_what_jinja_makes_of_it(
    name: str, first: str, keys: list[str], values: list[str], gap: str
) -> None:
    named = "".join(f"{gap},{gap}{key}{gap}={gap}{value}" for key, value in zip(keys, values, strict=False))
    source = f"{name}({gap}{first}{named}{gap})"
    ours, theirs = simple_call(source), parse(source)
    assert ours is not None
    assert (ours.source, ours.names, ours.calls) == (theirs.source, theirs.names, theirs.calls)
    assert outcome(ours) == outcome(theirs)


@pytest.mark.parametrize(
    "source",
    [
        "told", "told()", "told(name)", "told(1)", "told('a', 'b')", "told('a' ~ 'b')", "told('a', x=1)", r"told('a\n')",
        "told('a', x=name)", "told('a') | lower", "told('a').b", "env.get('A')", "told('a', x='1', x='2')", "not('a')",
        "told('a', and='b')", "true('a')", "told('a'", "told('a\nb')", "told('a',)", "told ('a')", "told('a') ~ told('b')",
        "told('\0')", "told('\r')", "told('\ud800')",
    ],
)  # fmt: skip
def test_anything_else_is_left_to_jinja(source: str) -> None:
    assert simple_call(source) is None


def test_text_and_truth_are_told_apart() -> None:
    call = simple_call("told('true', exact=true, build=\"none\", lower_bound=none)")
    assert call is not None
    assert outcome(call) == repr((("true",), [("build", "none"), ("exact", True), ("lower_bound", None)]))
