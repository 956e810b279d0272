"""The clock of one task."""

from __future__ import annotations

import pytest

from builder.model.task import Phase
from builder.pipeline.phases import Phases
from builder.report.events import Event, PhaseStarted


def test_each_phase_is_told_and_timed_in_its_order() -> None:
    told: list[Event] = []
    phases = Phases("t", told.append)
    with phases.of(Phase.SOURCE):
        pass
    with phases.of(Phase.SCRIPT):
        pass
    assert told == [PhaseStarted(task_id="t", phase=Phase.SOURCE), PhaseStarted(task_id="t", phase=Phase.SCRIPT)]
    assert [timing.phase for timing in phases.timings()] == [Phase.SOURCE, Phase.SCRIPT]
    assert all(timing.seconds >= 0 for timing in phases.timings())


def test_a_phase_entered_again_adds_up() -> None:
    phases = Phases("t", lambda event: None)
    for _ in range(3):
        with phases.of(Phase.TESTING):
            pass
    assert len(phases.timings()) == 1


def test_a_phase_that_fails_is_timed_too() -> None:
    phases = Phases("t", lambda event: None)
    with pytest.raises(ValueError, match="x"), phases.of(Phase.PACK):
        raise ValueError("x")
    assert [timing.phase for timing in phases.timings()] == [Phase.PACK]
