"""Combinations over chosen keys."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.matrix.space import Space
from builder.model.variant import VariantValue
from tests.matrix.fakes import config


def combinations(
    space: Space, keys: list[str], assigned: dict[str, int] | None = None
) -> list[dict[str, VariantValue]]:
    found = space.extensions(assigned or {}, keys)
    return [{key: space.value(key, place) for key, place in one.items()} for one in found]


def test_the_product_in_the_order_of_the_values() -> None:
    space = Space(config({"b": ["y", "x"], "a": ["2", "1"]}))
    assert combinations(space, ["b", "a"]) == [
        {"a": "2", "b": "y"}, {"a": "2", "b": "x"}, {"a": "1", "b": "y"}, {"a": "1", "b": "x"},
    ]  # fmt: skip


def test_zipped_keys_vary_together_and_unused_ones_are_dropped() -> None:
    space = Space(config({"python": ["3.11", "3.12", "3.12"], "numpy": ["1", "1", "2"]}, ("python", "numpy")))
    assert combinations(space, ["python", "numpy"]) == [
        {"python": "3.11", "numpy": "1"}, {"python": "3.12", "numpy": "1"}, {"python": "3.12", "numpy": "2"},
    ]  # fmt: skip
    assert combinations(space, ["python"]) == [{"python": "3.11"}, {"python": "3.12"}]
    assert combinations(space, ["numpy"]) == [{"numpy": "1"}, {"numpy": "2"}]


def test_later_keys_of_a_zip_group_follow_the_rows_that_are_left() -> None:
    space = Space(config({"python": ["3.11", "3.12", "3.12"], "numpy": ["1", "1", "2"]}, ("python", "numpy")))
    assert combinations(space, ["numpy"], {"python": 0}) == [{"python": "3.11", "numpy": "1"}]
    assert combinations(space, ["numpy"], {"python": 1}) == [
        {"python": "3.12", "numpy": "1"}, {"python": "3.12", "numpy": "2"},
    ]  # fmt: skip
    assert space.default("numpy", {"python": 1}) == 0
    assert space.default("python", {"numpy": 2}) == 1


def test_true_and_one_are_two_values() -> None:
    space = Space(config({"k": [1, True, "1", 1]}))
    assert [(type(one["k"]), one["k"]) for one in combinations(space, ["k"])] == [(int, 1), (bool, True), (str, "1")]
    assert space.size("k") == 3


def test_counting_makes_nothing() -> None:
    values: dict[str, list[VariantValue]] = {f"k{number}": list(range(10)) for number in range(7)}
    space = Space(config(values))
    assert space.count({}, list(values)) == 10**7
    assert space.count({"k0": 1}, ["k1", "k2"]) == 100
    assert space.count({}, []) == 1


def test_joining_assignments() -> None:
    given_config = config({"a": [1, 2], "x": ["p", "q", "q"], "y": ["1", "2", "3"]}, ("x", "y"))
    space = Space(given_config)
    assert space.joined({"a": 0}, {"x": 1}) == {"a": 0, "x": 1}
    assert space.joined({"a": 0}, {"a": 1}) is None
    assert space.joined({"x": 0}, {"y": 0}) == {"x": 0, "y": 0}
    assert space.joined({"x": 0}, {"y": 1}) is None
    assert space.joined({"x": 1}, {"y": 2}) == {"x": 1, "y": 2}


def test_names_and_origins() -> None:
    space = Space(config({"a": [1]}))
    assert "a" in space
    assert "b" not in space
    assert sorted(space) == ["a", "build_platform", "target_platform"]
    assert len(space) == 3
    assert str(space.origin("a", 0)) == "variants.yaml:1"
    with pytest.raises(KeyError):
        space.value("b", 0)


VALUES = st.lists(st.sampled_from(["p", "q", "r"]), min_size=1, max_size=4)


@given(st.dictionaries(st.sampled_from("abcdef"), VALUES, min_size=1), st.data())
def test_a_projection_is_the_full_product_without_the_other_keys(
    values: dict[str, list[str]], data: st.DataObject
) -> None:
    lengths = {key: len(found) for key, found in values.items()}
    group = tuple(key for key in values if lengths[key] == lengths[next(iter(values))])
    space = Space(config(values, group))
    keys = data.draw(st.lists(st.sampled_from(sorted(values)), unique=True, min_size=1))
    full = combinations(space, sorted(values))
    expected = {tuple(one[key] for key in keys) for one in full}
    found = [tuple(one[key] for key in keys) for one in combinations(space, keys)]
    assert set(found) == expected
    assert len(found) == len(expected) == space.count({}, keys)


@given(st.dictionaries(st.sampled_from("abcd"), VALUES, min_size=1), st.data())
def test_splitting_one_key_after_another_gives_the_same(values: dict[str, list[str]], data: st.DataObject) -> None:
    lengths = {key: len(found) for key, found in values.items()}
    group = tuple(key for key in values if lengths[key] == lengths[next(iter(values))])
    space = Space(config(values, group))
    order = data.draw(st.permutations(sorted(values)))
    step: list[dict[str, int]] = [{}]
    for key in order:
        step = list(itertools.chain.from_iterable(space.extensions(one, [key]) for one in step))
    at_once = [tuple(sorted(one.items())) for one in space.extensions({}, values)]
    assert sorted(tuple(sorted(one.items())) for one in step) == sorted(at_once)


def test_values_have_texts() -> None:
    space = Space(config({"k": ["a", 1, True]}))
    assert [space.text("k", place) for place in range(3)] == ['"a"', "1", "true"]
