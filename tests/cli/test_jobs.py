"""What a path's jobs are: of a feedstock, of one without settings, of a recipe; and what is said of other paths."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from builder.cli.jobs import JobQuestion, feedstock_settings, jobs_of
from builder.errors import RecipeError, UsageError
from tests.feedstock.recorded import MATRICES, PINNING

RECIPE = """\
package: {name: bun, version: "1"}
build:
  string: ${{ load_from_file("word.txt") }}_${{ env.get("CONFIG_VERSION") }}${{ env.get("USER", default="nobody") }}_h${{ hash }}
  script: echo ${{ env.get("NOT_SET_YET") }}
"""


def asked(path: Path, *files: Path, platforms: tuple[str, ...] = ()) -> JobQuestion:
    return JobQuestion(path=path, variant_files=files, platforms=platforms, max_variants=100)


def test_a_feedstock_without_settings_has_the_usual_ones(tmp_path: Path) -> None:
    feedstock = tmp_path / "honey-feedstock"
    shutil.copytree(MATRICES / "honey-feedstock", feedstock)
    (feedstock / "conda-forge.yml").unlink()
    assert [job.name for job in jobs_of(asked(feedstock, PINNING))] == ["linux_64_"]  # noarch, so only there
    assert feedstock_settings(feedstock).is_v1
    assert not feedstock_settings(MATRICES / "sugar-feedstock").is_v1


def test_recipes_are_told_of_their_platform_and_of_files_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "somebody")  # of this machine a job knows nothing
    recipe = tmp_path / "bun-feedstock" / "recipe"
    recipe.mkdir(parents=True)
    (recipe / "recipe.yaml").write_text(RECIPE)
    (recipe / "word.txt").write_text("sweet")
    jobs = jobs_of(asked(tmp_path / "bun-feedstock", PINNING))
    assert [job.name for job in jobs] == ["linux_64_", "osx_64_", "win_64_"]
    assert {stem[:20] for job in jobs for stem in job.outputs} == {"bun-1-sweet_2nobody_"}


def test_a_meta_yaml_reads_files_beside_it_and_none_elsewhere(tmp_path: Path) -> None:
    recipe = tmp_path / "bun-feedstock" / "recipe"
    recipe.mkdir(parents=True)
    text = "{% set data = load_file_data('PATH', from_recipe_dir=True) %}\npackage:\n  name: bun\n  version: {{ data.v }}\n"
    (recipe / "meta.yaml").write_text(text.replace("PATH", "data.json"))
    (recipe / "data.json").write_text('{"v": "7.5"}')
    (job, *_) = jobs_of(asked(recipe.parent, PINNING))
    assert job.outputs[0].startswith("bun-7.5-")
    (tmp_path / "secret.json").write_text('{"v": "1"}')
    (recipe / "meta.yaml").write_text(text.replace("PATH", "../../secret.json"))
    with pytest.raises(RecipeError, match="leads out of its folder"):
        jobs_of(asked(recipe.parent, PINNING))


@pytest.mark.parametrize(("files", "said"), [((), "none was given"), ((PINNING, PINNING), "several was given")])
def test_a_feedstock_needs_one_pinning_file(files: tuple[Path, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        jobs_of(asked(MATRICES / "tea-feedstock", *files))
    assert caught.value.problems[0].code == "cli.pinning"
    assert "-m" in str(caught.value.problems[0].remedy)


def test_a_feedstock_without_a_recipe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "conda-forge.yml").write_text("{}\n")
    with pytest.raises(RecipeError, match="recipe"):
        jobs_of(asked(tmp_path, PINNING))


def test_without_a_tool_the_recipe_that_is_there_counts(tmp_path: Path) -> None:
    feedstock = tmp_path / "honey-feedstock"
    shutil.copytree(MATRICES / "honey-feedstock", feedstock)
    (feedstock / "conda-forge.yml").write_text("noarch_platforms: win_64\n")
    assert [job.name for job in jobs_of(asked(feedstock, PINNING))] == ["win_64_"]


def test_jobs_of_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text('package: {name: a, version: "1"}\nrequirements: {host: [leaf]}\n')
    variants = tmp_path / "more.yaml"
    variants.write_text("leaf: ['1', '2']\n")
    names = [job.name for job in jobs_of(asked(tmp_path, variants, platforms=("osx-arm64", "linux-64", "osx-arm64")))]
    assert names == ["linux_64_leaf1", "linux_64_leaf2", "osx_arm64_leaf1", "osx_arm64_leaf2"]
    assert [job.name for job in jobs_of(asked(tmp_path / "recipe.yaml"))] == ["linux_64_"]


def test_several_recipes_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "recipe.yaml").write_text(f'package: {{name: {name}, version: "1"}}\n')
    with pytest.raises(UsageError, match="holds 2 recipes") as caught:
        jobs_of(asked(tmp_path))
    assert str(tmp_path / "a") in str(caught.value.problems[0].remedy)


def test_no_recipe_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        jobs_of(asked(tmp_path / "gone"))
