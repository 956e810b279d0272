"""What can be told while work goes on, as values; every reporter draws the same ones."""

from __future__ import annotations

from builder.model.finding import Finding
from builder.model.frozen import frozen
from builder.model.outcome import Outcome
from builder.model.task import Phase, Task


@frozen
class Noted:
    """Something that the user may want to know."""

    text: str


@frozen
class Warned:
    """Something that the user should look at."""

    text: str


@frozen
class Planned:
    """The tasks of this run, in their order."""

    tasks: tuple[Task, ...]


@frozen
class PhaseStarted:
    """A task entered a phase."""

    task_id: str
    phase: Phase


@frozen
class LogLine:
    """One line that a task's script or test printed, without its line end, secrets masked."""

    task_id: str
    line: str


@frozen
class Found:
    """A check found something in a task's package."""

    task_id: str
    finding: Finding


@frozen
class Finished:
    """A task ended; ``done`` of ``total`` tasks have."""

    outcome: Outcome
    done: int
    total: int


@frozen
class Downloaded:
    """``received`` of ``size`` bytes of a file have arrived (``size`` None when the server does not say)."""

    name: str
    received: int
    size: int | None


Event = Noted | Warned | Planned | PhaseStarted | LogLine | Found | Finished | Downloaded
