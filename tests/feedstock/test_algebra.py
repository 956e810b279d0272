"""The algebra of CFEP-9: conda-smithy's results, its laws, and migrations that do not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import Place, RecipeError
from builder.feedstock.algebra import migrated
from builder.feedstock.migration import Migration
from builder.matrix.v0.config import Spec
from tests.feedstock.facts import comparable, fixed, rows

FACTS = rows("algebra")


def migration(values: Mapping[str, object], rules: Mapping[str, Any] | None = None) -> Migration:
    """Make a migration of what its file would say."""
    rules = rules or {}
    primary = rules.get("primary_key", ())
    return Migration(
        file="m.yaml",
        time=0.0,
        number="1",
        values={key: fixed(value) for key, value in values.items()},
        operation=rules.get("operation", ""),
        primary_keys=(primary,) if isinstance(primary, str) else tuple(primary),
        ordering={key: tuple(order) for key, order in rules.get("ordering", {}).items()},
        additional_zip_keys=tuple(rules.get("additional_zip_keys", ())),
        places={key: Place(file="m.yaml", line=line) for line, key in enumerate([*values, "__migrator"], 1)},
    )


def spec(values: Mapping[str, object]) -> Spec:
    return {key: fixed(value) for key, value in values.items()}


@pytest.mark.parametrize("fact", FACTS, ids=[fact["name"] for fact in FACTS])
def test_the_results_are_those_of_conda_smithy(fact: dict[str, Any]) -> None:
    right = dict(fact["right"])
    made = migration(right, right.pop("__migrator", None))
    assert comparable(migrated(spec(fact["left"]), made)) == fact["result"]


def test_neither_side_is_changed() -> None:
    for fact in FACTS:
        right = dict(fact["right"])
        rules = right.pop("__migrator", None)
        left, made = spec(fact["left"]), migration(right, rules)
        migrated(left, made)
        assert left == spec(fact["left"])
        assert made == migration(right, rules)


def test_a_migration_without_values_changes_nothing() -> None:
    left = spec({"a": ["1"]})
    assert migrated(left, migration({}, {"operation": "key_add", "primary_key": "a"})) is left


def test_a_single_value_needs_no_list() -> None:
    assert migrated(spec({"a": "1", "b": ["2"]}), migration({"a": "2", "b": "3"})) == {"a": ("2",), "b": ("3",)}


def test_mappings_are_joined_and_the_migration_counts() -> None:
    left = spec({"pins": {"a": "1", "b": "2"}})
    assert migrated(left, migration({"pins": {"b": "3"}})) == {"pins": {"a": "1", "b": "3"}}


def test_a_flat_list_is_one_group() -> None:
    left = spec({"a": ["1"], "b": ["2"], "zip_keys": ["a", "b"]})
    made = migration({"c": ["3"], "a": ["4"], "b": ["5"], "zip_keys": ["a", "b", "c"]})
    assert migrated(left, made)["zip_keys"] == (("a", "b", "c"),)


def test_text_is_older_than_any_version() -> None:
    """Where the peer compares without end."""
    assert migrated(spec({"a": ["x/y"]}), migration({"a": ["0.1"]})) == {"a": ("0.1",)}
    assert migrated(spec({"a": ["0.1"]}), migration({"a": ["x/y"]})) == {"a": ("0.1",)}


def test_text_is_compared_with_its_signs_replaced() -> None:
    """Stars and spaces become what they would be in a version, as for the peer."""
    assert migrated(spec({"a": ["/*"]}), migration({"a": ["/0"]})) == {"a": ("/*",)}
    assert migrated(spec({"a": ["/0"]}), migration({"a": ["/*"]})) == {"a": ("/*",)}
    assert migrated(spec({"a": ["/-"]}), migration({"a": ["/ "]})) == {"a": ("/ ",)}


def test_several_values_are_put_beside_a_key_that_is_spread() -> None:
    """The peer spreads the key once more for the second value, and fails."""
    left = spec({"a": ["1"], "b": ["x"]})
    rules = {"operation": "key_add", "primary_key": "a", "additional_zip_keys": ["b"]}
    found = migrated(left, migration({"a": ["2", "3"], "b": ["y", "z"]}, rules))
    assert found == {"a": ("1", "2", "3"), "b": ("x", "y", "z"), "zip_keys": (("a", "b"),)}


def test_a_key_is_spread_even_if_nothing_is_new() -> None:
    """The peer leaves the group with keys of different lengths, which conda-build refuses."""
    left = spec({"a": ["1", "2"], "b": ["x"]})
    rules = {"operation": "key_add", "primary_key": "a", "additional_zip_keys": ["b"]}
    found = migrated(left, migration({"a": ["2"], "b": ["x"]}, rules))
    assert found == {"a": ("1", "2"), "b": ("x", "x"), "zip_keys": (("a", "b"),)}


def test_several_values_are_removed() -> None:
    left = spec({"a": ["1", "2", "3"], "b": ["x", "y", "z"], "zip_keys": [["a", "b"]]})
    found = migrated(left, migration({"a": ["1", "3"]}, {"operation": "key_remove", "primary_key": "a"}))
    assert found == {"a": ("2",), "b": ("y",), "zip_keys": (("a", "b"),)}


ZIPPED = {"a": ["1", "2"], "b": ["x", "y"], "zip_keys": [["a", "b"]]}
MISFITS: Sequence[tuple[str, dict[str, object], dict[str, object], dict[str, Any], int | None, str]] = [
    ("no primary key", {"a": ["1"]}, {"a": ["2"]}, {"operation": "key_add"}, 2, "needs one primary_key, and has 0"),
    (
        "two primary keys",
        {"a": ["1"]},
        {"a": ["2"]},
        {"operation": "key_remove", "primary_key": ["a", "b"]},
        2,
        "needs one primary_key, and has 2",
    ),
    (
        "an unknown primary key to add to",
        {"b": ["1"]},
        {"a": ["2"]},
        {"operation": "key_add", "primary_key": "a"},
        1,
        "the migration changes a, which has no values yet",
    ),
    (
        "an unknown primary key",
        {"b": ["1"]},
        {"a": ["2"]},
        {"primary_key": "a"},
        1,
        "the migration changes a, which has no values yet",
    ),
    (
        "a key of the group is missing",
        ZIPPED,
        {"a": ["3"]},
        {"operation": "key_add", "primary_key": "a"},
        1,
        "gives a new values, and b, which goes with it, none",
    ),
    (
        "a key of the group is missing in a sum",
        ZIPPED,
        {"a": ["3"]},
        {"primary_key": "a"},
        1,
        "gives a new values, and b, which goes with it, none",
    ),
    (
        "a key of the group is too short",
        ZIPPED,
        {"a": ["3", "4"], "b": ["z"]},
        {"operation": "key_add", "primary_key": "a"},
        2,
        "b has 1 values and goes with a, which has 2",
    ),
    (
        "a zipped key that is too short to remove from",
        {"a": ["1", "2"], "b": ["x"], "zip_keys": [["a", "b"]]},
        {"a": ["2"]},
        {"operation": "key_remove", "primary_key": "a"},
        None,
        "b has 1 values and goes with a, which has 2",
    ),
    (
        "several values cannot be spread",
        {"a": ["1", "2", "3"], "b": ["x", "y"]},
        {"a": ["4"], "b": ["z"]},
        {"operation": "key_add", "primary_key": "a", "additional_zip_keys": ["b"]},
        2,
        "b has 2 values, and only one can be spread over the 3",
    ),
    (
        "a key to zip with that nobody knows",
        {"a": ["1"]},
        {"a": ["4"], "b": ["z"]},
        {"operation": "key_add", "primary_key": "a", "additional_zip_keys": ["b"]},
        2,
        "the migration changes b, which has no values yet",
    ),
    (
        "the ordering lacks a value",
        {"a": ["1"]},
        {"a": ["2"]},
        {"ordering": {"a": ["1", "3"]}},
        1,
        "the ordering does not name the value 2",
    ),
    (
        "the ordering lacks a value to sort",
        {"a": ["1"]},
        {"a": ["2"]},
        {"operation": "key_add", "primary_key": "a", "ordering": {"a": ["1", "3"]}},
        1,
        "the ordering does not name the value 2",
    ),
    (
        "the ordering's own key has no values",
        {"a": ["1"]},
        {"a": ["2"]},
        {"operation": "key_add", "primary_key": "a", "ordering": {"c": ["1"]}},
        None,
        "the migration changes c, which has no values yet",
    ),
    (
        "values that are twice there cannot be ordered",
        {"a": ["1", "1", "2"]},
        {"a": ["2"]},
        {"ordering": {"a": ["1", "2"]}},
        1,
        "3 values cannot be told apart",
    ),
]


@pytest.mark.parametrize(
    ("left", "right", "rules", "line", "message"), [case[1:] for case in MISFITS], ids=[case[0] for case in MISFITS]
)
def test_what_does_not_fit_is_told_with_its_place(
    left: dict[str, object], right: dict[str, object], rules: dict[str, Any], line: int | None, message: str
) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        migrated(spec(left), migration(right, rules))
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert (problem.place.file, problem.place.line) == ("m.yaml", line)
    assert problem.code == "migration.misfit"
    assert problem.remedy


VERSIONS = st.sampled_from(
    [
        "1",
        "1.0",
        "1.2",
        "1.10",
        "2.0a",
        "2.0",
        "None",
        "3.9.* *_cpython",
        "3.10.* *_cpython",
        "conda-forge",
        "a/b",
        "1_",
    ]
)
KEYS = ("a", "b", "c", "d")
GROUPED = st.sampled_from([(("a", "b"),), (("a", "c", "d"),), (("b", "c"),), (("a", "b"), ("c", "d")), ()])


@st.composite
def specs(draw: st.DrawFn) -> dict[str, object]:
    """Give variants for all keys, some of them zipped."""
    groups = draw(GROUPED)
    values: dict[str, object] = {key: draw(st.lists(VERSIONS, min_size=1, max_size=4)) for key in KEYS}
    for group in groups:
        count = draw(st.integers(1, 4))
        values |= {key: draw(st.lists(VERSIONS, min_size=count, max_size=count)) for key in group}
    return {**values, "zip_keys": [list(group) for group in groups]} if groups else values


def columns(found: Spec, keys: Sequence[str]) -> list[tuple[object, ...]]:
    return list(zip(*(found[key] for key in keys), strict=True))


def group_of(values: Mapping[str, object], key: str) -> Sequence[str]:
    groups = values.get("zip_keys", [])
    assert isinstance(groups, list)
    return next((group for group in groups if key in group), [key])


@given(specs(), st.data())
def test_adding_keeps_all_that_was_there_and_adds_what_is_new_once(
    left: dict[str, object], data: st.DataObject
) -> None:
    group = group_of(left, "a")
    new = data.draw(st.lists(st.tuples(*(VERSIONS for _ in group)), min_size=1, max_size=3))
    right = dict(zip(group, map(list, zip(*new, strict=True)), strict=True))
    made = migration(right, {"operation": "key_add", "primary_key": "a"})
    before = spec(left)
    after = migrated(before, made)
    assert {*columns(after, group)} == {*columns(before, group), *new}
    assert migrated(after, made) == after
    assert {key: after[key] for key in KEYS if key not in group} == {k: before[k] for k in KEYS if k not in group}


@given(specs(), st.data())
def test_removing_what_was_added_gives_what_was_there(left: dict[str, object], data: st.DataObject) -> None:
    group = group_of(left, "a")
    new = data.draw(VERSIONS.filter(lambda value: value not in str(left["a"])))
    right: dict[str, object] = {key: [new] for key in group}
    before = spec(left)
    added = migrated(before, migration(right, {"operation": "key_add", "primary_key": "a"}))
    removed = migrated(added, migration({"a": [new]}, {"operation": "key_remove", "primary_key": "a"}))
    assert {*removed["a"]} == {*before["a"]}
    assert {*columns(removed, group)} <= {*columns(before, group)}


@given(specs(), specs())
def test_a_sum_is_idempotent_and_newer_on_the_right(left: dict[str, object], right: dict[str, object]) -> None:
    plain = {key: value for key, value in right.items() if key != "zip_keys"}
    once = migrated(spec(left), migration(plain))
    assert migrated(once, migration(plain)) == once
    for key in KEYS:
        assert len(once[key]) == max(len(left[key]), len(right[key]))  # type: ignore[arg-type]  # both are lists


@given(specs())
def test_a_sum_with_itself_changes_nothing_but_the_order_of_groups(left: dict[str, object]) -> None:
    assert comparable(migrated(spec(left), migration(left))) == comparable(spec(left))


@given(st.permutations(KEYS), specs())
def test_an_ordering_of_all_values_makes_the_last_the_newest(order: Sequence[str], left: dict[str, object]) -> None:
    ordering = {"a": list(order)}
    found = migrated({**spec(left), "a": (order[0],)}, migration({"a": [order[-1]]}, {"ordering": ordering}))
    assert found["a"] == (order[-1],)


def test_many_values_take_no_more_than_their_number() -> None:
    """Each value is looked at a few times, not once for each other value."""
    many = [str(number) for number in range(10_000)]
    left: dict[str, object] = {"a": many, "b": many, "zip_keys": [["a", "b"]]}
    added = migrated(spec(left), migration({"a": ["x"], "b": ["y"]}, {"operation": "key_add", "primary_key": "a"}))
    assert len(added["a"]) == len(added["b"]) == 10_001
    removed = migrated(spec(left), migration({"a": many[:10]}, {"operation": "key_remove", "primary_key": "a"}))
    assert len(removed["b"]) == 9_990
    followed = migrated(spec(left), migration({"a": many, "b": many}, {"primary_key": "a"}))
    assert followed["a"] == tuple(many)
