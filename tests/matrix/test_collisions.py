"""Two packages under one file name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.matrix.collisions import last_of_each, refuse_collisions, replaced, without_twins
from builder.model.recipe import Noarch, VariantKeys
from builder.model.rendering import RecipeFile, Rendering
from tests.matrix.fakes import config, rendered
from tests.matrix.test_renderer import Make


def two(string: str | None = "fixed") -> list[Rendering]:
    return rendered([Make(name="a", reads=("k", "other"), string=string)], config({"k": [1, 2], "other": ["x"]}))


def refused(renderings: list[Rendering]) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        refuse_collisions(renderings)
    return caught.value


def pythons(string: str | None, noarch: Noarch | None = "python", *keys: str) -> list[Rendering]:
    make = Make(name="a", noarch=noarch, string=string, keys=VariantKeys(use_keys=("python", *keys)))
    return rendered([make], config({"python": ["3.9", "3.10"], "flavor": ["plain", "fancy"]}))


def test_one_noarch_package_of_several_pythons_is_written_once() -> None:
    """By the least of them as text: 3.10 comes before 3.9."""
    (kept,) = without_twins(pythons("py_0"))
    assert kept.variant["python"] == "3.10"
    assert without_twins(reversed(pythons("py_0"))) == [kept]


def test_twins_are_alike_but_for_python() -> None:
    assert len(without_twins(pythons(None))) == 2
    assert len(without_twins(pythons("py_0", None))) == 2
    assert len(without_twins(pythons("py_0", "generic"))) == 2
    both = without_twins(pythons("py_0", "python", "flavor"))
    assert [one.variant["flavor"] for one in both] == ["plain", "fancy"]
    assert "flavor = plain and fancy" in refused(both).problems[0].message


def test_what_is_skipped_is_no_twin() -> None:
    one, other = pythons("py_0")
    gone = replace(other, output=replace(other.output, skip=True))
    assert without_twins([one, gone]) == [one, gone]


def test_a_build_string_that_forgets_a_key() -> None:
    problem = refused(two()).problems[0]
    assert problem.code == "variant.collision"
    assert problem.message == "two variants would both be linux-64/a-1-fixed: k = 1 and 2"
    assert problem.remedy == "let build.string hold ${{ hash }} or ${{ k }}"
    assert problem.place is not None


def test_hashes_that_are_equal_by_chance() -> None:
    one, other = two(None)
    problem = refused([one, replace(other, hash=one.hash, build_string=one.build_string)]).problems[0]
    assert "by chance" in (problem.remedy or "")
    assert "k = 1 and 2" in problem.message


def test_a_real_collision_of_seven_digits_is_found() -> None:
    """These two numbers have sha1 sums that begin alike."""
    found = rendered([Make(name="a", reads=("k",))], config({"k": ["10411", "26616"]}))
    assert [one.hash for one in found] == ["1d291b0", "1d291b0"]
    problem = refused(found).problems[0]
    assert "k = 10411 and 26616" in problem.message
    assert "by chance" in (problem.remedy or "")


def test_two_recipes_that_make_the_same_package() -> None:
    (one,) = rendered([Make(name="a")], config({}))
    elsewhere = replace(one, recipe=RecipeFile(path=Path("/other/recipe.yaml"), folder=Path("/other")))
    problem = refused([one, elsewhere]).problems[0]
    assert problem.code == "plan.same-package"
    assert "/recipes/fake/recipe.yaml" in problem.message
    assert str(problem.place) == "/other/recipe.yaml"


def test_two_outputs_that_make_the_same_package() -> None:
    found = rendered([Make(name="a"), Make(name="a")], config({}))
    assert "by another output" in refused(found).problems[0].message


def test_all_pairs_are_told_and_skipped_ones_are_none() -> None:
    found = rendered([Make(name="a", reads=("k",), string="x")], config({"k": [1, 2, 3]}))
    assert len(refused(found).problems) == 2
    refuse_collisions([replace(one, output=replace(one.output, skip=True)) for one in found[1:]] + found[:1])


def test_renderings_that_differ_are_fine() -> None:
    refuse_collisions(two(None))


class TestLastOfEach:
    """What conda-build leaves of variants of one file name."""

    def test_the_last_one_is_left(self) -> None:
        first, last = two()
        assert last_of_each([first, last]) == [last]
        assert last_of_each([last, first]) == [first]
        refuse_collisions(last_of_each([first, last]))

    def test_what_has_a_name_of_its_own_stays(self) -> None:
        found = two(None)
        assert last_of_each(found) == found
        assert replaced(found, found) == []

    def test_what_is_skipped_replaces_nothing_and_stays(self) -> None:
        first, last = two()
        gone = replace(last, output=replace(last.output, skip=True))
        assert last_of_each([first, gone]) == [first, gone]

    def test_it_is_said(self) -> None:
        first, last = two()
        (problem,) = replaced([first, last], [last])
        assert problem.code == "plan.replaced"
        assert problem.message == ("several variants are linux-64/a-1-fixed, and only the last is built: k is 1 and 2")
        assert problem.place is not None
        assert problem.remedy is not None
