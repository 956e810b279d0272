"""The plan as data: tasks with keys, states and reasons."""

from __future__ import annotations

from enum import StrEnum

from builder.model.frozen import frozen
from builder.model.permission import NOTHING, Allowed, Permissions
from builder.model.rendering import Rendering

Explanation = tuple[tuple[str, str], ...]
"""Everything that a recipe key is made of, in order: what it is, in the user's words, and its value or digest."""


class TaskState(StrEnum):
    """What the plan decided for a task before anything runs."""

    REUSE = "reuse"
    BUILD = "build"
    AFTER = "after"


@frozen
class Task:
    """One output × variant in a plan.

    ``id`` is the rendering's identity. ``needs`` are tasks that must be finished before this one starts (build and host
    dependencies, the staging output); ``tests_need`` those that must be in the channel before its tests run (run
    dependencies). ``reasons`` says in the user's words why the state is what it is; for `REUSE` and `AFTER` ``package``
    is the file in the channel that goes by the recipe key, or that may be reused. ``recipe_key`` is the digest of
    ``explanation``, which a package should remember for the next plan.

    Packages that need each other to run are tested together by the last one of them: ``tested_by`` is that task, for
    those that leave their tests to it. The script of another task goes on in the work folder of one that is
    ``followed``. ``allowed`` is what its scripts may use of the machine, ``exposed`` what all those may that make its
    files: the staging output's too.
    """

    id: str
    rendering: Rendering
    recipe_key: str
    needs: tuple[str, ...] = ()
    tests_need: tuple[str, ...] = ()
    state: TaskState = TaskState.BUILD
    reasons: tuple[str, ...] = ()
    package: str | None = None
    explanation: Explanation = ()
    tested_by: str | None = None
    followed: bool = False
    allowed: Allowed = NOTHING
    exposed: Permissions = Permissions()


@frozen
class Plan:
    """Tasks in an order in which each follows what it needs; ties are broken by id, so that the order is stable."""

    tasks: tuple[Task, ...]

    def by_id(self) -> dict[str, Task]:
        """Return the tasks by their id."""
        return {task.id: task for task in self.tasks}


class Phase(StrEnum):
    """The phases of one task, in the order in which `builder.pipeline` runs them."""

    ENVIRONMENT = "environment"
    SOURCE = "source"
    SCRIPT = "script"
    PAYLOAD = "payload"
    RELOCATE = "relocate"
    CHECK = "check"
    PACK = "pack"
    TESTING = "testing"
    CHANNEL = "channel"
