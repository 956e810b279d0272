"""Errors in what a template wrote are told with the recipe's own lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import Place, Problem, RecipeError
from builder.model.rendering import Platforms
from builder.recipe.v0 import Scope, load_meta
from builder.recipe.v0.written import as_written
from builder.syntax.legacy.lines import Selected

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")

HEAD = "{% set version = '1' %}\npackage:\n  name: a\n  version: {{ version }}\n"


def problem(folder: Path, text: str) -> Problem:
    (folder / "meta.yaml").write_text(text)
    with pytest.raises(RecipeError) as caught:
        load_meta(folder / "meta.yaml").resolved(Scope({}, LINUX, {}))
    return caught.value.problems[0]


def where(found: Problem) -> tuple[int | None, str | None]:
    assert found.place is not None
    return found.place.line, found.place.frame


@pytest.mark.parametrize(
    ("text", "line", "frame"),
    [
        ("build: &a\n  script: *b\n", 6, "  script: *b"),
        ("build:\n  number: 1  # [win]\n  script: a  # [win]\n  script: *b\n", 8, "  script: *b"),
        ("build:\n\tnumber: 1\n", 6, "\tnumber: 1"),
        ("extra:\n  x: {{ 'y  # %slinux and]' % '[' }}\n", 6, "  x: {{ 'y  # %slinux and]' % '[' }}"),
    ],
)
def test_lines_of_a_template_that_writes_one_for_each(text: str, line: int, frame: str, tmp_path: Path) -> None:
    assert where(problem(tmp_path, HEAD + text)) == (line, frame)


def test_after_a_loop_a_line_is_found_by_what_it_says(tmp_path: Path) -> None:
    text = HEAD + "about:\n  keywords: {% for one in [1, 2] %}\n    - a{{ one }}{% endfor %}\nbuild:\n  script: *gone\n"
    assert where(problem(tmp_path, text)) == (9, "  script: *gone")


def test_what_stands_nowhere_has_the_file(tmp_path: Path) -> None:
    text = HEAD + "build:\n  {% for one in [1, 2] %}\n  key{{ one }}: *gone\n  {% endfor %}\n"
    found = problem(tmp_path, text)
    assert where(found) == (None, None)
    assert found.place == Place(file=str(tmp_path / "meta.yaml"))


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("- a\n", "the recipe must be a mapping", None),
        (HEAD + "build:\n  - number\n", "the section build must be a mapping", 5),
        (HEAD + "requirements: zlib\n", "the section requirements must be a mapping", 5),
        (HEAD + "outputs: libx\n", "the section outputs must be a mapping or a list of them", 5),
        (HEAD + "requirements:\n  host:\n    - zlib: 1\n", "each requirement in host must be text", 6),
    ],
)
def test_sections_of_another_shape(text: str, message: str, line: int | None, tmp_path: Path) -> None:
    found = problem(tmp_path, text)
    assert (found.code, found.message) == ("recipe.shape", message)
    assert where(found)[0] == line
    assert found.remedy is not None


def test_problems_without_a_place_stay(tmp_path: Path) -> None:
    del tmp_path
    problems = [Problem(code="a", message="b"), Problem(code="c", message="d", place=Place(file="e"))]
    assert as_written(problems, "", Selected(text="\n", numbers=()), "", ()) == problems


def test_keys_that_stand_twice(tmp_path: Path) -> None:
    text = HEAD + "build:\n  number: 1  # [win]\n  number: 2\n  skip: false\n  number: 3\nbuild:\n  number: 4\n"
    (tmp_path / "meta.yaml").write_text(text)
    recipe = load_meta(tmp_path / "meta.yaml")
    for _ in range(2):
        assert recipe.resolved(Scope({}, LINUX, {})).number == 4
    assert [(found.code, *where(found)) for found in recipe.doubled] == [
        ("recipe.key-twice", 9, "  number: 3"),
        ("recipe.key-twice", 10, "build:"),
    ]
