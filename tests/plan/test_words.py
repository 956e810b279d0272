"""How a plan speaks of tasks."""

from __future__ import annotations

import pytest

from builder.plan.words import listed


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        (["linux-64/a-1-h0_0"], "a-1-h0_0"),
        (["noarch/a-1-h0_0", "staging:linux-64/b-1-h0_0"], "a-1-h0_0, b-1-h0_0"),
        (["x/a", "x/b", "x/c"], "a, b, c"),
        (["x/a", "x/b", "x/c", "x/d", "x/e"], "a, b, c and 2 more"),
    ],
)
def test_a_few_names_and_the_number_of_the_others(tasks: list[str], expected: str) -> None:
    assert listed(tasks) == expected
