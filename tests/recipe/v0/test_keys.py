"""Sections of a ``meta.yaml`` read key by key."""

from __future__ import annotations

import pytest

from builder.model.recipe import GlobList
from builder.recipe.v0.keys import Keys
from builder.recipe.v0.remarks import Remarks
from builder.syntax.legacy.data import Plain


def keys(**data: Plain) -> Keys:
    return Keys(data=data, path="build", remarks=Remarks(file="meta.yaml"))


def test_texts_and_lists_stand_for_each_other_where_one_text_is_meant_to_be_a_list() -> None:
    section = keys(one="a", many=["a", None, "", "b", True], none=None, empty="")
    assert section.texts("one") == ("a",)
    assert section.texts("many") == ("a", "b", "true")
    assert section.texts("none") == section.texts("empty") == section.texts("absent") == ()
    assert section.text("one") == "a"
    assert section.text("none") is section.text("empty") is section.text("absent") is None
    assert not section.remarks.problems


@pytest.mark.parametrize(("value", "truth"), [(True, True), ("yes", True), ("No", False), ("0", True), (False, False)])
def test_truth_values_are_conda_builds(value: Plain, truth: bool) -> None:
    assert keys(key=value).truth("key", default=not truth) is truth


def test_a_truth_value_that_is_not_given_is_the_default() -> None:
    assert keys().truth("key", default=True)
    assert not keys(key=None).truth("key")


def test_globs_may_stand_in_the_place_of_a_truth_value() -> None:
    section = keys(all=True, none="false", some=["lib/*"], one="lib/*")
    assert section.all_or_globs("all", default=False) is True
    assert section.all_or_globs("none", default=True) is False
    assert section.all_or_globs("absent", default=True) is True
    assert section.all_or_globs("some", default=True) == GlobList(include=("lib/*",))
    assert section.all_or_globs("one", default=True) == GlobList(include=("lib/*",))


def test_what_has_another_shape_is_a_problem_and_counts_as_absent() -> None:
    section = keys(text=["a"], texts=[{"a": "b"}], inner="text")
    assert section.text("text") is None
    assert section.texts("texts") == ()
    assert not section.inner("inner").data
    assert [problem.message for problem in section.remarks.problems] == [
        "build.text is a list, expected one text",
        "build.texts is a list, expected a list of texts",
        "build.inner is a text, expected a mapping",
    ]


def test_entries_of_a_list_know_their_number() -> None:
    section = keys(list=[{"a": "1"}, "no", {"b": "2"}], single={"c": "3"})
    assert [entry.path for entry in section.entries("list")] == ["build.list[0]", "build.list[2]"]
    assert [entry.at("c") for entry in section.entries("single")] == ["build.single[0].c"]


def test_keys_that_nobody_knows_are_warned_of() -> None:
    section = keys(number="1", nubmer="2", nothing=None)
    section.unknown({"number"})
    (warning,) = section.remarks.warnings
    assert warning.message == "build.nubmer is not a key of recipes"
