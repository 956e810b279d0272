"""Simple calls and conditions mean what jinja2's parser makes of them, and anything else is left to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.syntax.expression import Expression, Meter
from builder.syntax.grammar import parse
from builder.syntax.simple import simple_expression
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
            case "one" | "zero":
                return 1 if name == "one" else 0
            case "on":
                return True
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
def test_a_simple_expression_is_what_jinja_makes_of_it(
    name: str, first: str, keys: list[str], values: list[str], gap: str
) -> None:
    named = "".join(f"{gap},{gap}{key}{gap}={gap}{value}" for key, value in zip(keys, values, strict=False))
    source = f"{name}({gap}{first}{named}{gap})"
    ours, theirs = simple_expression(source), parse(source)
    assert ours is not None
    assert (ours.source, ours.names, ours.calls) == (theirs.source, theirs.names, theirs.calls)
    assert outcome(ours) == outcome(theirs)


@pytest.mark.parametrize(
    "source",
    [
        "told()", "told(name)", "told(1)", "told('a', 'b')", "told('a' ~ 'b')", "told('a', x=1)", r"told('a\n')",
        "told('a', x=name)", "told('a') | lower", "told('a').b", "env.get('A')", "told('a', x='1', x='2')", "not('a')",
        "told('a', and='b')", "true('a')", "told('a'", "told('a\nb')", "told('a',)", "told ('a')", "told('a') ~ told('b')",
        "told('\0')", "told('\r')", "told('\ud800')",
    ],
)  # fmt: skip
def test_anything_else_is_left_to_jinja(source: str) -> None:
    assert simple_expression(source) is None


def test_text_and_truth_are_told_apart() -> None:
    call = simple_expression("told('true', exact=true, build=\"none\", lower_bound=none)")
    assert call is not None
    assert outcome(call) == repr((("true",), [("build", "none"), ("exact", True), ("lower_bound", None)]))


OPERANDS = st.one_of(
    QUOTED, st.sampled_from(["one", "zero", "on", "text", "nowhere", "true", "none", "0", "1", "42", "notch", "iffy"])
)
COMPARISONS = st.builds(
    lambda left, gap, sign, right: f"{left}{gap}{sign}{gap}{right}",
    OPERANDS,
    GAPS,
    st.sampled_from(["==", "!="]),
    OPERANDS,
)
TERMS = st.builds(
    lambda no, term: f"{no}{term}",
    st.sampled_from(["", "", "not ", "not  not "]),
    st.one_of(COMPARISONS, st.sampled_from(["one", "zero", "on", "text", "nowhere"])),
)
CONDITIONS = st.builds(
    lambda word, terms: f" {word} ".join(terms), st.sampled_from(["and", "or"]), st.lists(TERMS, min_size=1, max_size=4)
)
CHOICES = st.builds(lambda taken, test, other: f"{taken} if {test} else {other}", OPERANDS, CONDITIONS, OPERANDS)


@given(st.one_of(CONDITIONS, CHOICES))
def test_a_simple_condition_is_what_jinja_makes_of_it(source: str) -> None:
    ours, theirs = simple_expression(source), parse(source)
    if ours is None:  # a text that has " and " or " else " in it
        assert " and " in source or " or " in source or " else " in source
        return
    assert (ours.source, ours.names, ours.calls) == (theirs.source, theirs.names, theirs.calls)
    assert outcome(ours) == outcome(theirs)


@given(
    st.lists(
        st.one_of(OPERANDS, st.sampled_from(["if", "else", "and", "or", "not", "==", "!=", "in", "(", ")", "~", ","])),
        max_size=8,
    )
)
def test_whatever_is_taken_for_simple_is_what_jinja_makes_of_it(words: list[str]) -> None:
    source = " ".join(words)
    ours = simple_expression(source)
    if ours is not None:
        theirs = parse(source)
        assert (ours.names, ours.calls, outcome(ours)) == (theirs.names, theirs.calls, outcome(theirs))


@pytest.mark.parametrize(
    "source",
    [
        "1 if one == 1 else 0", 'c_compiler == "clang"', "not on", "one and on and text", "zero or nowhere",
        "'a' if on and one else 'b'", "on",
    ],
)  # fmt: skip
def test_conditions_that_need_no_jinja(source: str) -> None:
    assert simple_expression(source) is not None


@pytest.mark.parametrize(
    "source",
    [
        "one and on or zero", "one == 1 == 1", "1 if one", "one < 2", "one in text", "one if on else 2 if zero else 3", "(one)",
        "one + 1", "007 == one", "1_0 == one", "one is defined", "'a' 'b'", "text[0] == 'n'", "text == 'a' ~ 'b'", "'a\\n' == text",
        "if", "not", "one==on and", "1 == 1.0", "-1 == one", "one\n== on", " and ".join(["on"] * 30), "not " * 60 + "on", "one if" + " " * 8000 + "on else zero",
    ],
)  # fmt: skip
def test_other_conditions_are_left_to_jinja(source: str) -> None:
    assert simple_expression(source) is None
