"""Filters: results and refusals of each, as the peer has them, and the two that only CEP 39 has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.syntax.filter import FILTERS
from builder.syntax.value import MAX_TEXT, Arguments, ExpressionError, Undefined, Value
from tests.syntax.given import value_of

CEP_39 = {
    "replace", "lower", "upper", "int", "abs", "bool", "default", "first", "last", "length", "list", "join", "min", "max",
    "reverse", "slice", "batch", "sort", "trim", "unique", "split", "version_to_buildstring",
}  # fmt: skip


def test_the_filters_are_those_of_cep_39() -> None:
    assert set(FILTERS) == CEP_39


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("'aBc' | lower", "abc"), ("5 | lower", "5"), ("'aBc' | upper", "ABC"), ("true | upper", "TRUE"),
        ("' a ' | trim", "a"), ("'xxaxx' | trim('x')", "a"), ("5 | trim", "5"), ("'\\t a\\n' | trim", "a"),
        ("'abc' | replace('b', 'xx')", "axxc"), ("5 | replace('5', 6)", "6"), ("'aaa' | replace('a', '')", ""),
        ("'1.2.3' | split('.')", ("1", "2", "3")), ("'1.2.3' | split('.', 1)", ("1", "2.3")), ("'a  b c' | split", ("a", "b", "c")),
        ("'' | split('.')", ("",)), ("'' | split", ()), ("'a b' | split(none)", ("a", "b")),
        ("['a', 1] | join", "a1"), ("[1, 2] | join('-')", "1-2"), ("'abc' | join('-')", "a-b-c"), ("[] | join('-')", ""),
        ("'5' | int", 5), ("'5.7' | int", 5), ("'-5.7' | int", -5), ("5.9 | int", 5), ("true | int", 1), ("none | int", 0),
        ("'1e3' | int", 1000), ("-5 | abs", 5), ("-1.5 | abs", 1.5), ("'a' | bool", True), ("'false' | bool", True),
        ("0 | bool", False), ("[] | bool", False), ("x | default('d')", "d"), ("x | default", ""), ("'' | default('d')", ""),
        ("'' | default('d', true)", "d"), ("none | default('d')", None), ("none | default('d', true)", "d"),
        ("1 | default('d', boolean=true)", 1), ("'abc' | first", "a"), ("[1, 2] | first", 1), ("{'b': 1, 'a': 2} | first", "a"),
        ("'abc' | last", "c"), ("[1, 2] | last", 2), ("'aé' | length", 2), ("{'a': 1} | length", 1), ("[] | length", 0),
        ("'abc' | list", ("a", "b", "c")), ("{'b': 1, 'a': 2} | list", ("a", "b")), ("[3, 1, 2] | min", 1), ("'abc' | max", "c"),
        ("[2, 'a'] | max", "a"), ("[1, 2] | reverse", (2, 1)), ("'abc' | reverse", "cba"), ("['b', 'a'] | sort", ("a", "b")),
        ("['b', 'a', 'C'] | sort", ("a", "b", "C")), ("['b', 'a', 'C'] | sort(case_sensitive=true)", ("C", "a", "b")),
        ("['a', 'b'] | sort(reverse=true)", ("b", "a")), ("[3, 1.5, 2] | sort", (1.5, 2, 3)), ("[1, 'a'] | sort", (1, "a")),
        ("'cab' | sort", ("a", "b", "c")), ("[1, 1, 2] | unique", (1, 2)), ("['a', 'A'] | unique", ("a",)),
        ("['a', 'A'] | unique(case_sensitive=true)", ("a", "A")), ("[[1], [1], [2]] | unique", ((1,), (2,))),
        ("'3.11.* *_cpython' | version_to_buildstring", "311"), ("'3.11' | version_to_buildstring", "311"),
        ("'3' | version_to_buildstring", "3"), ("3 | version_to_buildstring", "3"), ("'1.2.3.4' | version_to_buildstring", "12"),
    ],
)  # fmt: skip
def test_results(source: str, result: Value) -> None:
    found = value_of(source)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("[1, 2, 3, 4, 5, 6, 7] | slice(3)", ((1, 2, 3), (4, 5), (6, 7))),
        ("[1, 2, 3, 4, 5, 6, 7] | slice(3, 0)", ((1, 2, 3), (4, 5, 0), (6, 7, 0))),
        ("[1, 2] | slice(3)", ((1,), (2,), ())),
        ("[1, 2, 3, 4, 5] | batch(2)", ((1, 2), (3, 4), (5,))),
        ("[1, 2, 3, 4, 5] | batch(2, 'x')", ((1, 2), (3, 4), (5, "x"))),
        ("[] | batch(2)", ()),
    ],
)
def test_slice_and_batch_do_what_jinja_does(source: str, result: Value) -> None:
    assert value_of(source) == result


@given(st.lists(st.integers(), max_size=30), st.integers(min_value=1, max_value=9))
def test_slices_and_batches_lose_nothing(items: list[int], count: int) -> None:
    for name in ("slice", "batch"):
        found = FILTERS[name](tuple(items), Arguments((count,), {}))
        assert isinstance(found, tuple)
        assert [item for row in found if isinstance(row, tuple) for item in row] == items


@given(st.lists(st.integers() | st.text(max_size=3), max_size=12))
def test_sorting_gives_the_same_whatever_the_order_before(items: list[int | str]) -> None:
    exact = Arguments((), {"case_sensitive": True})
    found = FILTERS["sort"](tuple(items), exact)
    assert found == FILTERS["sort"](tuple(reversed(items)), exact)
    assert isinstance(found, tuple)
    assert len(found) == len(items)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("'x' | int", "'x' is no number"), ("' 5 ' | int", "is no number"), ("'0x1f' | int", "is no number"),
        ("'x' | int(3)", "at most 0 arguments"), ("5 | list", "a number, not a list"), ("5 | length", "a number, not a list"),
        ("'a' | abs", "abs needs a number"), ("'aaa' | replace('a', 'b', 1)", "at most 2 arguments"), ("'a' | replace('b')", "new is missing"),
        ("[1] | batch(0)", "above 0"), ("[1] | slice('a')", "above 0"), ("[1] | slice", "count is missing"),
        ("x | lower", "x is undefined"), ("x | first", "x is undefined"), ("x | int", "x is undefined"), ("x | join", "x is undefined"),
        ("[1] | join(d=',')", "does not know the argument d"), ("'a' | lower('b')", "at most 0 arguments"),
        ("[x] | join", "x is undefined"),
    ],
)  # fmt: skip
def test_refusals(source: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        value_of(source)


@pytest.mark.parametrize("source", ["[] | first", "[] | last", "'' | first", "[] | min", "[] | max"])
def test_of_nothing_there_is_no_first(source: str) -> None:
    assert isinstance(value_of(source), Undefined)
    assert value_of(f"{source} | default('d')") == "d"


@pytest.mark.parametrize(
    "source",
    [
        "x | replace('a', 'aa')", "x | replace('a', x)", "x | replace('', x)", "[x, x] | join", "['a', 'a', 'a'] | join(x)",
        "(x | list) * 2 | join", "x ~ x | upper",
    ],
)  # fmt: skip
def test_a12_no_filter_grows_a_text_beyond_the_cap(source: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value_of(source, x="a" * (MAX_TEXT - 10))
    assert caught.value.code == "recipe.too-much"


def test_a12_doubling_eight_times_stops_in_time() -> None:
    with pytest.raises(ExpressionError, match="longer than"):
        value_of("x" + "|replace('a','aa')" * 8, x="a" * 1000)


def test_a14_no_filter_takes_a_regular_expression() -> None:
    assert not {"regex_replace", "regex_search", "match", "search"} & set(FILTERS)
