"""The space of variants: what conda-build would make of all combinations, without making them."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from builder.matrix.v0.config import Spec, combined
from builder.matrix.v0.space import LegacySpace, newest_python, space_of
from builder.recipe.v0.scope import LegacyVariant

ZIPPED: Spec = {
    "zip_keys": (("python", "numpy"),),
    "python": ("3.9", "3.10", "3.13"),
    "numpy": ("1", "2", "2"),
    "mpi": ("nompi", "openmpi"),
    "zlib": ("1.3",),
    "ignore_version": ("x",),
    "extend_keys": ("ignore_version",),
}


def space(*specs: Spec) -> LegacySpace:
    return space_of(combined([("", {}), *((f"file {number}", spec) for number, spec in enumerate(specs))]))


def chosen(variants: list[LegacyVariant], *keys: str) -> list[tuple[object, ...]]:
    return [tuple(variant.get(key) for key in keys) for variant in variants]


def test_only_used_keys_are_combined_and_the_others_have_their_first_value() -> None:
    found = list(space(ZIPPED).reduced({"mpi"}))
    assert chosen(found, "mpi", "python", "zlib") == [("nompi", "3.9", "1.3"), ("openmpi", "3.9", "1.3")]


def test_a_used_key_brings_all_rows_of_its_group() -> None:
    found = list(space(ZIPPED).reduced({"numpy"}))
    assert chosen(found, "python", "numpy") == [("3.9", "1"), ("3.10", "2"), ("3.13", "2")]
    assert space(ZIPPED).count({"numpy", "mpi"}) == 6


def test_what_is_no_choice_is_the_same_everywhere() -> None:
    assert space(ZIPPED).first()["ignore_version"] == ("x",)
    assert space(ZIPPED).varying() == {"python", "numpy", "mpi"}


def test_a_more_important_file_chooses_among_the_rows() -> None:
    found = list(space(ZIPPED, {"python": ("3.13",)}).reduced({"python"}))
    assert chosen(found, "python", "numpy") == [("3.13", "2")]


def test_a_text_keeps_the_values_that_are_in_it() -> None:
    left = space({"a": ("1", "11", "2")}).kept("a", "11")
    assert chosen(list(left.reduced({"a"})), "a") == [("1",), ("11",)]  # conda-build's own rule


def test_values_that_nobody_has_leave_all() -> None:
    assert space(ZIPPED).kept("python", ("2.7",)) == space(ZIPPED)


def test_the_newest_python_is_compared_as_a_version() -> None:
    assert newest_python(space(ZIPPED)).first()["python"] == "3.13"
    assert newest_python(space({"a": "1"})).first() == {"a": "1"}


def test_conforming_variants_have_the_values_of_one() -> None:
    first = next(space(ZIPPED).reduced({"mpi"}))
    assert chosen(list(space(ZIPPED).conforming(first, {"mpi"}).reduced({"mpi", "python"})), "mpi") == [("nompi",)] * 3


_VALUES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).map(tuple)


@given(st.dictionaries(st.sampled_from("pqrs"), _VALUES, min_size=1), st.sets(st.sampled_from("pqrs")))
def test_reducing_is_projecting_the_whole_product(values: dict[str, tuple[str, ...]], used: set[str]) -> None:
    found = {tuple(sorted(variant.items())) for variant in map(dict, space(values).reduced(used))}
    every = (dict(zip(values, row, strict=True)) for row in itertools.product(*values.values()))
    folded = {tuple(sorted((key, row[key] if key in used else values[key][0]) for key in row)) for row in every}
    assert found == folded
    assert len(found) == space(values).count(used)
