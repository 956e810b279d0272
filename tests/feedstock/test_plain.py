"""Jobs of a recipe outside a feedstock: one for each combination that all its outputs have."""

from __future__ import annotations

from pathlib import Path

from builder.feedstock.plain import plain_jobs
from builder.matrix import load_variants, render
from builder.model.rendering import Platforms, Rendering
from builder.recipe import load

RECIPE = """\
recipe: {name: tea-split, version: "1"}
outputs:
  - package: {name: libtea}
    requirements: {host: [leaf]}
  - package: {name: tea}
    requirements: {host: [leaf, python]}
  - package: {name: tea-bag}
    build: {noarch: generic, skip: [leaf == "3"]}
    requirements: {run: [leaf]}
    about: {summary: "of ${{ leaf }} ${{ sweet }}"}
"""
VARIANTS = "leaf: ['1', '2', '3']\npython: ['3.12', '3.13']\nsweet: [true]\n"
LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")


def rendered(folder: Path, recipe: str = RECIPE, variants: str = VARIANTS) -> tuple[Rendering, ...]:
    folder.mkdir(exist_ok=True)
    (folder / "recipe.yaml").write_text(recipe)
    (folder / "variants.yaml").write_text(variants)
    return render(load(folder), load_variants([folder / "variants.yaml"], {}, LINUX), LINUX)


def test_jobs_are_divided_by_what_all_outputs_have(tmp_path: Path) -> None:
    jobs = plain_jobs(rendered(tmp_path / "tea"), "linux-64")
    assert [job.name for job in jobs] == ["linux_64_leaf1", "linux_64_leaf2", "linux_64_leaf3"]
    assert [job.variant for job in jobs] == [{"leaf": "1"}, {"leaf": "2"}, {"leaf": "3"}]
    first, _, last = jobs
    assert [stem.rpartition("-1-")[0] for stem in first.outputs] == ["libtea", "tea", "tea", "tea-bag"]
    assert [stem.rpartition("-1-")[0] for stem in last.outputs] == ["libtea", "tea", "tea"]
    assert first.settings["python"] == ("3.12", "3.13")
    assert first.settings["sweet"] == ("true",)
    assert (first.provider, first.build_platform, first.upload) == ("local", "linux-64", False)


def test_one_variant_is_one_job(tmp_path: Path) -> None:
    recipe = 'package: {name: a, version: "1"}\nrequirements: {host: [leaf]}\n'
    (job,) = plain_jobs(rendered(tmp_path / "a", recipe, "leaf: ['1']\n"), "linux-64")
    assert job.name == job.short_name == "linux_64_"
    assert job.loops == ()
    (stem,) = job.outputs
    assert stem.startswith("a-1-h")


def test_nothing_to_build_is_no_job(tmp_path: Path) -> None:
    recipe = 'package: {name: a, version: "1"}\nbuild: {skip: true}\n'
    assert plain_jobs(rendered(tmp_path / "a", recipe), "linux-64") == ()
    assert plain_jobs((), "linux-64") == ()


def test_every_package_is_in_a_job(tmp_path: Path) -> None:
    renderings = rendered(tmp_path / "tea")
    packages = [one.stem for one in renderings if not one.output.skip]
    assert sorted(stem for job in plain_jobs(renderings, "linux-64") for stem in job.outputs) == sorted(packages)
