"""A meta.yaml as jobs see it: every output of every variant, the same package several times too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.feedstock.seen import Seen
from builder.feedstock.seen_v0 import sight_of_meta
from builder.recipe.v0 import load_meta
from tests.feedstock.recorded import MATRICES
from tests.feedstock.sights import sight, spec


def named(name: str, subdir: str, package: str) -> list[Seen]:
    return [one for one in sight(name, subdir).outputs if one.stem.startswith(f"{package}-")]


def test_an_output_says_what_it_uses_itself_and_what_the_recipe_uses() -> None:
    (library,) = {one.used for one in named("tea", "linux-64", "libtea")}
    assert library >= {"c_compiler", "c_compiler_version", "c_stdlib", "c_stdlib_version", "leaf", "target_platform"}
    assert not library & {"python", "numpy", "cxx_compiler", "sweet"}
    (at_top,) = {one.used_at_top for one in named("tea", "linux-64", "libtea")}
    assert at_top == library
    for cup in named("cup", "linux-64", "cup"):
        assert {"colour", "size", "material", "shelf"} <= cup.used_at_top
        assert not {"colour", "material", "channel_targets"} & cup.used
    for saucer in named("cup", "linux-64", "saucer"):  # its own section `build` does not force any key
        assert {"material", "channel_targets"} <= saucer.used
        assert "shelf" not in saucer.used


def test_what_is_skipped_is_not_seen() -> None:
    pythons = {str(one.variant["python"]) for one in named("tea", "win-64", "tea-1.4")}
    assert pythons == {"3.12.* *_cpython", "3.13.* *_cp313", "3.14.* *_cp314"}
    assert len(named("tea", "linux-64", "tea-1.4")) == 4
    assert sight("kettle", "win-64").outputs == ()
    pairs = {(one.variant["cuda_compiler_version"], one.variant["mpi"]) for one in sight("kettle", "linux-64").outputs}
    assert ("12.9", "openmpi") not in pairs
    assert len(pairs) == 5


def test_the_name_of_the_feedstock_is_the_recipes_word_or_the_first_package() -> None:
    assert {one.feedstock for one in sight("tea", "linux-64").outputs} == {"tea"}
    assert {one.feedstock for one in sight("cup", "linux-64").outputs} == {"cup", "saucer"}


def test_outputs_are_sorted_and_noarch_ones_marked() -> None:
    stems = [one.stem for one in sight("tea", "linux-64").outputs]
    assert stems == sorted(stems)
    assert {one.stem.startswith("tea-docs-") for one in sight("tea", "linux-64").outputs if one.is_noarch} == {True}
    assert all(one.is_noarch for one in sight("sugar", "linux-64").outputs)


def test_an_output_stands_for_the_variants_of_its_recipe() -> None:
    for one in sight("kettle", "linux-64").outputs:
        mpi = next(axis for axis in one.space.axes if axis.keys == ("mpi",))
        assert mpi.rows == ((one.variant["mpi"],),)
    (library,) = named("tea", "linux-64", "libtea")
    python = next(axis for axis in library.space.axes if "python" in axis.keys)
    assert len(python.rows) == 4  # nothing in the recipe beside its outputs varies by it


def test_a_noarch_recipe_knows_the_newest_python_only() -> None:
    axis = next(axis for axis in sight("sugar", "linux-64").space.axes if "python" in axis.keys)
    assert axis.column("python") == ["3.13.* *_cp313"]


def test_numpy_is_pinned_where_the_recipe_asks_for_its_version() -> None:
    for one in sight("jug", "linux-64").outputs:
        pins = one.space.fixed["pin_run_as_build"]
        assert isinstance(pins, Mapping)
        assert pins["numpy"] == {"min_pin": "x.x", "max_pin": "x.x"}
        assert pins["python"] == {"min_pin": "x.x", "max_pin": "x.x"}
    spaces = {id(one.space) for one in sight("jug", "linux-64").outputs}
    assert len(spaces) == 3  # one for each Python
    for one in sight("tea", "linux-64").outputs:
        assert "numpy" not in one.space.fixed["pin_run_as_build"]


def test_the_limit_counts() -> None:
    text = load_meta(MATRICES / "kettle-feedstock" / "recipe" / "meta.yaml")
    with pytest.raises(RecipeError, match="allowed"):
        sight_of_meta(text, spec("kettle", "linux-64"), limit=3)


def test_who_asks_for_the_time_has_jobs_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "meta.yaml").write_text(
        "package:\n  name: sundial\n  version: '{{ datetime.datetime.utcnow().strftime(\"%Y.%m.%d\") }}'\n"
    )
    wanted = spec("tea", "linux-64")
    (one,) = sight_of_meta(load_meta(tmp_path / "meta.yaml"), wanted).outputs
    assert one.stem.startswith("sundial-1970.01.01-")
    told = replace(wanted, environment={**wanted.environment, "SOURCE_DATE_EPOCH": "2000000000"})
    (one,) = sight_of_meta(load_meta(tmp_path / "meta.yaml"), told).outputs
    assert one.stem.startswith("sundial-2033.05.18-")
