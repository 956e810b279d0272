"""What a ``meta.yaml`` and its outputs run."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.model.recipe import Script
from builder.model.rendering import Platforms
from builder.recipe.v0 import Metadata, MetaText, Remarks, Scope, load_meta, output_metadata, outputs_of
from builder.recipe.v0.outputs import OutputMetadata
from builder.recipe.v0.script import script_of_output, script_of_recipe

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")


def recipe_of(folder: Path, text: str) -> tuple[Metadata, MetaText]:
    """Return the recipe without its outputs, and its text."""
    (folder / "meta.yaml").write_text(text)
    meta = load_meta(folder / "meta.yaml", lambda path: (folder / path).read_bytes())
    return meta.resolved(Scope({}, LINUX, {})), meta


def outputs(recipe: Metadata) -> dict[str, OutputMetadata]:
    """Return the outputs of a recipe by name."""
    entries, top = outputs_of(recipe, mentions_output=False, whole=True)
    found = [output_metadata(top, entry, {}) for entry in entries]
    return {one.metadata.name: one for one in found}


def of_recipe(folder: Path, text: str, system: str = "linux") -> tuple[Script | None, list[str]]:
    """Return what a recipe runs, and the codes of its problems."""
    recipe, meta = recipe_of(folder, text)
    remarks = Remarks(file="meta.yaml", text=text)
    return script_of_recipe(recipe, meta, system, remarks), [one.code for one in remarks.problems]


def test_lines_are_those_of_the_shell_and_not_strict(tmp_path: Path) -> None:
    one = "package: {name: a, version: '1'}\nbuild: {script: make install}\n"
    assert of_recipe(tmp_path, one) == (Script(content=("make install",), strict=False), [])
    two = "package: {name: a, version: '1'}\nbuild:\n  script:\n    - make\n    - make install\n"
    assert of_recipe(tmp_path, two) == (Script(content=("make", "make install"), strict=False), [])


def test_a_script_beside_the_recipe_is_that_of_the_platform(tmp_path: Path) -> None:
    text = "package: {name: a, version: '1'}\n"
    assert of_recipe(tmp_path, text) == (None, [])
    (tmp_path / "build.sh").write_text("make\n")
    assert of_recipe(tmp_path, text) == (Script(file="build.sh", strict=False), [])
    assert of_recipe(tmp_path, text, "win") == (None, [])
    (tmp_path / "bld.bat").write_text("nmake\n")
    assert of_recipe(tmp_path, text, "win") == (Script(file="bld.bat", strict=False), [])
    assert of_recipe(tmp_path, text, "osx") == (Script(file="build.sh", strict=False), [])


def test_both_kinds_of_script_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "build.sh").write_text("make\n")
    found, problems = of_recipe(tmp_path, "package: {name: a, version: '1'}\nbuild: {script: make}\n")
    assert (found, problems) == (Script(content=("make",), strict=False), ["recipe.two-scripts"])


def test_variables_have_values_or_are_those_of_whoever_builds(tmp_path: Path) -> None:
    text = "package: {name: a, version: '1'}\nbuild: {script: x, script_env: [A=1=2, TOKEN, 'B=']}\n"
    found, _ = of_recipe(tmp_path, text)
    assert found is not None
    assert (found.env, found.secrets) == ((("A", "1=2"), ("B", "")), ("TOKEN",))


OUTPUTS = """
package: {name: top, version: '1'}
build: {script: make all}
outputs:
  - {name: top}
  - {name: file, script: install.py}
  - {name: named, script: install, script_interpreter: bash -ex}
  - {name: strange, script: install.x, script_interpreter: fish --login}
  - name: lines
    build: {script: [one, two], script_env: [WHERE=here]}
  - {name: nothing}
"""


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("top", None),
        ("file", Script(file="install.py", strict=False)),
        ("named", Script(file="install", interpreter="bash", strict=False)),
        ("strange", Script(file="install.x", interpreter="fish", strict=False)),
        ("lines", Script(content=("one", "two"), env=(("WHERE", "here"),), strict=False)),
        ("nothing", None),
    ],
)
def test_an_output_runs_what_it_says_itself(tmp_path: Path, name: str, script: Script | None) -> None:
    recipe, _ = recipe_of(tmp_path, OUTPUTS)
    assert script_of_output(outputs(recipe)[name], recipe) == script


def test_the_output_of_the_recipes_name_runs_lines_of_its_own(tmp_path: Path) -> None:
    text = "package: {name: top, version: '1'}\noutputs:\n  - name: top\n    build: {script: own}\n"
    recipe, _ = recipe_of(tmp_path, text)
    assert script_of_output(outputs(recipe)["top"], recipe) == Script(content=("own",), strict=False)
