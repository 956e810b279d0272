"""Used variants, found out once and filled in for many; which part of an assignment tells renderings apart."""

from __future__ import annotations

import pytest

from builder.matrix.identity import hash_input
from builder.matrix.siblings import Finished
from builder.matrix.used import Used, UsedPlans, UsedVariant, own_keys
from builder.model.recipe import VariantKeys
from builder.model.variant import VariantValue
from tests.matrix.fakes import Evaluator, config, renderer, texts
from tests.matrix.test_renderer import Make
from tests.matrix.test_siblings import finished


def test_own_keys_are_used_ones_and_those_of_siblings() -> None:
    sibling: Finished = finished("lib", {"b": 1})
    assigned = {"a": 0, "b": 1, "ignored": 1}
    assert own_keys({"a": "x", "target_platform": "linux-64"}, assigned, {}) == {"a": 0}
    assert own_keys({"a": "x"}, assigned, {("package", "lib"): sibling}) == {"a": 0, "b": 1}


VALUES: dict[str, list[VariantValue]] = {"a": ["x", "ü"], "b": [1, True], "python": ["3.12", "3.13"], "c": ["only"]}


@pytest.mark.parametrize(
    "make",
    [
        Make(name="plain", reads=("a", "b")),
        Make(name="nothing"),
        Make(name="noarch", reads=("a", "python"), noarch="python"),
        Make(name="virtual", reads=("b",), run=("__glibc >=2.17,<3", "zlib")),
        Make(name="keys", reads=("a", "b"), keys=VariantKeys(use_keys=("c", "target_platform"), ignore_keys=("b",))),
        Make(name="both", reads=("python",), noarch="python", keys=VariantKeys(use_keys=("python",))),
        Make(name="hides", reads=("target_platform", "a"), run=("__a 1",)),
    ],
    ids=lambda make: make.name,
)
def test_a_plan_filled_in_is_what_finding_out_anew_gives(make: Make) -> None:
    expansion = renderer(Evaluator([make]), config(VALUES)).expansion
    (text,) = texts([make])
    plans = UsedPlans(expansion.space, expansion.subdir)
    branches = expansion.branches(text)
    for branch in [*branches, *branches]:
        made = UsedVariant(branch, expansion.space, expansion.subdir)
        made.drop_ignored_keys()
        anew, filled = Used.of(made), plans.used(branch)
        assert filled.variant == anew.variant
        assert filled.variant.origins == anew.variant.origins
        assert (dict(filled.values), filled.why) == (dict(anew.values), anew.why)
        assert filled.hashed == anew.hashed == hash_input(dict(filled.values))
