"""The meter, and sizes of values that are known before they are made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.exceptions import SecurityError

from builder.syntax.legacy.bounds import (
    MAX_MADE,
    MAX_STEPS,
    MAX_VALUE,
    Meter,
    formatted,
    joined,
    power,
    product,
    replaced,
    size,
    total,
    widest,
    written,
)  # fmt: skip

_TEXT = st.text(max_size=20)


def test_steps_end() -> None:
    meter = Meter()
    meter.step(MAX_STEPS)
    with pytest.raises(SecurityError, match="take more than 500,000 steps"):
        meter.step(1)
    meter.restart()
    meter.step(1)


def test_what_is_made_is_counted_over_a_rendering() -> None:
    meter = Meter()
    text = "x" * MAX_VALUE
    assert meter.made(text) is text
    for _ in range(MAX_MADE // MAX_VALUE - 1):
        meter.made(text)
    with pytest.raises(SecurityError, match="values of more than 4,194,304"):
        meter.made("x")
    meter.restart()
    assert meter.joined(["a", "b"]) == "ab"


def test_looking_at_large_values_takes_steps() -> None:
    meter = Meter()
    for _ in range(MAX_STEPS // 101):
        meter.weigh("x" * 1600)
    with pytest.raises(SecurityError, match="steps"):
        meter.weigh("x" * 1600)
    many = ["x" * MAX_VALUE] * MAX_VALUE
    with pytest.raises(SecurityError, match="steps"):
        Meter().weigh(many)


def test_one_value_has_a_size() -> None:
    Meter().allow("+", MAX_VALUE)
    with pytest.raises(SecurityError, match=r"the result of `\+` would be too large"):
        Meter().allow("+", MAX_VALUE + 1)
    assert Meter().shown(["a"]) == ["a"]
    with pytest.raises(SecurityError, match="too large"):
        Meter().shown([["x" * 1000] * 100])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | _TEXT,
        lambda one: st.lists(one, max_size=3) | st.dictionaries(_TEXT, one, max_size=3),
    )
)
def test_the_written_size_counts_all_texts(value: Any) -> None:
    def texts(one: Any) -> int:
        if isinstance(one, str):
            return len(one)
        if isinstance(one, dict):
            return sum(texts(key) + texts(inner) for key, inner in one.items())
        return sum(map(texts, one)) if isinstance(one, list) else 0

    assert written(value) >= texts(value)
    assert size(value) <= len(str(value))


def test_counting_stops_where_it_does_not_matter_any_more() -> None:
    nested: list[Any] = ["x"]
    for _ in range(60):
        nested = [nested, nested]
    assert written(nested, 1000) >= 1000


@given(_TEXT, _TEXT, _TEXT)
def test_replacing_makes_no_more_than_is_said(text: str, old: str, new: str) -> None:
    assert len(text.replace(old, new)) <= replaced(text, old, new)


@given(_TEXT, st.lists(_TEXT))
def test_joining_makes_no_more_than_is_said(text: str, many: list[str]) -> None:
    assert len(text.join(many)) <= joined(text, many)


@given(_TEXT | st.lists(st.none()), st.integers(-3, 50), st.integers(0, 10**30), st.integers(0, 9))
def test_operators_make_no_more_than_is_said(value: Any, times: int, number: int, exponent: int) -> None:
    assert size(value * times) <= product(value, times) == product(times, value)
    assert size(value + value) <= total(value, value)
    assert (number * number).bit_length() <= product(number, number)
    assert (number**exponent).bit_length() <= max(power(number, exponent), 1)


@given(st.sampled_from(["{}", "{:>50}", "{0}{0}", "{{}}{}", "{!r:*^30}", "%s", "%-40s", "%%%s"]), _TEXT)
def test_formatting_makes_no_more_than_is_said(form: str, text: str) -> None:
    made = form % text if "%" in form else form.format(text)
    assert len(made) <= formatted(form, text) <= MAX_VALUE


@pytest.mark.parametrize("form", ["{:1000000}", "{:{}}", "{0:{1}}", "%1000000d", "%*d", "%-*d", "{:>{width}}"])
def test_widths_of_any_size_are_too_large(form: str) -> None:
    assert formatted(form, 1) > MAX_VALUE


def test_other_values_have_no_form() -> None:
    assert formatted(1, 2) == power(2, 0.5) == widest(None) == 0
    assert widest(999) == 999
    assert widest(10**9) == widest(-(10**9)) == MAX_VALUE + 1
