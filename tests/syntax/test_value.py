"""Values of expressions: how they look as text, when they are true, how large they may be."""

from __future__ import annotations

import pytest

from builder.syntax.value import (
    MAX_ITEMS,
    MAX_TEXT,
    SILENT,
    Arguments,
    ExpressionError,
    Function,
    Namespace,
    Undefined,
    Value,
    capped,
    kind_of,
    text_of,
    truth,
    weighed,
)

CALL = Function("f", lambda arguments: None)
SPACE = Namespace("env", {"f": CALL})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"), (True, "true"), (False, "false"), (7, "7"), (-1, "-1"), ("a'b", "a'b"), ("", ""),
        (1.0, "1.0"), (0.5, "0.5"), (1e15, "1000000000000000.0"), (1e16, "10000000000000000.0"),
        (1e30, "1000000000000000000000000000000.0"), (1e-7, "0.0000001"), (float("inf"), "inf"),
        (float("-inf"), "-inf"), (float("nan"), "NaN"),
        ((), "[]"), ((1, "a"), '[1, "a"]'), ((None, True, 1.0, 1e20), "[none, true, 1.0, 1e20]"),
        (("it's", 'a"b', "é"), '["it\'s", "a\\"b", "é"]'), (((1,), ("x",)), '[[1], ["x"]]'),
        ({}, "{}"), ({"a": 1, "b": None}, '{"a": 1, "b": none}'), ({"a": (1, {"b": "c"})}, '{"a": [1, {"b": "c"}]}'),
        (SILENT, ""),
    ],
)  # fmt: skip
def test_values_have_a_text(value: Value, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize("value", [Undefined("x"), CALL, SPACE, (Undefined("x"),), {"a": CALL}])
def test_what_is_no_data_has_no_text(value: Value) -> None:
    with pytest.raises(ExpressionError):
        text_of(value)


@pytest.mark.parametrize(
    ("value", "is_true"),
    [(None, False), (0, False), (0.0, False), ("", False), ((), False), ({}, False), (False, False), (SILENT, False),
     (SPACE, False), (1, True), ("0", True), ("false", True), ((0,), True), ({"a": None}, True), (CALL, True)],
)  # fmt: skip
def test_truth(value: Value, is_true: bool) -> None:
    assert truth(value) is is_true


def test_what_is_undefined_is_neither_true_nor_false() -> None:
    with pytest.raises(ExpressionError, match="x is undefined") as caught:
        truth(Undefined("x", remedy=lambda: "did you mean y?"))
    assert caught.value.remedy == "did you mean y?"
    assert caught.value.code == "recipe.undefined"


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, "none"), (True, "a truth value"), (1, "a number"), (1.5, "a number"), ("", "text"), ((), "a list"), ({}, "a mapping"),
     (SILENT, "undefined"), (CALL, "a function"), (SPACE, "a function")],
)  # fmt: skip
def test_kinds_have_names_for_people(value: Value, kind: str) -> None:
    assert kind_of(value) == kind


def test_a12_texts_are_capped() -> None:
    assert capped("x" * MAX_TEXT)
    with pytest.raises(ExpressionError, match="longer than 65536"):
        capped("x" * (MAX_TEXT + 1))


def test_a12_lists_are_weighed_with_all_that_is_in_them() -> None:
    assert weighed(tuple(range(MAX_ITEMS - 1)))
    with pytest.raises(ExpressionError, match="more than"):
        weighed(tuple(range(MAX_ITEMS)))
    nested: Value = ("x",)
    for _ in range(10):
        nested = (nested, nested)
    weighed(nested)
    for _ in range(40):
        nested = (nested, nested)
    with pytest.raises(ExpressionError, match="more than"):
        weighed(nested)


def test_a12_a_text_of_shared_lists_stops_growing() -> None:
    row: Value = tuple("x" * 100 for _ in range(100))
    with pytest.raises(ExpressionError, match="longer than"):
        text_of((row,) * 100)


def test_arguments_by_place_and_by_name() -> None:
    arguments = Arguments(("a",), {"second": 2})
    assert arguments.take("first", "second", required=1) == {"first": "a", "second": 2}


@pytest.mark.parametrize(
    ("positional", "named", "message"),
    [
        (("a", "b", "c"), {}, "at most 2 arguments, 3 are given"),
        ((), {"other": 1}, "does not know the argument other"),
        (("a",), {"first": 1}, "first is given twice"),
        ((), {}, "first is missing"),
    ],
)
def test_wrong_arguments(positional: tuple[Value, ...], named: dict[str, Value], message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        Arguments(positional, named).take("first", "second", required=1)
