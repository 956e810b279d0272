"""Sizes of what Jinja's own filters and the methods of text make: never more than was said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from builder.syntax.legacy.bounds import MAX_VALUE, size
from builder.syntax.legacy.sizes import BINARY, METHODS, filtered

_TEXT = st.text(st.sampled_from("ab <&\n\xe4é-1"), max_size=40)
_FILTERS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("center", (60,), {}), ("center", (), {"width": 30}), ("center", (), {}), ("e", (), {}), ("escape", (), {}),
    ("forceescape", (), {}), ("indent", (), {}), ("indent", (7, True), {}), ("indent", ("xx",), {"blank": True}),
    ("pprint", (), {}), ("replace", ("a", "bbb"), {}), ("replace", ("", "cc"), {}), ("string", (), {}),
    ("replace", (), {"old": "a", "new": "xyz"}), ("tojson", (), {}), ("tojson", (3,), {}), ("truncate", (5,), {}),
    ("truncate", (5, True, "=" * 4, 0), {}), ("urlencode", (), {}), ("wordwrap", (3,), {}),
    ("wordwrap", (1,), {"wrapstring": "<br>"}),
]  # fmt: skip
_ENVIRONMENT = Environment(autoescape=False)


@given(st.sampled_from(_FILTERS), _TEXT)
def test_a_filter_makes_no_more_of_a_text_than_is_said(
    call: tuple[str, tuple[Any, ...], dict[str, Any]], text: str
) -> None:
    name, arguments, named = call
    made = str(_ENVIRONMENT.call_filter(name, text, arguments, named))
    slack = 8 if name in {"pprint", "tojson", "truncate", "indent"} else 0  # quotes, ends, the last line
    assert len(made) <= filtered(name, (text, *arguments), named) + slack


@given(_TEXT, st.lists(_TEXT, max_size=5))
def test_joins_make_no_more_than_is_said(text: str, many: list[str]) -> None:
    assert len(str(_ENVIRONMENT.call_filter("join", many, (text,)))) <= filtered("join", (many, text), {})
    assert len("%s|%s" % (text, many)) <= filtered("format", ("%s|%s", text, many), {}) + 8 * len(many) + 80  # noqa: UP031


@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [
        ("batch", ([1], 10**9), {}), ("batch", ([1],), {"linecount": 10**9}), ("slice", ([1], 10**9), {}),
        ("round", (1, 10**9, "floor"), {}), ("sum", ([[1]],), {"start": []}), ("sum", ([[1]], None, []), {}),
        ("indent", ("a", 10**9), {}), ("tojson", ([1], 10**9), {}), ("center", ("a", 10**9), {}),
        ("wordwrap", ("a " * 300, 1, True, "x" * 300), {}), ("format", ("%1000000d", 1), {}),
        ("replace", ("a" * 300, "a", "x" * 300), {}), ("join", (["a"] * 300, "x" * 300), {}),
    ],
)  # fmt: skip
def test_what_would_be_enormous_is_known(name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    assert filtered(name, arguments, named) > MAX_VALUE


def test_filters_that_only_choose_make_nothing() -> None:
    for name in ("first", "length", "lower", "map", "sort", "unique"):
        assert filtered(name, ("abc",), {}) == 0


@given(_TEXT, st.integers(0, 60), _TEXT, _TEXT)
def test_methods_make_no_more_than_is_said(text: str, width: int, old: str, new: str) -> None:
    for name in ("center", "ljust", "rjust", "zfill"):
        assert len(getattr(text, name)(width)) <= METHODS[name](text, width)
    assert len(text.replace(old, new)) <= METHODS["replace"](text, old, new)
    assert len(text.join([old, new])) <= METHODS["join"](text, [old, new])
    assert len(f"{old}-{new}") <= METHODS["format"]("{}-{a}", old, a=new)


@given(_TEXT, st.integers(0, 9))
def test_operators_make_no_more_than_is_said(text: str, number: int) -> None:
    assert size(text + text) <= BINARY["+"](text, text)
    assert size(text * number) <= BINARY["*"](text, number)
    assert (7**number).bit_length() <= max(BINARY["**"](7, number), 1)
    assert len("%s" % text) <= BINARY["%"]("%s", text)  # noqa: UP031
