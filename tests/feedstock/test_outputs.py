"""Outputs of jobs as their CI builds them: with the job's file, on the job's machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.feedstock.ci_support import file_text
from builder.feedstock.job import Job
from builder.feedstock.outputs import as_in_ci, stems_of_meta, stems_of_recipe
from builder.matrix import load_variants, render
from builder.model.rendering import Platforms
from builder.recipe import RecipeText, load
from builder.recipe.v0 import load_meta

RECIPE = """\
recipe: {name: rye, version: "1.0"}
outputs:
  - package: {name: rye}
    build:
      script:
        - if: build_platform != target_platform
          then: echo ${{ crust }}
          else: echo none
  - package: {name: rye-data}
    build: {noarch: generic}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> RecipeText:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return load(tmp_path / "recipe.yaml")


def job(platform: str, build_platform: str, *outputs: str, **settings: tuple[str, ...]) -> Job:
    return Job(
        name=platform.replace("-", "_") + "_", short_name="x", platform=platform, build_platform=build_platform,
        provider="azure", upload=True, settings={"crust": ("thin",), "target_platform": (platform,), **settings},
        outputs=outputs,
    )  # fmt: skip


def built(recipe: RecipeText, one: Job) -> list[str]:
    """What rendering with the job's file on its machine gives."""
    file = recipe.file.folder.parent / one.file_name
    file.write_text(file_text(one))
    platforms = Platforms(target=one.platform, host=one.platform, build=one.build_platform)
    return [found.stem for found in render(recipe, load_variants([file], {}, platforms), platforms)]


def test_what_cross_compiles_is_rendered_as_such(recipe: RecipeText) -> None:
    seen = job("linux-aarch64", "linux-64", "rye-1.0-h0000000_0")
    [found] = as_in_ci([seen], stems_of_recipe(recipe))
    rye, data = built(recipe, seen)
    assert found == replace(seen, outputs=(rye,)), "the noarch output belongs to another job"
    assert rye != "rye-1.0-h0000000_0"
    [both] = as_in_ci(
        [replace(seen, outputs=("rye-1.0-h0000000_0", "rye-data-1.0-h1111111_0"))], stems_of_recipe(recipe)
    )
    assert both.outputs == (rye, data)


def test_keys_of_the_file_count(recipe: RecipeText) -> None:
    seen = job("osx-64", "osx-64", "rye-1.0-h0000000_0")
    [plain] = as_in_ci([seen], stems_of_recipe(recipe))
    [added] = as_in_ci(
        [job("osx-64", "osx-64", "rye-1.0-h0000000_0", MACOSX_DEPLOYMENT_TARGET=("11.0",))], stems_of_recipe(recipe)
    )
    assert plain.outputs != added.outputs
    assert plain.outputs == tuple(built(recipe, seen)[:1])


def test_a_native_job_is_as_the_division_saw_it(recipe: RecipeText) -> None:
    seen = job("linux-64", "linux-64", "rye-1.0-h0000000_0")
    assert as_in_ci([seen], stems_of_recipe(recipe)) == (seen,)


def test_a_file_that_cannot_be_rendered_is_for_ci_to_tell(recipe: RecipeText) -> None:
    seen = job("linux-aarch64", "linux-64", "rye-1.0-h0000000_0", crust=())
    assert as_in_ci([seen], stems_of_recipe(recipe)) == (seen,)


# -- meta.yaml ---------------------------------------------------------------------------------------------------------

META = """\
package:
  name: rye
  version: "1.0"
build:
  number: {{ 7 if crust == "thin" else 107 }}
  script: echo  # [build_platform != target_platform]
outputs:
  - name: rye
    script: echo {{ build_platform }}
  - name: rye-data
    build:
      noarch: generic
"""


def test_a_noarch_output_has_the_number_of_its_job(tmp_path: Path) -> None:
    """It uses no key that the number goes by, so the division sees it with every number."""
    (tmp_path / "meta.yaml").write_text(META)
    stems = stems_of_meta(load_meta(tmp_path / "meta.yaml"))
    seen = job("linux-64", "linux-64", "rye-1.0-h0000000_7", "rye-data-1.0-h1_7", "rye-data-1.0-h1_107")
    [found] = as_in_ci([seen], stems)
    assert found.outputs == ("rye-1.0-7", "rye-data-1.0-7"), "no key is used, so that there is no hash"
    thick = job("linux-64", "linux-64", *seen.outputs, crust=("thick",))
    assert as_in_ci([thick], stems)[0].outputs == ("rye-1.0-107", "rye-data-1.0-107")
    sure = replace(seen, outputs=seen.outputs[:2])
    assert as_in_ci([sure], stems) == (sure,)


def test_selectors_of_its_own_variants_see_the_machine(tmp_path: Path) -> None:
    """conda-build reads variant files before it knows the target."""
    (tmp_path / "meta.yaml").write_text("package: {name: rye, version: '1'}\nbuild: {script: echo {{ oven }}}\n")
    (tmp_path / "conda_build_config.yaml").write_text("oven:\n  - gas   # [osx]\n  - wood  # [linux]\n")
    stems = stems_of_meta(load_meta(tmp_path / "meta.yaml"))
    crossed = job("osx-64", "linux-64", "rye-1-h0000000_0")
    [found] = as_in_ci([crossed], stems)
    [said] = as_in_ci([job("osx-64", "linux-64", "rye-1-h0000000_0", oven=("wood",))], stems)
    [other] = as_in_ci([job("osx-64", "linux-64", "rye-1-h0000000_0", oven=("gas",))], stems)
    assert found.outputs == said.outputs != other.outputs
