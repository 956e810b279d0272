"""The tests ``x is NAME``."""

from __future__ import annotations

import pytest

from builder.syntax.predicate import PREDICATES
from builder.syntax.value import ExpressionError
from tests.syntax.given import value_of


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ("x is defined", False), ("x is undefined", True), ("x is not defined", True), ("1 is defined", True), ("none is none", True),
        ("x is none", False), ("0 is none", False), ("3 is odd", True), ("4 is odd", False), ("4 is even", True), ("-3 is odd", True),
        ("1 is number", True), ("1.5 is number", True), ("true is number", False), ("'1' is number", False), ("1 is integer", True),
        ("1.0 is integer", False), ("1 is int", True), ("1.5 is float", True), ("1 is float", False), ("'a' is string", True),
        ("1 is string", False), ("[1] is sequence", True), ("'a' is sequence", False), ("true is boolean", True), ("1 is boolean", False),
        ("true is true", True), ("1 is true", False), ("false is false", True), ("0 is false", False), ("'abc' is startingwith('a')", True),
        ("'abc' is startingwith 'b'", False), ("'abc' is endingwith 'c'", True), ("'abc' is endingwith('a')", False), ("1 is eq 1", True),
        ("1 is eq(2)", False), ("1 is ne 2", True), ("1 is lt 2", True), ("1 is le 1", True), ("2 is gt 1", True), ("1 is ge 2", False),
        ("1 is in [1]", True), ("'a' is in 'abc'", True), ("'a' is in ['b']", False), ("not 1 is eq 2", True),
    ],
)  # fmt: skip
def test_answers(source: str, holds: bool) -> None:
    assert value_of(source) is holds


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 is eq", "other is missing"),
        ("x is eq 1", "x is undefined"), ("1 is defined(2)", "at most 0 arguments"), ("x is startingwith 'a'", "x is undefined"),
        ("1 is in 2", "this is a number"),
    ],
)  # fmt: skip
def test_refusals(source: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        value_of(source)


def test_signs_and_words_mean_the_same() -> None:
    for sign, word in (("==", "eq"), ("!=", "ne"), ("<", "lt"), ("<=", "le"), (">", "gt"), (">=", "ge")):
        assert PREDICATES[sign] is PREDICATES[word]


@pytest.mark.parametrize("name", ["divisibleby", "callable", "mapping", "iterable", "sameas", "filter"])
def test_others_are_not_there(name: str) -> None:
    with pytest.raises(ExpressionError, match=f"there is no test {name}"):
        value_of(f"1 is {name}")
