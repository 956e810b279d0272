"""Operators: arithmetic of 128 bits, text, lists, comparison, and the guards on growth (ids A12 and A13)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.syntax import operator
from builder.syntax.value import SILENT, ExpressionError, Function, Undefined, Value

Operation = Callable[[Value, Value], Value]
SMALL = st.integers(min_value=-(10**9), max_value=10**9)
DATA = st.recursive(
    st.none() | st.booleans() | SMALL | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("operation", "left", "right", "result"),
    [
        (operator.add, 1, 2, 3), (operator.add, 1.5, 1, 2.5), (operator.add, True, 1, 2), (operator.add, "1", "1", "11"),
        (operator.add, (1,), (2,), (1, 2)), (operator.add, 9223372036854775807, 1, 9223372036854775808),
        (operator.subtract, 1, 3, -2), (operator.multiply, 3, 4, 12), (operator.multiply, "a", 3, "aaa"),
        (operator.multiply, 3, "a", "aaa"), (operator.multiply, (1,), 2, (1, 1)), (operator.multiply, "a", 0, ""),
        (operator.divide, 7, 2, 3.5), (operator.divide, 6, 2, 3.0), (operator.divide, 1, 0, float("inf")),
        (operator.divide, -1, 0, float("-inf")), (operator.floor_divide, 7, 2, 3), (operator.floor_divide, -7, 2, -4),
        (operator.floor_divide, 7, -2, -3), (operator.floor_divide, -7, -2, 4), (operator.floor_divide, 7.5, 2, 3.0),
        (operator.remainder, 7, 3, 1), (operator.remainder, -7, 3, 2), (operator.remainder, 7, -3, 1),
        (operator.power, 2, 3, 8), (operator.power, 2, 64, 1 << 64), (operator.power, 1.0, 2, 1.0), (operator.power, 1, 10**9, 1),
        (operator.power, 0, 10**9, 0), (operator.power, 2.0, 0.5, 2.0**0.5),
    ],
)  # fmt: skip
def test_results(operation: Operation, left: Value, right: Value, result: Value) -> None:
    found = operation(left, right)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("operation", "left", "right", "message"),
    [
        (operator.add, "a", 1, "between text and a number"), (operator.add, 1, "a", "between a number and text"),
        (operator.add, None, 1, "between none and a number"), (operator.add, (1,), 1, "between a list and a number"),
        (operator.subtract, "a", "b", "between text and text"), (operator.remainder, "%s", 1, "between text and a number"),
        (operator.floor_divide, 1, 0, "cannot be calculated"), (operator.remainder, 1, 0, "cannot be calculated"),
        (operator.power, 2, -1, "cannot be calculated"), (operator.multiply, "a", -1, "0 or more times"),
        (operator.multiply, "a", "b", "between text and text"), (operator.add, Undefined("x"), 1, "x is undefined"),
        (operator.add, 1, Undefined("x"), "x is undefined"), (operator.add, {}, {}, "between a mapping and a mapping"),
    ],
)  # fmt: skip
def test_refusals(operation: Operation, left: Value, right: Value, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        operation(left, right)


@pytest.mark.parametrize(
    ("operation", "left", "right"),
    [
        (operator.multiply, "a", 10**9), (operator.multiply, 10**9, "a"), (operator.multiply, (1,), 10**9),
        (operator.multiply, (("x",) * 1000,), 1000), (operator.add, "a" * 40_000, "a" * 40_000),
        (operator.power, 10, 10**7), (operator.power, 9, 9**9), (operator.power, 2, 127), (operator.power, -2, 10**18),
        (operator.multiply, 1 << 126, 4), (operator.add, (1 << 127) - 1, 1), (operator.subtract, -(1 << 126), 1 << 127),
    ],
)  # fmt: skip
def test_a12_a13_nothing_grows_without_end(operation: Operation, left: Value, right: Value) -> None:
    with pytest.raises(ExpressionError):
        operation(left, right)


@given(SMALL, SMALL.filter(bool))
def test_quotient_and_remainder_belong_together(number: int, divisor: int) -> None:
    quotient, rest = operator.floor_divide(number, divisor), operator.remainder(number, divisor)
    assert isinstance(quotient, int)
    assert isinstance(rest, int)
    assert quotient * divisor + rest == number
    assert 0 <= rest < abs(divisor)


@pytest.mark.parametrize(("value", "result"), [(1, -1), (-2.5, 2.5)])
def test_negation(value: Value, result: Value) -> None:
    assert operator.negate(value) == result


@pytest.mark.parametrize("value", ["a", None, (), Undefined("x")])
def test_only_numbers_are_negated(value: Value) -> None:
    with pytest.raises(ExpressionError):
        operator.negate(value)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [(1, 1.0, True), (True, 1, True), ("1", 1, False), (None, None, True), (None, 0, False), ((1, 2), (1, 2), True),
     ({"a": 1}, {"a": 1}, True), ("a", "a", True), (SILENT, "a", False)],
)  # fmt: skip
def test_equality(left: Value, right: Value, same: bool) -> None:
    assert operator.equal(left, right) is same


@pytest.mark.parametrize(
    ("left", "right"), [(Undefined("x"), 1), (1, Undefined("x")), (Undefined("x"), Undefined("y"))]
)
def test_what_is_undefined_is_not_compared(left: Value, right: Value) -> None:
    with pytest.raises(ExpressionError, match="undefined"):
        operator.equal(left, right)
    with pytest.raises(ExpressionError, match="undefined"):
        operator.less(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [(1, 2), (1, 1.5), ("a", "b"), ("A", "a"), (1, "0"), (None, 0), ("z", ()), ((), {}), ((1,), (1, 0)), ((1, 2), (2,)),
     ({"a": 1}, {"a": 2}), ("3.10", "3.9")],
)  # fmt: skip
def test_order(left: Value, right: Value) -> None:
    assert operator.less(left, right)
    assert not operator.less(right, left)


@given(DATA, DATA, DATA)
def test_all_data_has_one_order(one: Value, two: Value, three: Value) -> None:
    ranks = sorted([operator.order(one), operator.order(two), operator.order(three)])
    assert ranks[0] <= ranks[1] <= ranks[2]
    assert not operator.less(one, one)


def test_functions_have_no_order() -> None:
    with pytest.raises(ExpressionError, match="no order"):
        operator.less(Function("f", lambda arguments: None), 1)


@pytest.mark.parametrize(
    ("container", "item", "found"),
    [("abc", "b", True), ("abc", "d", False), ("a1", 1, True), ((1, "a"), "a", True), ((1,), 1.0, True), ((1,), 2, False),
     ({"a": 1}, "a", True), ({"a": 1}, 1, False), ("", "", True)],
)  # fmt: skip
def test_containment(container: Value, item: Value, found: bool) -> None:
    assert operator.contains(container, item) is found


@pytest.mark.parametrize("container", [1, None, True, Undefined("x")])
def test_numbers_contain_nothing(container: Value) -> None:
    with pytest.raises(ExpressionError):
        operator.contains(container, "a")


def test_texts_are_joined() -> None:
    assert operator.concatenate(["a", 1, True, None, 1.0, (1, "x"), SILENT]) == 'a1truenone1.0[1, "x"]'
    with pytest.raises(ExpressionError):
        operator.concatenate(["a" * 40_000, "b" * 40_000])
    with pytest.raises(ExpressionError, match="x is undefined"):
        operator.concatenate(["a", Undefined("x")])
