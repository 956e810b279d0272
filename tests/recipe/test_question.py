"""Conditions of skip: what they read, what a template makes of them, and that no answer means no, with a warning."""

from __future__ import annotations

import pytest

from builder.errors import Problem, RecipeError
from builder.model.variant import VariantValue
from tests.recipe.given import PACKAGE, built, evaluated, only_problem, problems, request


def skipped(skip: str, variant: dict[str, VariantValue] | None = None) -> bool:
    return built(f"build:\n  skip: {skip}\n", variant or {}).skip


def warned(skip: str, variant: dict[str, VariantValue] | None = None) -> Problem:
    found = evaluated(PACKAGE + f"build:\n  skip: {skip}\n", request(variant or {}))
    assert not found.output.skip
    (warning,) = found.warnings
    return warning


def test_an_undefined_name_does_not_skip_and_says_what_was_meant() -> None:
    warning = warned("wni")
    assert warning.message == "build.skip counts as false: wni is undefined"
    assert warning.remedy == "did you mean win?"
    assert (warning.place.line, warning.place.column) == (3, 9) if warning.place else False


@pytest.mark.parametrize(
    ("skip", "why"),
    [
        ("py < 311", "py is undefined"), ("nosuch(linux)", "there is no function nosuch"), ("1 + 'a'", "+ does not work"),
        ("match(python, 'nospec..')", "is not a version spec"), ("cmp(python, '3')", "cmp is not a function any more"),
        ("not (linux and ${{ variant }} == 'x')", "x is undefined"), ("${{ 'linux and' }}", "build.skip counts as false"),
        ("${{ 'linux | nosuch' }}", "there is no filter nosuch"), ("${{ 'linux is nosuch' }}", "there is no test nosuch"),
    ],
)  # fmt: skip
def test_what_has_no_answer_does_not_skip(skip: str, why: str) -> None:
    assert why in warned(skip, {"python": "3.12", "variant": "x"}).message


@pytest.mark.parametrize(
    ("skip", "expected"),
    [
        ("${{ linux }}", True), ("${{ win }}", False), ("${{ 'win' if linux }}", False), ("${{ 'linux' if linux }}", True),
        ("${{ 'linux' if win }}", False), ("match(python, '<${{ least }}')", True), ("match(python, '>=${{ least }}')", False),
        ("\"'${{ variant }}' == 'x'\"", True), ("\"'${{ variant }}' == 'y'\"", False), ("['${{ \"win\" }}', '${{ \"linux\" }}']", True),
        ("win or ${{ 'linux' }}", True), ("'${{ \" \" }}'", False),
    ],
)  # fmt: skip
def test_what_a_template_makes_is_a_condition(skip: str, expected: bool) -> None:
    assert skipped(skip, {"python": "3.12", "least": "3.13", "variant": "x"}) is expected


def test_a_condition_that_a_template_makes_counts_what_it_reads() -> None:
    text = PACKAGE + "build: {skip: \"match(python, '<${{ least }}')\"}\n"
    found = evaluated(text, request({"python": "3.12", "least": "3.13"}))
    assert {"python", "least"} <= set(found.read)
    assert found.warnings == ()


def test_another_condition_may_skip_all_the_same() -> None:
    found = evaluated(PACKAGE + "build: {skip: [wni, linux]}\n")
    assert found.output.skip
    assert len(found.warnings) == 1


def test_a_warning_is_told_once() -> None:
    assert len(evaluated(PACKAGE + "build: {skip: wni, string: 'h${{ hash }}'}\n").warnings) == 1


@pytest.mark.parametrize(
    ("skip", "code"),
    [
        ("linux and and", "recipe.expression-syntax"), ("linux | nosuch", "recipe.unknown-filter"),
        ("'${{ wni }}'", "recipe.undefined"), ("env.get('HOME') == 'x'", "recipe.refused"),
        ("\"'x' * 100000 == 'y'\"", "recipe.too-much"), ("\"${{ 'x' * 9000 }}\"", "recipe.too-much"),
    ],
)  # fmt: skip
def test_what_is_no_condition_at_all_is_an_error(skip: str, code: str) -> None:
    """So is one that asks for too much, or for what recipes may not see: false would be a guess."""
    assert only_problem(PACKAGE + f"build: {{skip: {skip}}}\n").code == code


def test_errors_elsewhere_are_told_as_ever() -> None:
    text = PACKAGE + "build: {skip: wni}\nabout: {summary: '${{ wni }}'}\n"
    assert [problem.message for problem in problems(text)] == ["wni is undefined"]
    with pytest.raises(RecipeError):
        evaluated(text)
