"""Text with expressions in it, conditions, and errors that point at the expression."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.syntax.expression import Compiler, Meter
from builder.syntax.node import Mapping, Scalar
from builder.syntax.template import Condition, Template, compile_condition, compile_template, is_template
from builder.syntax.value import Value
from tests.syntax.given import Names, node, scalar

NAMES: dict[str, Value] = {
    "name": "zlib",
    "version": "1.3",
    "linux": True,
    "win": False,
    "number": 3,
    "none_there": None,
}


def template(text: str, *, plain: bool = True) -> Template:
    return compile_template(scalar(text, plain=plain), Compiler())


def value_in(text: str, key: str) -> Scalar:
    root = node(text)
    assert isinstance(root, Mapping)
    found = root.get(key)
    assert isinstance(found, Scalar)
    return found


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"), ("", ""), ("${{ name }}", "zlib"), ("${{name}}", "zlib"), ("lib${{ name }}-${{ version }}.tar", "libzlib-1.3.tar"),
        ("${{ name }}${{ version }}", "zlib1.3"), ("${{ '}}' }}", "}}"), ("${{ \"}}\" ~ name }}", "}}zlib"), ("${{ {'a': {'b': 1}} }}", '{"a": {"b": 1}}'),
        ("${{ {'a': '}}'}['a'] }}", "}}"), ("a ${{- name -}} b", "azlibb"), ("a\n  ${{- name }}", "azlib"), ("${{ name -}}\n b", "zlibb"),
        ("${{ 'x' if win }}", ""), ("-${{ 'x' if win }}-", "--"), ("${{ none_there }}", "none"), ("${{ linux }} ${{ number + 1 }}", "true 4"),
        ("$ { { name } }", "$ { { name } }"), ("{{ name }}", "{{ name }}"), ("${name}", "${name}"), ("a }} b", "a }} b"),
        ("${{\n name\n}}", "zlib"), ("it's ${{ name }}", "it's zlib"), ("{% if x %}${{ name }}", "{% if x %}zlib"), ("${#list[@]} ${{ name }}", "${#list[@]} zlib"),
    ],
)  # fmt: skip
def test_text(text: str, result: str) -> None:
    assert template(text).text(Names(NAMES)) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${{ number }}", 3), (" ${{ number }} ", 3), ("${{ [1, 'a'] }}", (1, "a")), ("${{ linux }}", True), ("${{ none_there }}", None),
        ("${{ number }}0", "30"), ("plain", "plain"), ("${{ number }}${{ number }}", "33"),
    ],
)  # fmt: skip
def test_one_expression_alone_keeps_its_type(text: str, result: Value) -> None:
    found = template(text).value(Names(NAMES))
    assert found == result
    assert type(found) is type(result)


def test_its_expressions_are_listed() -> None:
    found = template("a ${{ name }} b ${{ version | lower }}")
    assert [expression.source for expression in found.expressions] == ["name", "version | lower"]


@pytest.mark.parametrize(
    ("text", "has"), [("${{ a }}", True), ("${{ a", False), ("{{ a }}", False), ("a", False), ("}} ${{", True)]
)
def test_templates_are_told_from_text(text: str, has: bool) -> None:
    assert is_template(text) is has


@pytest.mark.parametrize(
    ("text", "key", "place", "message"),
    [
        ("a: ${{ nam }}\n", "a", "test.yaml:1:8", "nam is undefined"),
        ("a: lib-${{ name }}-${{ nam }}\n", "a", "test.yaml:1:24", "nam is undefined"),
        ("a: '${{ nam }}'\n", "a", "test.yaml:1:9", "nam is undefined"),
        ("a: |\n  one\n  two ${{ nam }}\n", "a", "test.yaml:3:11", "nam is undefined"),
        ("a:\n    ${{ name | lowr }}\n", "a", "test.yaml:2:9", "there is no filter lowr in name | lowr"),
        ("a: ${{ name + 1 }}\n", "a", "test.yaml:1:8", "+ does not work between text and a number in name + 1"),
        ("a: ${{ 1 + }}\n", "a", "test.yaml:1:8", "in 1 +"),
        ("a: nam x ${{ nam }}\n", "a", "test.yaml:1:14", "nam is undefined"),
        ("a: ${{ name }} nam ${{- nam -}} x\n", "a", "test.yaml:1:25", "nam is undefined"),
        ('a: "\\tnam\\n${{ nam }}"\n', "a", "test.yaml:1:16", "nam is undefined"),
        ("a: x ${{ name\n", "a", "test.yaml:1:6", "${{ is never closed by }} in ${{ name"),
    ],
)
def test_errors_point_at_the_expression(text: str, key: str, place: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        compile_template(value_in(text, key), Compiler()).text(Names(NAMES))
    problem = caught.value.problems[0]
    assert str(problem.place) == place
    assert problem.place is not None
    assert problem.place.frame is not None
    assert problem.place.frame in text
    assert message in problem.message


def test_an_error_has_the_remedy_of_the_expression() -> None:
    with pytest.raises(RecipeError) as caught:
        template("${{ nam }}").text(Names(NAMES))
    assert caught.value.problems[0].remedy == "did you mean name?"
    assert caught.value.problems[0].code == "recipe.undefined"


def test_a_long_expression_is_cut_in_the_message() -> None:
    with pytest.raises(RecipeError) as caught:
        template("${{ 1 + 'a' ~ '" + "x" * 500 + "' }}").text(Names())
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("linux", True),
        ("win", False),
        ("not win", True),
        ("name == 'zlib' and number > 2", True),
        ("''", False),
        ("'x' if win", False),
    ],
)
def test_conditions(text: str, holds: bool) -> None:
    assert compile_condition(scalar(text), Compiler()).holds(Names(NAMES)) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wni", "wni is undefined"),
        ("wni == 1", "wni is undefined in wni == 1"),
        ("not wni", "wni is undefined in not wni"),
    ],
)
def test_a_condition_over_an_undefined_name_is_an_error(text: str, message: str) -> None:
    condition: Condition = compile_condition(value_in(f"a: {text}\n", "a"), Compiler())
    with pytest.raises(RecipeError) as caught:
        condition.holds(Names(NAMES))
    assert caught.value.problems[0].message == message
    assert caught.value.problems[0].remedy == "did you mean win?"
    assert str(caught.value.problems[0].place).startswith("test.yaml:1:")


def test_a12_a_text_of_many_expressions_is_capped_as_a_whole() -> None:
    with pytest.raises(RecipeError, match="longer than"):
        template("${{ x }}" * 3).text(Names({"x": "a" * 30_000}))
    assert len(template("${{ x }}" * 2).text(Names({"x": "a" * 30_000}))) == 60_000


def test_a12_a_long_text_without_expressions_is_no_output_of_one() -> None:
    assert len(template("y" * 200_000 + "${{ x }}").text(Names({"x": "a"}))) == 200_001


def test_a12_a_meter_counts_over_templates() -> None:
    meter, names = Meter(left=100), Names({"x": "a" * 60})
    template("${{ x }}").text(names, meter)
    with pytest.raises(RecipeError, match="more text than any recipe needs"):
        template("${{ x }}").text(names, meter)


@pytest.mark.parametrize(
    "text",
    [
        "${{ " + "()" * 500_000 + " }}",
        "${{ '" + "\\'" * 400_000 + " }}",
        "${{ (" + " }}" * 300_000,
        "${{a-}}" * 130_000,
    ],
    ids=["brackets", "open quote", "open bracket", "expressions"],
)
def test_every_character_is_looked_at_once(text: str) -> None:
    """Looking back and forth would take minutes."""
    with pytest.raises(RecipeError, match=r"more than|unexpected|never closed"):
        compile_template(scalar(text), Compiler())


def test_much_space_between_expressions_is_looked_at_once() -> None:
    assert template("${{ a -}}" + " " * 100_000 + ("${{ a -}}   " * 9_000)).text(Names({"a": ""})) == ""


def test_a_quote_that_nothing_closes_is_the_expressions_own_mistake() -> None:
    with pytest.raises(RecipeError, match="unexpected char"):
        template("${{ it's }} and more")


@given(st.text(alphabet="ab ${}'\"|-\n", max_size=30))
def test_whatever_the_text_it_has_a_text_or_an_error(text: str) -> None:
    try:
        found = compile_template(scalar(text), Compiler()).text(Names({"a": "x", "b": "y", "ab": "z"}))
    except RecipeError as error:
        assert error.problems[0].place is not None  # noqa: PT017 - both ways are right
    else:
        assert isinstance(found, str)
        assert "${{" in text or found == text


@given(st.text(alphabet=st.characters(exclude_characters="$", codec="utf-8"), max_size=40))
def test_text_without_expressions_is_left_alone(text: str) -> None:
    assert template(text).text(Names()) == text
