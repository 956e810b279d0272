"""A recipe's text to its values, pass by pass."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.model.rendering import Platforms
from builder.recipe.v0 import Scope, load_meta
from builder.recipe.v0.scope import LegacyVariant
from builder.recipe.v0.text import MetaText

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")


def recipe(folder: Path, text: str) -> MetaText:
    (folder / "meta.yaml").write_text(text)
    return load_meta(folder / "meta.yaml", lambda path: (folder / path).read_bytes())


def scope(variant: LegacyVariant | None = None) -> Scope:
    return Scope(variant or {"python": "3.12", "mpi": "nompi"}, LINUX, {})


def test_selectors_count_before_and_after_the_template(tmp_path: Path) -> None:
    text = 'package:\n  name: a  # [linux]\n  name: b  # [win]\n  version: {{ "1  # %slinux]" % "[" }}\n  # {{ nobody.looks(here) }}\n'
    found = recipe(tmp_path, text).resolved(scope())
    assert (found.name, found.version) == ("a", "1")


def test_a_recipe_sees_what_it_came_to_before(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: 1.20\nabout:\n  summary: {{ PKG_NAME }} {{ PKG_VERSION }}\n"
    assert recipe(tmp_path, text).resolved(scope()).text("about", "summary") == "a 1.20"


def test_a_skipped_recipe_is_not_rendered_any_further(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: {{ nothing }}\nbuild:\n  skip: true  # [mpi == 'nompi']\n"
    assert recipe(tmp_path, text).resolved(scope()).skip
    with pytest.raises(RecipeError, match="'nothing' is undefined"):
        recipe(tmp_path, text).resolved(scope({"mpi": "openmpi"}))


def test_at_the_first_look_names_may_be_missing(tmp_path: Path) -> None:
    assert recipe(tmp_path, "package:\n  name: a{{ nothing }}\n").first_look(scope()).name == "a"


def test_scripts_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "build.sh").write_text("echo $mpi\n")
    found = recipe(tmp_path, "package:\n  name: a\n")
    assert (found.script("build.sh"), found.script("bld.bat")) == ("echo $mpi\n", None)
    (tmp_path / "build.sh").unlink()
    assert found.script("build.sh") == "echo $mpi\n"


def test_pieces_are_selected_as_the_whole(tmp_path: Path) -> None:
    found = recipe(tmp_path, "package:\n  name: a\n")
    assert found.selected("- a  # [win]\n- b  # [linux]\n", scope()) == "- b\n"


@pytest.mark.parametrize("data", [b"\xff", b"a" * (2 << 20), b"a\x00"])
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "meta.yaml").write_bytes(data)
    with pytest.raises(RecipeError):
        load_meta(tmp_path / "meta.yaml")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "meta.yaml")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_meta(tmp_path / "meta.yaml")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_meta(tmp_path / "none" / "meta.yaml")
