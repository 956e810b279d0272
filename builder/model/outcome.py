"""What became of a task: built, reused, staged, failed or held back, with everything that the summary shows."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from builder.errors import Problem
from builder.model.environment import Environments
from builder.model.finding import Finding
from builder.model.frozen import frozen
from builder.model.package import Package, TestResult
from builder.model.task import Phase


class Ending(StrEnum):
    """How a task ended."""

    BUILT = "built"
    WAITING = "waiting for its tests"
    REUSED = "reused"
    STAGED = "staged"
    FAILED = "failed"
    BLOCKED = "blocked"
    SKIPPED = "not needed"


TestStrategy = Literal["skip", "native", "native-and-emulated"]
"""Whose tests are run: nobody's, those of packages for the platform that they are built on, or all."""


@frozen
class Timing:
    """Seconds of wall time that one phase took."""

    phase: Phase
    seconds: float


@frozen
class Outcome:
    """The end of one task.

    ``file_name`` is the package in the channel (built or reused), ``build_key`` the key that decided it. ``problems``
    are why it failed or was held back, ``exit_code`` what such a failure is worth (see `builder.errors`); ``reasons``
    say in the user's words why it was built or reused. ``reproducible`` says that a second build gave the same bytes;
    None if there was none. ``peak_memory`` is the most memory, in bytes, that its script was seen to use.

    A package that is `WAITING` is in no channel yet: the task that tests it brings its end among ``settled``.
    """

    task_id: str
    ending: Ending
    file_name: str | None = None
    package: Package | None = None
    build_key: str | None = None
    environments: Environments | None = None
    findings: tuple[Finding, ...] = ()
    tests: tuple[TestResult, ...] = ()
    timings: tuple[Timing, ...] = ()
    problems: tuple[Problem, ...] = ()
    exit_code: int = 0
    reasons: tuple[str, ...] = ()
    settled: tuple[Outcome, ...] = ()
    reproducible: bool | None = None
    peak_memory: int | None = None

    @property
    def good(self) -> bool:
        """Whether dependants may start."""
        return self.ending in {Ending.BUILT, Ending.WAITING, Ending.REUSED, Ending.STAGED, Ending.SKIPPED}
