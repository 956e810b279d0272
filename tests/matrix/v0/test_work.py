"""The work of a ``meta.yaml`` as renderings: staging outputs, who inherits, in whose folder who goes on."""

from __future__ import annotations

from pathlib import Path

from builder.matrix.v0 import read_config
from builder.matrix.v0.rendering import LegacyQuestion, render_legacy
from builder.model.recipe import Inherit, Script
from builder.model.rendering import Platforms, Rendering
from builder.recipe.v0 import load_meta

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
TOP = "package: {name: top, version: '1'}\nbuild: {number: 2}\n"


def renderings(folder: Path, recipe: str, variants: str = "", *scripts: str) -> list[Rendering]:
    """Return all renderings of a recipe with these scripts beside it."""
    (folder / "meta.yaml").write_text(recipe)
    (folder / "conda_build_config.yaml").write_text(variants)
    for name in scripts:
        (folder / name).write_text("true\n")
    text = load_meta(folder / "meta.yaml", lambda path: (folder / path).read_bytes())
    config = read_config([folder / "conda_build_config.yaml"], {}, LINUX, {})
    return list(render_legacy(LegacyQuestion(text=text, config=config, platforms=LINUX)))


def follows(found: list[Rendering]) -> dict[str, str | None]:
    """Return in whose work folder each output goes on, by identity without platform and version."""
    short = {one.identity: f"{one.output.name} {one.variant.get('python', '')}".strip() for one in found}
    return {short[one.identity]: short[one.follows] if one.follows else None for one in found}


def test_a_recipe_without_outputs_runs_its_own_script(tmp_path: Path) -> None:
    (alone,) = renderings(tmp_path, TOP, "", "build.sh")
    assert alone.output.build.script == Script(file="build.sh", strict=False)
    assert (alone.staging, alone.follows, alone.output.inherit) == (None, None, None)


def test_an_output_of_the_recipes_name_is_the_recipe(tmp_path: Path) -> None:
    (alone,) = renderings(tmp_path, TOP + "outputs:\n  - name: top\n    files:\n      - bin/*\n", "", "build.sh")
    assert alone.output.build.script == Script(file="build.sh", strict=False)
    assert (alone.staging, alone.output.build.files.include) == (None, ("bin/*",))


OUTPUTS = """\
source: {path: src}
outputs:
  - name: a
    files:
      - lib/*
  - name: b
    script: b.sh
  - name: c
    build: {script: echo}
  - name: d
"""


def test_the_recipes_script_is_a_staging_output(tmp_path: Path) -> None:
    staging, *packages = renderings(tmp_path, TOP + OUTPUTS, "", "build.sh", "b.sh")
    assert (staging.output.kind, staging.output.name) == ("staging", "top")
    assert staging.output.build.script == Script(file="build.sh", strict=False)
    assert len(staging.output.source) == 1
    assert [one.output.source for one in packages] == [()] * 4
    assert {one.staging for one in packages} == {staging.identity}
    inherit = {one.output.name: one.output.inherit for one in packages}
    assert inherit == {
        name: Inherit(staging="top", run_exports=False, packed=name == "a") for name in ("a", "b", "c", "d")
    }
    assert follows([staging, *packages]) == {"top": None, "a": None, "b": None, "c": "b", "d": None}


def test_without_a_script_of_the_recipe_each_output_has_its_sources(tmp_path: Path) -> None:
    packages = renderings(tmp_path, TOP + OUTPUTS, "", "b.sh")
    assert [one.output.kind for one in packages] == ["package"] * 4
    assert {one.staging for one in packages} == {None}
    assert all(len(one.output.source) == 1 for one in packages)
    assert follows(packages)["c"] == "b"


def test_the_output_of_the_recipes_name_takes_all_if_it_comes_first(tmp_path: Path) -> None:
    def packed(outputs: str) -> bool:
        found = renderings(tmp_path, TOP + outputs, "", "build.sh")
        (top,) = (one for one in found if one.output.name == "top" and one.output.kind == "package")
        assert top.output.inherit is not None
        return top.output.inherit.packed

    assert packed("outputs:\n  - name: top\n  - name: z\n") is True
    assert packed("outputs:\n  - name: top\n  - name: a\n") is False
    assert packed("outputs:\n  - name: top\n  - name: a\n    requirements: {run: [top]}\n") is True


def test_variants_go_on_where_one_that_fits_them_ended(tmp_path: Path) -> None:
    """Not in the folder of another variant, so that they may be built at once."""
    outputs = """\
outputs:
  - name: a
    script: a.sh
    requirements: {host: [zlib]}
  - name: b
    script: b.sh
    requirements:
      host:
        - python
      run:
        - python
  - name: c
    script: c.sh
    requirements:
      host:
        - python
      run:
        - python
"""
    found = renderings(tmp_path, TOP + outputs, "python:\n  - '3.12'\n  - '3.13'\n", "a.sh", "b.sh", "c.sh")
    assert follows(found) == {
        "a": None, "b 3.12": "a", "b 3.13": "a", "c 3.12": "b 3.12", "c 3.13": "b 3.13",
    }  # fmt: skip


def test_each_variant_of_the_recipe_has_its_own_work(tmp_path: Path) -> None:
    recipe = (
        TOP + "requirements:\n  host:\n    - python\noutputs:\n  - name: a\n    script: a.sh\n"
        "    requirements:\n      host:\n        - python\n"
    )
    found = renderings(tmp_path, recipe, "python:\n  - '3.12'\n  - '3.13'\n", "build.sh", "a.sh")
    staging = {one.identity: one.output.requirements.host for one in found if one.output.kind == "staging"}
    assert sorted(staging.values()) == [("python 3.12.*",), ("python 3.13.*",)]
    for one in found:
        if one.output.kind == "package":
            assert one.staging is not None
            assert staging[one.staging] == one.output.requirements.host


def test_two_scripts_are_an_obstacle(tmp_path: Path) -> None:
    (alone,) = renderings(tmp_path, TOP.replace("number: 2", "script: make"), "", "build.sh")
    assert [problem.code for problem in alone.obstacles] == ["recipe.two-scripts"]
