"""Compiling: once per text, with the names and calls that are in it; evaluating: only the names that are needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.syntax.expression import MAX_SOURCE, Call, Compiler, Meter, suggestion
from builder.syntax.value import Arguments, ExpressionError, Function, Undefined, Value
from tests.syntax.given import Names, value_of


def test_each_text_is_compiled_once() -> None:
    compiler = Compiler()
    assert compiler.expression("a + 1") is compiler.expression("  a + 1 ")
    assert len(compiler.compiled) == 1
    assert Compiler().expression("a + 1") is not compiler.expression("a + 1")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("name", {"name"}), ("true", set()), ("None", set()), ("'name'", set()), ("a ~ b", {"a", "b"}),
        ("a if b else c", {"a", "b", "c"}), ("a.b", {"a"}), ("a['b']", {"a"}), ("a[b]", {"a", "b"}), ("a[b:c]", {"a", "b", "c"}),
        ("a | default(b)", {"a", "b"}), ("a is eq b", {"a", "b"}), ("a < b < c", {"a", "b", "c"}), ("not a", {"a"}), ("-a", {"a"}),
        ("[a, {'k': b}]", {"a", "b"}), ("compiler('c')", set()), ("match(python, '>3')", {"python"}), ("env.get('x')", {"env"}),
        ("f(a, k=b)", {"a", "b"}), ("f ~ f('x')", {"f"}), ("linux and a", {"linux", "a"}),
    ],
)  # fmt: skip
def test_names_are_all_variables_taken_or_not(source: str, names: set[str]) -> None:
    assert Compiler().expression(source).names == names


@pytest.mark.parametrize(
    ("source", "calls"),
    [
        ("compiler('c')", [Call("compiler", "c")]),
        ("compiler(lang)", [Call("compiler", None)]),
        ("f()", [Call("f", None)]),
        ("a.f('x')", []),
        ("f(1)", [Call("f", None)]),
        (
            "pin_subpackage('a', exact=true) if match(x, '1') else g('b')",
            [Call("match", None), Call("pin_subpackage", "a"), Call("g", "b")],
        ),
        ("[compiler('c'), stdlib('c')]", [Call("compiler", "c"), Call("stdlib", "c")]),
    ],
)
def test_calls_are_described(source: str, calls: list[Call]) -> None:
    found = Compiler().expression(source).calls
    assert sorted(found, key=str) == sorted(calls, key=str)


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("a", ["a"]), ("1 if yes else a", ["yes"]), ("a if no else 1", ["no"]), ("yes or a", ["yes"]), ("no and a", ["no"]),
        ("no or yes", ["no", "yes"]), ("yes ~ yes", ["yes", "yes"]), ("[a][0] if no", ["no"]),
    ],
)  # fmt: skip
def test_only_what_is_needed_is_asked_for(source: str, asked: list[str]) -> None:
    names = Names({"yes": True, "no": False, "a": 1})
    Compiler().expression(source).evaluate(names)
    assert names.asked == asked


def test_what_is_undefined_is_a_value_until_it_is_used() -> None:
    found = value_of("version", versions="1")
    assert isinstance(found, Undefined)
    assert found == Undefined("version")
    assert found.refuse().remedy == "did you mean versions?"


def test_a_name_is_compared_with_the_likeliest_of_many_only() -> None:
    known = [f"key_number_{index}" for index in range(100_000)]
    assert suggestion("key_nomber_7", known) is not None
    assert suggestion("x" * 10_000, known) is None


def test_endless_source_is_refused_before_it_is_parsed() -> None:
    Compiler().expression(" " * MAX_SOURCE * 2 + "a")
    with pytest.raises(ExpressionError, match="more than 8192 characters"):
        Compiler().expression("a" + " " * MAX_SOURCE + "+ 1")


@pytest.mark.parametrize(
    "source", ["(" * 3000 + "1" + ")" * 3000, "not " * 2000 + "1", "-" * 3000 + "1", "1" + "+1" * 4000]
)
def test_a15_nesting_is_a_clean_error(source: str) -> None:
    with pytest.raises(ExpressionError, match="nested") as caught:
        value_of(source)
    assert caught.value.code == "recipe.too-much"


def test_a15_recursion_while_evaluating_is_a_clean_error() -> None:
    def again(arguments: Arguments) -> Value:
        return again(arguments)

    deep = Function("deep", again)
    with pytest.raises(ExpressionError, match="nested too deeply"):
        value_of("deep()", deep=deep)


def test_a_meter_bounds_all_evaluations_that_share_it() -> None:
    expression, meter = Compiler().expression("x ~ x"), Meter(left=250)
    names = Names({"x": "a" * 50})
    expression.evaluate(names, meter)
    expression.evaluate(names, meter)
    with pytest.raises(ExpressionError, match="more text than any recipe needs"):
        expression.evaluate(names, meter)


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("scrpt", ["script", "string"], "did you mean script?"),
        ("pyton", ["python", "numpy"], "did you mean python?"),
        ("zzz", ["python"], None),
        ("a", [], None),
    ],
)
def test_suggestions(name: str, known: list[str], words: str | None) -> None:
    assert suggestion(name, known) == words


@given(st.sets(st.text(alphabet="abcdef", min_size=1, max_size=6), max_size=8), st.text(alphabet="abcdef", max_size=6))
def test_a_suggestion_does_not_depend_on_the_order_of_a_set(known: set[str], name: str) -> None:
    assert suggestion(name, known) == suggestion(name, sorted(known, reverse=True))
