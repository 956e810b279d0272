"""``requirements`` of a ``meta.yaml``."""

from __future__ import annotations

import pytest

from builder.model.recipe import RunExports
from builder.recipe.v0.keys import Keys
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.requirements import run_exports_of
from builder.syntax.legacy.data import Plain


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a", RunExports(weak=("a",))),
        (["a", "b"], RunExports(weak=("a", "b"))),
        (None, RunExports()),
        (
            {"weak": "a", "strong": ["b"], "weak_constrains": "c", "strong_constrains": ["d"], "noarch": "e"},
            RunExports(weak=("a",), strong=("b",), weak_constraints=("c",), strong_constraints=("d",), noarch=("e",)),
        ),
    ],
)
def test_run_exports_in_every_form(written: Plain, expected: RunExports) -> None:
    build = Keys(data={"run_exports": written}, path="build", remarks=Remarks(file="meta.yaml"))
    assert run_exports_of(build) == expected
