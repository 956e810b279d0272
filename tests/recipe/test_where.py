"""Where an output's script stands in the recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import Place
from builder.model.recipe import GitSource, PathSource, Source, UrlSource
from builder.recipe.where import script_place, source_place

ONE = """\
package: {name: bun, version: 1}
build:
  number: 1
  script:
    content: [x]
    interpreter: pyton
"""
SEVERAL = """\
recipe: {name: buns}
build:
  script: top.py
outputs:
  - package: {name: one}
    build:
      script:
        file: one.py
  - package:
      name: two
    build: {number: 1}
  - staging:
      name: dough
    build:
      script: [a]
  - package: {name: "${{ x }}"}
    build:
      script: late.py
"""


def at(folder: Path, text: str, output: str) -> Place:
    (folder / "recipe.yaml").write_text(text)
    return script_place(folder / "recipe.yaml", output)


def test_the_interpreter_that_is_named(tmp_path: Path) -> None:
    place = at(tmp_path, ONE, "bun")
    assert str(place) == f"{tmp_path / 'recipe.yaml'}:6:18"
    assert place.frame == "    interpreter: pyton"


@pytest.mark.parametrize(("output", "line"), [("one", 8), ("two", 3), ("dough", 15), ("three", 3)])
def test_an_output_of_several_has_its_own_or_the_recipes(tmp_path: Path, output: str, line: int) -> None:
    assert at(tmp_path, SEVERAL, output).line == line


@pytest.mark.parametrize(
    "text", ["", "a: [", "[]", "package: {name: bun}", "build: x", "outputs: 3\nbuild: {number: 1}"]
)
def test_a_recipe_without_one_is_a_file(tmp_path: Path, text: str) -> None:
    assert at(tmp_path, text, "bun") == Place(file=str(tmp_path / "recipe.yaml"))


def test_a_recipe_that_is_gone_is_a_name(tmp_path: Path) -> None:
    assert script_place(tmp_path / "gone.yaml", "bun") == Place(file=str(tmp_path / "gone.yaml"))


SOURCES = """\
source: {path: shared}
outputs:
  - package: {name: one}
    source:
      - url: [https://example.org/a, https://example.org/b]
      - if: linux
        then:
          path: ../up
      - git: https://example.org/c
      - path: ${{ name }}
  - package: {name: two}
"""


@pytest.mark.parametrize(
    ("output", "source", "where"),
    [
        ("one", PathSource(path="../up"), (8, 17)),
        ("one", UrlSource(urls=("https://example.org/a", "https://example.org/b")), (5, 15)),
        ("one", GitSource(git="https://example.org/c"), (9, 14)),
        ("one", PathSource(path="shared"), (1, 16)),
        ("one", PathSource(path="made by a template"), (5, 7)),
        ("two", PathSource(path="shared"), (1, 16)),
        ("two", PathSource(path="../up"), (1, 9)),
    ],
)
def test_a_source_is_found_where_it_is_written(
    tmp_path: Path, output: str, source: Source, where: tuple[int, int]
) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(SOURCES)
    place = source_place(file, output, source)
    assert (place.line, place.column) == where
    assert place.frame


def test_a_recipe_that_is_gone_has_no_lines(tmp_path: Path) -> None:
    assert source_place(tmp_path / "none", "one", PathSource(path="x")) == Place(file=str(tmp_path / "none"))
    (tmp_path / "bare").write_text("package: {name: one}\n")
    assert source_place(tmp_path / "bare", "one", PathSource(path="x")) == Place(file=str(tmp_path / "bare"))


def test_in_a_template_the_line_of_the_section_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "meta.yaml"
    file.write_text(
        "{% set v = 1 %}\npackage:\n  name: one\nsource:\n  url: https://example.org/{{ v }}\nbuild:\n  number: 0\n"
        "  script: {{ v }}\n"
    )
    place = source_place(file, "one", UrlSource(urls=("https://example.org/1",)))
    assert (place.line, place.frame) == (4, "source:")
    assert script_place(file, "one").line == 8
    file.write_bytes(b"{% \xff")
    assert script_place(file, "one") == Place(file=str(file))
