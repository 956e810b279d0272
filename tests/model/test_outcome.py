"""Which endings let dependants start."""

from __future__ import annotations

import pytest

from builder.model.outcome import Ending, Outcome


@pytest.mark.parametrize("ending", list(Ending))
def test_good_endings(ending: Ending) -> None:
    assert Outcome(task_id="a", ending=ending).good is (ending not in {Ending.FAILED, Ending.BLOCKED})
