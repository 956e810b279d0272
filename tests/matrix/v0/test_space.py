"""The space of variants: what conda-build would make of all combinations, without making them."""

from __future__ import annotations

import itertools

from hypothesis import assume, given
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.matrix.v0.config import Spec, combined, values_of
from builder.matrix.v0.space import LegacySpace, newest_python, space_of
from builder.recipe.v0.scope import Fixed, LegacyVariant

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


def brute_force(sources: list[Spec], used: set[str]) -> set[tuple[tuple[str, str], ...]]:
    """What conda-build does: make every variant, drop those that sources leave out, fold the keys that are not used."""
    config = combined([("", {}), *((f"file {number}", spec) for number, spec in enumerate(sources))])
    zipped = [group for group in config.zip_keys if all(key in config.values for key in group)]
    alone = [key for key in config.values if key != "zip_keys" and not any(key in group for group in zipped)]
    columns: list[list[dict[str, str]]] = [[{key: one} for one in values_of(config.values[key])] for key in alone]
    for group in zipped:
        rows = zip(*(values_of(config.values[key]) for key in group), strict=True)
        columns.append([dict(zip(group, row, strict=True)) for row in rows])
    every = [{key: value for part in parts for key, value in part.items()} for parts in itertools.product(*columns)]
    seen: set[str] = set()
    for spec in reversed(sources):
        for key in (key for key in spec if key != "zip_keys" and key not in seen):
            seen.add(key)
            every = [one for one in every if one[key] in spec[key]] or every
    for keys in [*zipped, *((key,) for key in alone)]:
        if not used & set(keys):
            first = {key: every[0][key] for key in keys}
            every = [{**one, **first} for one in every]
    return {tuple(sorted(one.items())) for one in every}


_LETTERS = st.lists(st.sampled_from(["a", "b", "ab", "c"]), min_size=1, max_size=3, unique=True).map(tuple)
_PAIRS = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("xyz")), min_size=1, max_size=4)


@st.composite
def _sources(draw: st.DrawFn) -> list[Spec]:
    """Draw a pinning file with a group of two keys, and files that choose among its values or replace them."""
    rows = draw(_PAIRS)
    left, right = zip(*rows, strict=True)
    base: dict[str, Fixed] = {key: draw(_LETTERS) for key in draw(st.sets(st.sampled_from("pqr"), min_size=1))}
    base |= {"zip_keys": (("left", "right"),), "left": tuple(left), "right": tuple(right)}
    sources: list[Spec] = [base]
    for _ in range(draw(st.integers(0, 2))):
        keys = sorted(draw(st.sets(st.sampled_from(sorted(base.keys() - {"zip_keys"})))))
        chosen: dict[str, Fixed] = {}
        for key in keys:
            kept = draw(st.sets(st.sampled_from(list(values_of(base[key]))), min_size=1))
            chosen[key] = draw(st.sampled_from(sorted(kept))) if draw(st.booleans()) else tuple(sorted(kept))
        sources.append(
            {key: value for key, value in chosen.items() if key not in {"left", "right"}}
            if {"left", "right"} <= chosen.keys()
            else chosen
        )
    return sources


@given(_sources(), st.sets(st.sampled_from(["p", "q", "r", "left", "right"])))
def test_axes_come_to_what_the_whole_product_does(sources: list[Spec], used: set[str]) -> None:
    try:
        expected = brute_force(sources, used)
    except RecipeError:
        assume(False)
    found = space(*sources)
    reduced = [
        {key: value for key, value in variant.items() if isinstance(value, str)} for variant in found.reduced(used)
    ]
    assert {tuple(sorted(variant.items())) for variant in reduced} == expected
    assert found.count(used) >= len(expected)


@given(_sources(), st.sets(st.sampled_from(["p", "q", "r", "left", "right"])), st.data())
def test_conforming_keeps_the_rows_that_a_variant_has(sources: list[Spec], keys: set[str], data: st.DataObject) -> None:
    try:
        found = space(*sources)
    except RecipeError:
        assume(False)
    variant = data.draw(st.sampled_from(list(found.reduced(keys))))
    left = found.conforming(variant, keys)
    assert variant in list(left.reduced(keys))
    for other in left.reduced(keys):
        assert all(str(other[key]) in str(variant[key]) for key in keys & other.keys())
