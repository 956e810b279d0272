"""Pieces of a recipe's text, by conda-build's patterns."""

from __future__ import annotations

from builder.recipe.v0.sections import (
    first_requirements,
    has_package,
    output_texts,
    outputs_section,
    package_and_build,
    requirements_section,
)

RECIPE = """{% set version = "1" %}
package:
  name: top
build:
  string: x
requirements:
  host:
    - zlib
outputs:
  - name: one
    requirements:
      - bzip2
    test:
      commands:
        - one
  - type: wheel
    name: two
test:
  commands:
    - top
about:
  home: https://example.org
"""


def test_sections_end_where_the_next_one_begins() -> None:
    assert package_and_build(RECIPE) == RECIPE[: RECIPE.index("requirements:")]
    assert requirements_section(RECIPE, top=True) == "requirements:\n  host:\n    - zlib\n"
    assert outputs_section(RECIPE) == RECIPE[RECIPE.index("outputs:") : RECIPE.index("test:\n  commands:\n    - top")]


def test_entries_begin_with_a_name_or_a_type() -> None:
    first, second = output_texts(outputs_section(RECIPE))
    assert first.startswith("  - name: one")
    assert second.startswith("  - type: wheel")
    assert "two" in second


def test_requirements_of_an_output() -> None:
    (first, _) = output_texts(outputs_section(RECIPE))
    assert requirements_section(first, top=False).strip() == "requirements:\n      - bzip2"
    assert first_requirements(first).startswith("requirements:\n      - bzip2")


def test_what_is_not_there_is_empty() -> None:
    assert outputs_section("package:\n  name: a\n") == ""
    assert requirements_section("package:\n  name: a\n", top=True) == ""
    assert first_requirements("") == ""
    assert package_and_build("package:\n  name: a\n") == "package:\n  name: a\n"


def test_a_whole_recipe_has_a_package() -> None:
    assert has_package(RECIPE)
    assert not has_package(output_texts(outputs_section(RECIPE))[0])
