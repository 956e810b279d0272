"""Times the phases of one task and tells of each as it starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from builder.model.outcome import Timing
from builder.model.task import Phase
from builder.report.events import Event, PhaseStarted


class Phases:
    """The clock of one task: seconds of wall time per phase, in the order in which phases ran."""

    def __init__(self, task_id: str, emit: Callable[[Event], None]) -> None:
        """Tell of phases through ``emit``."""
        self._task_id = task_id
        self._emit = emit
        self._spent: dict[Phase, float] = {}

    @contextmanager
    def of(self, phase: Phase) -> Iterator[None]:
        """Time the block as ``phase``; a phase may be entered again."""
        self._emit(PhaseStarted(task_id=self._task_id, phase=phase))
        began = time.perf_counter()
        try:
            yield
        finally:
            self._spent[phase] = self._spent.get(phase, 0.0) + time.perf_counter() - began

    def timings(self) -> tuple[Timing, ...]:
        """Return what was spent so far."""
        return tuple(Timing(phase=phase, seconds=seconds) for phase, seconds in self._spent.items())
