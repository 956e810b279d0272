"""The few behaviours that recipe values have."""

from __future__ import annotations

import pickle

import pytest

from builder.model.pin import Pin
from builder.model.recipe import Build, DynamicLinking, GlobList, Output, PinSubpackage, Requirements, RunExports


@pytest.mark.parametrize(
    ("globs", "truth"), [(GlobList(), False), (GlobList(include=("a",)), True), (GlobList(exclude=("a",)), True)]
)
def test_an_empty_glob_list_is_false(globs: GlobList, truth: bool) -> None:
    assert bool(globs) is truth


@pytest.mark.parametrize("kind", ["weak", "strong", "weak_constraints", "strong_constraints", "noarch"])
def test_run_exports_are_true_when_any_kind_is(kind: str) -> None:
    assert not RunExports()
    assert RunExports(**{kind: ("zlib",)})


def test_defaults_are_the_standards() -> None:
    assert DynamicLinking().rpaths == ("lib/",)
    assert DynamicLinking().overlinking_behavior == "error"
    assert Build().number == 0
    assert Build().noarch is None
    assert not Requirements().run_exports


def test_outputs_travel_between_processes() -> None:
    pin = PinSubpackage(name="lib", pin=Pin(exact=True))
    output = Output(kind="package", name="x", version="1", requirements=Requirements(run=("zlib >=1", pin)))
    again = pickle.loads(pickle.dumps(output))
    assert again == output
    assert hash(again.requirements) == hash(output.requirements)
