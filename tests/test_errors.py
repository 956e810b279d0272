"""The error tree: exit codes, places, many problems at once."""

from __future__ import annotations

import pytest

from builder import errors
from builder.errors import BakehouseError, Place, Problem, RecipeError, UnsolvableError

TREE = {
    "UsageError": (2, "BakehouseError", "usage"), "RecipeError": (2, "UsageError", "recipe"),
    "SourceError": (2, "UsageError", "source"), "UnsolvableError": (2, "UsageError", "environment.unsolvable"),
    "WorkError": (1, "BakehouseError", "work"), "ScriptError": (1, "WorkError", "script"), "CheckError": (1, "WorkError", "check"),
    "PackageTestError": (1, "WorkError", "test"), "MachineError": (3, "BakehouseError", "machine"),
    "Interrupted": (130, "BakehouseError", "interrupted"),
}  # fmt: skip


def test_the_tree_is_complete() -> None:
    found = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, BakehouseError)
    }
    assert found == {"BakehouseError", *TREE}
    assert all(name in (errors.__doc__ or "") for name in found)


@pytest.mark.parametrize("name", TREE)
def test_codes_and_parents(name: str) -> None:
    kind = getattr(errors, name)
    code, parent, default = TREE[name]
    assert kind.exit_code == code
    assert kind.__bases__ == (getattr(errors, parent),)
    assert kind("it broke").problems == (Problem(code=default, message="it broke"),)
    assert f"[{code}]" in (errors.__doc__ or "")


def test_one_problem() -> None:
    place = Place(file="recipe.yaml", line=3, column=7, frame="  nmae: x")
    error = RecipeError("unknown key 'nmae'", code="recipe.unknown-key", place=place, remedy="did you mean 'name'?")
    assert str(error) == "recipe.yaml:3:7: unknown key 'nmae'"
    assert error.args == ("unknown key 'nmae'",)
    assert error.problems[0].remedy == "did you mean 'name'?"


def test_many_problems() -> None:
    problems = [Problem(code="a", message="one"), Problem(code="b", message="two", place=Place(file="x"))]
    error = UnsolvableError.of(iter(problems))
    assert isinstance(error, UnsolvableError)
    assert error.problems == tuple(problems)
    assert str(error) == "one\nx: two"
    assert error.args == ("one",)


def test_no_problem_is_no_error() -> None:
    with pytest.raises(IndexError):
        BakehouseError.of([])


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place(file="a"), "a"), (Place(file="a", line=1), "a:1"), (Place(file="a", line=1, column=2), "a:1:2"),
        (Place(file="a", column=2), "a:2"), (Place(file="a", line=0, column=0), "a:0:0"),
    ],
)  # fmt: skip
def test_places(place: Place, text: str) -> None:
    assert str(place) == text


def test_errors_are_joined_as_the_first() -> None:
    one = RecipeError.of([Problem(code="a", message="1"), Problem(code="b", message="2")])
    both = errors.joined([one, BakehouseError("3", remedy="mend it")])
    assert type(both) is RecipeError
    assert [problem.message for problem in both.problems] == ["1", "2", "3"]
    assert both.problems[2].remedy == "mend it"
