"""What text a scalar is taken for when nobody declares its type: the peer's rule (and id A7)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.syntax.scalar import as_bool, as_float, as_int, coerced
from tests.syntax.given import scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("TRUE", True), ("true", True), ("True", True), ("FALSE", False), ("false", False), ("False", False),
        ("0", 0), ("00", 0), ("-0", 0), ("+1", 1), ("007", 7), ("-5", -5),
        ("9223372036854775807", 9223372036854775807), ("-9223372036854775808", -9223372036854775808),
    ],
)  # fmt: skip
def test_truth_and_whole_numbers_are_known(text: str, value: bool | int) -> None:
    found = coerced(scalar(text))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    ["tRue", "yes", "Yes", "no", "on", "off", "y", "n", "~", "null", "Null", "", "0o17", "0x1F", "0b11", "1_000", "1e3", "1.0",
     "1.10", ".5", "22:22", "2024-01-01", "9223372036854775808", "-9223372036854775809", ".inf", "1 2", "--1", "+", "\u0661"],
)  # fmt: skip
def test_a7_everything_else_stays_text(text: str) -> None:
    assert coerced(scalar(text)) == text


@pytest.mark.parametrize("text", ["true", "1", "False", "-3"])
def test_quotes_keep_text(text: str) -> None:
    assert coerced(scalar(text, plain=False)) == text


@given(st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1))
def test_every_64_bit_number_is_one(number: int) -> None:
    assert as_int(str(number)) == number


@given(st.text(max_size=40))
def test_no_text_makes_trouble(text: str) -> None:
    number = as_int(text)
    assert number is None or int(text) == number
    assert as_bool(text) in {None, True, False}
    fraction = as_float(text)
    assert fraction is None or fraction == float(text)


@pytest.mark.parametrize(
    ("text", "value"), [("1.5", 1.5), ("-.5", -0.5), ("1.", 1.0), ("1e3", 1000.0), ("2.5E-1", 0.25)]
)
def test_fractions_are_known_where_they_are_asked_for(text: str, value: float) -> None:
    assert as_float(text) == value


@pytest.mark.parametrize("text", ["1", "inf", "nan", "1e999", "-1.0e400", "1_0.5", "0x1.8", "1e", "e3", ".", ""])
def test_other_words_are_no_fractions(text: str) -> None:
    assert as_float(text) is None


def test_a_number_of_a_million_digits_is_text() -> None:
    assert as_int("1" * 1_000_000) is None
    assert as_float("1" * 1_000_000 + ".0") is None
