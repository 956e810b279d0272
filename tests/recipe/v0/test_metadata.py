"""Values of a resolved recipe."""

from __future__ import annotations

import pytest

from builder.errors import Place, RecipeError
from builder.recipe.v0.metadata import Metadata, checked, expanded, texts
from builder.syntax.legacy.data import Plain


def nowhere(path: str) -> Place:
    return Place(file=f"meta.yaml, {path}")


def test_sections_are_read_as_by_conda_build() -> None:
    found = checked(
        {
            "package": {"name": "a", "version": "1.10"},
            "build": {"number": "3", "skip": "yes", "noarch": "python", "noarch_python": "off", "script_env": "A"},
            "source": {"url": "x"},
            "outputs": [{"name": "b"}, None],
            "requirements": {"run": ["c", None, "d"], "host": "e"},
            "about": None,
        },
        nowhere,
    )
    assert (found.name, found.version, found.number, found.noarch) == ("a", "1.10", 3, "python")
    assert (found.skip, found.noarch_python) == (True, False)
    assert found.texts("build", "script_env") == ["A"]
    assert (found.requirements("run"), found.requirements("host"), found.requirements("build")) == (
        ["c", "d"],
        ["e"],
        [],
    )
    assert (found.entries("source"), found.entries("outputs")) == ([{"url": "x"}], [{"name": "b"}])
    assert found.section("about") == {}


def test_an_empty_recipe_has_nothing() -> None:
    found = checked(None, nowhere)
    assert (found.name, found.version, found.number, found.skip, found.noarch) == ("", "", 0, False, None)


@pytest.mark.parametrize(
    ("noarch", "expected"), [(True, "generic"), ("generic", "generic"), (False, None), ("no", None)]
)
def test_kinds_of_noarch(noarch: Plain, expected: str | None) -> None:
    assert Metadata(sections={"build": {"noarch": noarch}}).noarch == expected


@pytest.mark.parametrize("bad", [["a"], {"package": "a"}, {"source": "a"}, {"outputs": ["a"]}, {"build": ["a"]}])
def test_sections_of_another_shape_are_refused(bad: Plain) -> None:
    with pytest.raises(RecipeError, match="must be"):
        checked(bad, nowhere)


def test_requirements_without_a_kind_are_for_host_and_run() -> None:
    assert expanded(["a", "b"]) == {"host": ["a", "b"], "run": ["a", "b"]}
    assert expanded({"build": "c", "run": None}) == {"build": ["c"], "run": []}
    assert expanded(None) == {}


def test_texts_of_anything() -> None:
    assert texts(["a", None, "", True]) == ["a", "True"]
    assert texts("a") == ["a"]
    assert texts(None) == []
