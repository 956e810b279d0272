"""The formats of recipes by the names of files, and by what stands in a text without a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.formats import beside_recipe, is_legacy, name_for, recipe_in


@pytest.mark.parametrize(
    ("name", "legacy"),
    [
        ("meta.yaml", True),
        ("meta.yml", True),
        ("conda.yaml", True),
        ("conda.yml", True),
        ("recipe.yaml", False),
        ("bread.yaml", False),
        ("META.YAML", False),
    ],
)
def test_a_file_is_in_the_format_of_its_name(name: str, legacy: bool) -> None:
    assert is_legacy(Path("some") / name) is legacy


def test_in_a_folder_the_new_format_counts_first(tmp_path: Path) -> None:
    assert recipe_in(str(tmp_path)) is None
    (tmp_path / "conda.yaml").write_text("")
    assert recipe_in(str(tmp_path)) is None  # most such files are environments
    for name in ("meta.yaml", "recipe.yaml"):
        (tmp_path / name).write_text("")
        assert recipe_in(str(tmp_path)) == f"{tmp_path}/{name}"


def test_variants_yaml_is_for_the_new_format_only() -> None:
    assert beside_recipe(Path("a/meta.yaml")) == ("conda_build_config.yaml",)
    assert beside_recipe(Path("a/recipe.yaml")) == ("variants.yaml", "conda_build_config.yaml")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("package: {name: a, version: '1'}\n", "recipe.yaml"),
        ("context: {v: '1'}\npackage:\n  name: a\n  version: ${{ v }}\n", "recipe.yaml"),
        ("package:\n  name: a\nbuild:\n  script: echo '${{{{ x }}}}'\n", "recipe.yaml"),
        ("{% set v = '1' %}\npackage:\n  name: a\n", "meta.yaml"),
        ("package:\n  name: a\n  version: {{ v }}\n", "meta.yaml"),
        ("package:\n  name: a\nbuild:\n  skip: true  # [win]\n", "meta.yaml"),
        ("package:\n  name: a\ntest:\n  imports: a\n", "meta.yaml"),
        ("package:\n  name: a\ntests:\n  - script: a\n", "recipe.yaml"),
        ("", "recipe.yaml"),
    ],
)
def test_a_text_is_called_as_the_format_that_it_is_written_in(text: str, name: str) -> None:
    assert name_for(text) == name
