"""A recipe.yaml as jobs see it: the values that rattler-build reads, and the variants that a rendering stands for."""

from __future__ import annotations

import pytest

from builder.errors import RecipeError
from builder.feedstock.seen_v1 import sight_of_recipe, variant_config
from builder.recipe import load
from tests.feedstock.recorded import MATRICES
from tests.feedstock.sights import Beside, sight, spec


def test_values_are_text_but_for_truth_and_for_numbers_of_variants_yaml() -> None:
    config = variant_config(spec("milk", "linux-64"))
    assert config.values["skimmed"].values == (True, False)
    assert config.values["fat"].values == (10, 2)
    assert config.values["leaf"].values == ("1.10",)
    assert config.values["python_min"].values == ("3.11",)
    assert config.values["is_freethreading"].values == (False,) * 4
    assert config.values["python"].values[-1] == "3.14.* *_cp314"


def test_platforms_are_those_of_the_job() -> None:
    config = variant_config(spec("milk", "osx-arm64"))
    assert config.values["target_platform"].values == ("osx-arm64",)
    assert config.values["build_platform"].values == ("osx-arm64",)  # whatever it is built on


def test_statements_of_variant_files_are_no_keys() -> None:
    config = variant_config(spec("lemon", "linux-64"))
    assert not {"zip_keys", "extend_keys", "pin_run_as_build", "ignore_version"} & set(config.values)
    assert {frozenset(group) for group in config.zip_keys} >= {frozenset({"python", "is_freethreading"})}


def test_names_of_outputs_are_no_used_keys() -> None:
    for one in sight("milk", "linux-64").outputs:
        assert not {"milk", "libmilk", "milk_foam"} & one.used
        assert one.used == one.used_at_top == frozenset(one.variant)
    assert {one.feedstock for one in sight("milk", "linux-64").outputs} == {"milk"}
    assert {one.feedstock for one in sight("lemon", "linux-64").outputs} == {"None"}  # as conda-smithy has it


def test_what_is_skipped_is_not_seen_and_noarch_has_no_platform() -> None:
    pythons = {one.variant["python"] for one in sight("milk", "linux-64").outputs if "python" in one.used}
    assert pythons == {"3.12.* *_cpython", "3.13.* *_cp313", "3.14.* *_cp314"}
    outputs = sight("milk", "win-64").without_noarch().outputs
    assert {one.variant["mpi"] for one in outputs} == {"nompi"}
    noarch = [one for one in sight("milk", "linux-64").outputs if one.is_noarch]
    assert noarch
    assert all("target_platform" not in one.used for one in noarch)
    assert all(one.stem.startswith("milk-foam-") for one in noarch)


def test_a_rendering_stands_for_the_rows_with_its_values() -> None:
    for one in sight("lemon", "linux-64").outputs:
        (compilers,) = (axis for axis in one.space.axes if "cuda_compiler_version" in axis.keys)
        assert compilers.column("cuda_compiler_version") == [one.variant["cuda_compiler_version"]]
        (unused,) = (axis for axis in one.space.axes if axis.keys == ("leaf",))
        assert unused.rows == (("1.10",),)
    (library, *_) = sight("milk", "linux-64").outputs
    assert "python" not in library.used
    (zipped,) = (axis for axis in library.space.axes if "python" in axis.keys)
    assert len(zipped.rows) == 4  # groups stay whole
    (fat,) = (axis for axis in library.space.axes if axis.keys == ("fat",))
    assert fat.rows == (("10",),)  # of other keys the first value


def test_the_limit_counts() -> None:
    recipe = load(MATRICES / "lemon-feedstock" / "recipe" / "recipe.yaml")
    with pytest.raises(RecipeError, match="allowed"):
        sight_of_recipe(recipe, spec("lemon", "linux-64"), ask=Beside("lemon"), limit=2)
