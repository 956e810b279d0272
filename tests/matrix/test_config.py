"""Merging, overriding and checking variant configurations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.errors import MAX_PROBLEMS, Place, RecipeError, UsageError
from builder.matrix.config import Values, VariantConfig, token
from builder.model.pin import Pin
from builder.model.variant import Origin, VariantRule, VariantValue
from tests.matrix.fakes import config

PLACE = Place(file="variants.yaml", line=7)


def made(source: str, zip_keys: tuple[tuple[str, ...], ...] = (), **values: list[VariantValue]) -> VariantConfig:
    found = {
        key: Values(tuple(given), tuple(Origin(source=source, line=line) for line in range(1, len(given) + 1)))
        for key, given in values.items()
    }
    return VariantConfig(values=found, zip_keys=zip_keys, zip_places=(PLACE,) * len(zip_keys), known=frozenset(found))


def test_later_files_replace_whole_keys_and_remember_where_values_are_from() -> None:
    merged = made("one", python=["3.11", "3.12"], numpy=["1"]).merged(made("two", python=["3.13"]))
    assert merged.values["python"] == Values(("3.13",), (Origin(source="two", line=1),))
    assert str(merged.values["numpy"].origins[0]) == "one:1"


def test_values_remember_those_that_they_replace() -> None:
    merged = made("one", a=["x"], b=["x"]).merged(made("two", a=["y"])).overridden({"a": ["z"], "c": ["z"]})
    replaced = merged.values["a"].replaced
    assert replaced is not None
    assert replaced.values == ("y",)
    assert replaced.replaced is not None
    assert replaced.replaced.values == ("x",)
    assert replaced.replaced.replaced is None
    assert merged.values["b"].replaced is None
    assert merged.values["c"].replaced is None
    forced = merged.with_key("a", "w", Origin(source="--a")).values["a"].replaced
    assert forced is not None
    assert forced.values == ("z",)


def test_extended_values_and_picked_rows_remember_too() -> None:
    first = made("one", zip_keys=(("a", "b"),), a=["x", "y"], b=["1", "2"])
    picked = first.overridden({"a": ["y"]}).values
    assert [picked[key].replaced for key in ("a", "b")] == [first.values["a"], first.values["b"]]
    extended = VariantConfig(values=made("two", a=["z"]).values, extend_keys=frozenset({"a"}))
    assert first.merged(extended).values["a"].replaced is None


def test_later_zip_keys_replace_earlier_ones_and_absent_ones_do_not() -> None:
    first = made("one", zip_keys=(("a", "b"),), a=[1], b=[1])
    assert first.merged(made("two", c=[1])).zip_keys == (("a", "b"),)
    assert first.merged(made("two", zip_keys=(("b", "c"),), c=[1])).zip_keys == (("b", "c"),)


def test_extend_keys_add_what_is_new() -> None:
    first = made("one", a=["x", 1], b=["x"])
    second = VariantConfig(values=made("two", a=["y", "x", True], b=["y"]).values, extend_keys=frozenset({"a"}))
    merged = first.merged(second)
    assert merged.values["a"].values == ("x", 1, "y", True)
    assert [str(origin) for origin in merged.values["a"].origins] == ["one:1", "one:2", "two:1", "two:3"]
    assert merged.values["b"].values == ("y",)


def test_extend_keys_of_an_earlier_file_hold_for_later_ones() -> None:
    first = VariantConfig(values=made("one", a=["x"]).values, extend_keys=frozenset({"a"}))
    assert first.merged(made("two", a=["y"])).values["a"].values == ("x", "y")


def test_pins_and_what_selectors_asked_are_gathered() -> None:
    one = VariantConfig(pin_run_as_build={"a": {"max_pin": "x"}}, asked=frozenset({"A"}))
    two = VariantConfig(pin_run_as_build={"b": {"max_pin": "x.x"}}, asked=frozenset({"B"}))
    merged = one.merged(two)
    assert set(merged.pin_run_as_build) == {"a", "b"}
    assert merged.asked == {"A", "B"}


def test_options_are_text_and_win() -> None:
    found = made("one", python=["3.11"]).overridden({"python": ["3.12", "3.13"], "new-key": ["1"]})
    assert found.values["python"].values == ("3.12", "3.13")
    assert str(found.values["python"].origins[0]) == "--variant"
    assert found.values["new_key"].values == ("1",)


def test_an_option_picks_rows_of_a_zip_group() -> None:
    given = made("one", zip_keys=(("python", "numpy", "abi"),), python=["3.11", "3.12", "3.12"], numpy=["1", "1", "2"],
                 abi=[True, False, False])  # fmt: skip
    found = given.overridden({"python": ["3.12"]}).checked()
    assert {key: one.values for key, one in found.values.items()} == {
        "python": ("3.12", "3.12"), "numpy": ("1", "2"), "abi": (False, False),
    }  # fmt: skip
    assert given.overridden({"abi": ["true"]}).values["numpy"].values == ("1",)
    assert given.overridden({"python": ["3.12"], "numpy": ["2"]}).values["abi"].values == (False,)


def test_an_option_may_give_a_whole_group() -> None:
    given = made("one", zip_keys=(("python", "numpy"),), python=["3.11", "3.12"], numpy=["1", "2"])
    found = given.overridden({"python": ["4"], "numpy": ["5"]}).checked()
    assert found.values["python"].values == ("4",)


def test_b2_many_unequal_keys_are_told_by_their_lengths() -> None:
    keys = {f"k{index}": list[VariantValue](range(1 + index % 3)) for index in range(3000)}
    with pytest.raises(RecipeError) as caught:
        made("one", (tuple(keys),), **keys).checked()
    (problem,) = caught.value.problems
    assert "k0, k3, k6" in problem.message
    assert "and 980 more have 1, k1, k4" in problem.message
    assert len(problem.message) < 600
    assert len(str(problem.remedy)) < 300


def test_b3_no_more_problems_are_told_than_anybody_reads() -> None:
    groups = (tuple(f"k{index}" for index in range(100)),) * 1000
    with pytest.raises(RecipeError) as caught:
        made("one", groups).checked()
    assert len(caught.value.problems) == MAX_PROBLEMS


def test_a_new_value_of_a_zipped_key_needs_its_group() -> None:
    given = made("one", zip_keys=(("python", "numpy"),), python=["3.11", "3.12"], numpy=["1", "2"])
    with pytest.raises(RecipeError, match="python has 1, numpy has 2"):
        given.overridden({"python": ["4"]}).checked()


@pytest.mark.parametrize(
    ("name", "values"), [("python", []), ("a b", ["1"]), ("LD_PRELOAD", ["x.so"]), ("python", ["3", "\udcff"])]
)
def test_options_that_cannot_be(name: str, values: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        VariantConfig().overridden({name: values})
    assert caught.value.problems[0].code == "variant.option"


def test_b2_unequal_lengths_name_the_keys_with_their_lengths() -> None:
    given = made("one", zip_keys=(("python", "numpy"),), python=["3.11", "3.12"], numpy=["1", "2", "3"])
    with pytest.raises(RecipeError, match="python has 2, numpy has 3") as caught:
        given.checked()
    assert caught.value.problems[0].place == PLACE
    assert caught.value.problems[0].remedy


def test_b3_groups_with_unknown_keys_and_overlapping_groups() -> None:
    given = made("one", zip_keys=(("a", "nobody"), ("a", "b")), a=[1], b=[1])
    with pytest.raises(RecipeError) as caught:
        given.checked()
    assert [one.code for one in caught.value.problems] == ["variant.zip-twice", "variant.zip-unknown"]
    assert all(one.place == PLACE and one.remedy for one in caught.value.problems)


def test_a_zipped_key_without_a_value_on_this_platform_is_no_mistake() -> None:
    given = VariantConfig(
        values=made("one", a=[1, 2]).values, zip_keys=(("a", "b"),), zip_places=(PLACE,), known=frozenset({"a", "b"})
    )
    assert given.checked() is given


def test_setting_one_key_takes_its_group_apart() -> None:
    given = config({"target_platform": ["x", "y"], "a": [1, 2]})
    zipped = VariantConfig(
        values=given.values, zip_keys=(("target_platform", "a"),), zip_places=(None,), known=given.known
    )
    found = zipped.with_key("target_platform", "linux-64", Origin(source="--target-platform")).checked()
    assert found.zip_keys == ()
    assert found.values["target_platform"].values == ("linux-64",)


def test_tokens_tell_true_from_one() -> None:
    assert len({token(value) for value in (1, True, "1", 0, False, "true")}) == 6


RULED = VariantConfig(
    pin_run_as_build={
        "Lib": {"max_pin": "x.x"},
        "a": {"min_pin": "x.x", "max_pin": ""},
        "z": {"min_pin": "x", "max_pin": "x"},
    },
    ignore_version=frozenset({"numpy"}),
)


def test_what_rattler_build_ignores_is_not_applied_unasked() -> None:
    assert RULED.pins == ()
    assert RULED.ignored == frozenset()


def test_pins_are_those_of_conda_build() -> None:
    assert replace(RULED, rules=frozenset({VariantRule.PIN_RUN_AS_BUILD})).pins == (
        ("lib", Pin(upper_bound="x.x")),
        ("a", Pin(lower_bound="x.x", upper_bound=None)),
        ("z", Pin(lower_bound="x", upper_bound="x")),
    )
    assert replace(RULED, rules=frozenset({VariantRule.IGNORE_VERSION})).ignored == {"numpy"}


@pytest.mark.parametrize("text", ["p.p", "1.0", "x..x", "x.y"])
def test_a_pin_that_is_none_is_refused_when_it_is_applied(text: str) -> None:
    wrong = VariantConfig(pin_run_as_build={"a": {"max_pin": text}})
    assert wrong.checked().pins == ()
    with pytest.raises(UsageError, match="pin_run_as_build of a: "):
        _ = replace(wrong, rules=frozenset({VariantRule.PIN_RUN_AS_BUILD})).pins


def test_rules_and_ignored_keys_add_up_over_files() -> None:
    first = VariantConfig(ignore_version=frozenset({"a"}), rules=frozenset({VariantRule.IGNORE_VERSION}))
    assert first.merged(VariantConfig(ignore_version=frozenset({"b"}))).ignored == {"a", "b"}
