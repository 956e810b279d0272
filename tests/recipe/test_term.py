"""Terms: what evaluating one gives, what it leaves out, what it notes."""

from __future__ import annotations

from builder.errors import MAX_PROBLEMS
from builder.recipe import kind
from builder.recipe.kind import Plain
from builder.recipe.reading import Reading
from builder.recipe.scope import RecipeScope, platform_values
from builder.recipe.shape import Either, Expression, Free, Many, Script, Shape, Text, Typed
from builder.recipe.shape import Table as TableShape
from builder.recipe.term import Constant, Listing, Table, Term, evaluate, expressions, plain, templates
from builder.syntax.expression import Compiler
from builder.syntax.value import Function
from tests.recipe.given import request
from tests.syntax.given import node

TEXTS = Many(Text(kind.TEXT), single=True)


def scope() -> RecipeScope:
    found = request({"python": "3.12", "empty": "", "number": 3})
    return RecipeScope(found, context={"items": ("a", 1)}, platform=platform_values(found))


def term(text: str, shape: Shape) -> Term:
    reading = Reading(Compiler())
    found = reading.read(node(text), shape, "key")
    assert not reading.problems
    return found


def value(text: str, shape: Shape) -> Plain:
    where = scope()
    found = evaluate(term(text, shape), where)
    assert not where.problems
    return found


def test_what_needs_no_scope_is_a_constant() -> None:
    assert term("a", Text(kind.TEXT)) == Constant("a")
    assert term("[a, b]", TEXTS) == Constant(("a", "b"))
    assert term("a: 1\n", TableShape(kind.VARIABLE, Text(kind.NATURAL))) == Constant({"a": 1})
    assert term("x: [1, {y: z}]\n", Free()) == Constant({"x": (1, {"y": "z"})})
    assert isinstance(term("[a, '${{ b }}']", TEXTS), Listing)


def test_a_text_is_of_its_kind() -> None:
    assert value("${{ number }}", Text(kind.NATURAL)) == 3
    assert value("${{ python }}", Text(kind.VERSION)) == "3.12"
    assert value("${{ linux }}", Text(kind.BOOLEAN)) is True


def test_a_text_that_comes_out_empty_is_absent() -> None:
    assert value("${{ empty }}", Text(kind.TEXT)) is None
    assert value("${{ 'x' if win }}", Text(kind.NATURAL)) is None
    assert value("[a, '${{ empty }}', b]", TEXTS) == ("a", "b")


def test_conditions_choose_items() -> None:
    text = "- a\n- if: linux\n  then: b\n- if: win\n  then: [c, d]\n  else:\n    - e\n    - if: unix\n      then: [f, g]\n- if: win\n  then: h\n"
    assert value(text, TEXTS) == ("a", "b", "e", "f", "g")


def test_a_condition_may_stand_for_a_list_of_one() -> None:
    assert value("if: linux\nthen: a\n", TEXTS) == ("a",)
    assert value("if: win\nthen: a\n", TEXTS) == ()


def test_typed_values_keep_their_type_unless_quoted() -> None:
    assert value("${{ number }}", Typed()) == 3
    assert value("'${{ number }}'", Typed()) == "3"
    assert value("${{ items }}", Typed()) == ("a", 1)
    assert value("'${{ items }}'", Typed()) == '["a", 1]'
    assert value("[1, a, '2', '${{ number }}']", Typed()) == (1, "a", "2", "3")
    assert value("v${{ number }}", Typed()) == "v3"


def test_a_question_is_true_or_false() -> None:
    assert value("linux", Expression()) is True
    assert value("python == '3.11'", Expression()) is False
    assert value("${{ linux }}", Expression()) is True


def test_free_data_keeps_everything() -> None:
    text = "a: 1.5\nb: ~\nc: 'x'\nd: true\ne: ['${{ python }}', null]\nf: '${{ number }}'\n"
    assert value(text, Free()) == {"a": 1.5, "b": None, "c": "x", "d": True, "e": ("3.12", None), "f": "3"}


def test_problems_are_noted_and_the_rest_goes_on() -> None:
    where = scope()
    found = evaluate(term("['${{ nowhere }}', b, '${{ pythn }}']", TEXTS), where)
    assert found == ("b",)
    assert [problem.message for problem in where.problems] == ["nowhere is undefined", "pythn is undefined"]
    assert where.problems[1].remedy == "did you mean python?"


def test_a_value_of_the_wrong_kind_is_a_problem_with_its_key() -> None:
    where = scope()
    assert evaluate(term("${{ python }}", Text(kind.NATURAL)), where) is None
    assert where.problems[0].message == "key: '3.12' is not a whole number of 0 or more"
    assert where.problems[0].place is not None


def test_a_condition_that_cannot_be_told_takes_no_branch() -> None:
    where = scope()
    assert evaluate(term("- if: nowhere\n  then: a\n  else: b\n- c\n", TEXTS), where) == ("c",)
    assert len(where.problems) == 1


def test_problems_stop_at_a_cap() -> None:
    where = scope()
    evaluate(term("[" + ", ".join(["'${{ nowhere }}'"] * 200) + "]", TEXTS), where)
    assert len(where.problems) == MAX_PROBLEMS
    assert where.full


def test_in_scripts_all_names_count_as_read_taken_or_not() -> None:
    shape = Either(scalar=Script(Text(kind.SCRIPT_TEXT)), sequence=Script(Many(Text(kind.COMMAND))))
    where = scope()
    text = "- a ${{ python }}\n- if: win\n  then: b ${{ never_defined }}\n- ${{ PREFIX }}\n"
    assert evaluate(term(text, shape), where) == ("a 3.12", "${{ PREFIX }}")
    assert {"python", "never_defined", "win", "PREFIX"} <= set(where.read)


def test_elsewhere_names_of_branches_not_taken_do_not_count() -> None:
    where = scope()
    evaluate(term("- if: win\n  then: ${{ python }}\n- ${{ python if win }}\n", TEXTS), where)
    assert set(where.read) == {"win"}


def test_all_expressions_of_a_term_are_found() -> None:
    found = term("- if: a\n  then: ${{ b }}\n  else:\n    - if: c\n      then: ${{ d }}${{ e }}\n- f\n", TEXTS)
    assert [expression.source for expression in expressions(found)] == ["a", "b", "c", "d", "e"]
    assert len(list(templates(found))) == 4
    table = term("a: ${{ x }}\nb: [1, '${{ y }}']\n", Free())
    assert isinstance(table, Table)
    assert [expression.source for expression in expressions(table)] == ["x", "y"]


def test_what_json_cannot_hold_becomes_text() -> None:
    assert plain(float("inf")) == "inf"
    assert plain((1, float("nan"))) == (1, "NaN")
    assert plain({"a": (True, None)}) == {"a": (True, None)}


def test_a_function_is_no_data() -> None:
    where = scope()
    where.functions = {"f": Function("f", lambda arguments: None)}
    assert evaluate(term("${{ f }}", Typed()), where) is None
    assert "must be called" in where.problems[0].message
