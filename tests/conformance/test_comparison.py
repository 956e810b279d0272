"""The comparison finds what is different, and takes mere spelling for the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.comparison import Canonical, differences, theirs
from tests.conformance.peer import Job, PeerOutput

JOB = Job(recipe=Path("recipe.yaml"))
OUTPUT = PeerOutput(
    name="a", version="1", build="h0_0", build_number=0, hash="0", subdir="linux-64", noarch=None,
    used={"k": 1, "target_platform": "linux-64"},
    requirements={"host": ["zlib >=1,<2", {"pin_subpackage": {"name": "a", "exact": True, "lower_bound": None}}]},
)  # fmt: skip
OTHER = replace(OUTPUT, name="b")


def found(expected: tuple[PeerOutput, ...] | str, actual: tuple[Canonical, ...] | str) -> list[str]:
    return [one.what for one in differences(JOB, expected, actual)]


def test_the_same_is_the_same_in_any_order_and_number() -> None:
    assert found((OUTPUT, OTHER), (theirs(OTHER), theirs(OUTPUT))) == []
    assert found((OUTPUT, OUTPUT), (theirs(OUTPUT),)) == []
    assert found((), ()) == []


def test_spelling_does_not_matter() -> None:
    spelt = replace(OUTPUT, requirements={"host": ["zlib  >= 1 ,<2", {"pin_subpackage": {"exact": True, "name": "a"}}]})
    assert found((OUTPUT,), (theirs(spelt),)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2"}, {"build": "h1_0"}, {"build_number": 1}, {"hash": "1"}, {"subdir": "noarch"},
        {"noarch": "generic"}, {"used": {"k": "1", "target_platform": "linux-64"}}, {"used": {}},
        {"requirements": {"host": ["zlib >=1,<3"]}}, {"requirements": {**OUTPUT.requirements, "run": ["zlib"]}},
        {"requirements": {**OUTPUT.requirements, "build": ["cc"]}},
    ],
    ids=str,
)  # fmt: skip
def test_every_field_counts(change: dict[str, Any]) -> None:
    assert len(found((OUTPUT,), (theirs(replace(OUTPUT, **change)),))) == 1


def test_one_and_true_are_different() -> None:
    truth = replace(OUTPUT, used={"k": True, "target_platform": "linux-64"})
    assert found((OUTPUT,), (theirs(truth),))


def test_outputs_of_one_side_only() -> None:
    assert found((OUTPUT, OTHER), (theirs(OUTPUT),)) == [f"not rendered: b h0_0 {dict(OUTPUT.used)}"]
    assert found((OUTPUT,), (theirs(OUTPUT), theirs(OTHER))) == [f"rendered by us only: b h0_0 {dict(OUTPUT.used)}"]


def test_errors_of_one_side_only() -> None:
    assert found("broken", "broken too") == []
    assert found("broken", (theirs(OUTPUT),)) == ["peer: broken; ours: renders"]
    assert found((OUTPUT,), "broken") == ["peer: renders; ours: broken"]
