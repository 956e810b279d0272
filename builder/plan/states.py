"""What is to be done for each task, and why, in the user's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from builder.model.name import stem_of
from builder.model.task import Explanation, Task, TaskState
from builder.plan.context import PlanContext
from builder.plan.keys import is_dependency
from builder.plan.words import SHOWN, listed


def decided(tasks: Sequence[Task], context: PlanContext) -> tuple[Task, ...]:
    """Return ``tasks`` (in order) with states, reasons and the files of the channel that they are about.

    A package is reused when the channel has its recipe key, or when it is said to be there already. If the channel has
    a file of its name that may differ in nothing but dependencies which are being built, its build key will decide
    after them. Everything else is built. A staging output is in no channel: it is needed as far as those are built
    that take from it. So is the work folder of a package in which the script of another goes on.
    """
    states = _States(context)
    found = {task.id: states.decide(task) for task in tasks}
    takers: dict[str, list[str]] = {}
    for task in tasks:
        if task.rendering.staging is not None:
            takers.setdefault(task.rendering.staging, []).append(task.id)
    for task in reversed(tasks):
        if task.rendering.output.kind == "staging":
            found[task.id] = _staging(task, [found[taker] for taker in takers.get(task.id, ())])
        before = task.rendering.follows
        if before is not None and found[task.id].state is not TaskState.REUSE:
            found[before] = _followed(found[before], task.id)
    return tuple(found[task.id] for task in tasks)


class _States:
    """Decides about tasks in their order."""

    def __init__(self, context: PlanContext) -> None:
        self._known = context.known
        self._records = context.records
        self._existing = context.existing
        self._suffix = context.packaging.suffix
        self._files = {stem_of(file): file for file in sorted(context.known.values(), key=self._own_format)}
        self._open: dict[str, tuple[str, ...]] = {}
        self._shared: dict[int, tuple[str, ...]] = {}

    def _own_format(self, file: str) -> bool:
        return file.endswith(self._suffix)

    def decide(self, task: Task) -> Task:
        """Return ``task`` decided; ``_open`` gets the packages that must be built before anybody can use it."""
        unfinished = self._unfinished(task.needs)
        if task.rendering.output.kind == "staging":
            self._open[task.id] = unfinished
            return task
        decision = self._decide(task, unfinished)
        self._open[task.id] = () if decision.state is TaskState.REUSE else (task.id,)
        return decision

    def _decide(self, task: Task, unfinished: tuple[str, ...]) -> Task:
        existing = self._existing.get(task.id)
        if existing is not None:
            reasons = (f"it is in {existing.channel} already", *task.reasons)
            return replace(task, state=TaskState.REUSE, package=existing.file, reasons=reasons)
        file = self._known.get(task.recipe_key)
        if file is not None:
            return replace(task, state=TaskState.REUSE, package=file, reasons=("nothing has changed", *task.reasons))
        file = self._files.get(task.id) or self._files.get(task.id.rpartition("/")[2])
        if file is None:
            return replace(task, state=TaskState.BUILD, reasons=("it is not in the channel yet", *task.reasons))
        own, changed = _changes(self._records.get(file), task.explanation)
        if unfinished and not own:
            reasons = (f"decided when {listed(unfinished)} is done", *task.reasons)
            return replace(task, state=TaskState.AFTER, package=file, reasons=reasons)
        unremembered = ("the channel's package was made from something else",)
        return replace(task, state=TaskState.BUILD, reasons=(*(changed or unremembered), *task.reasons))

    def _unfinished(self, needs: tuple[str, ...]) -> tuple[str, ...]:
        # Tasks that need the same share one tuple; it is found by being that tuple, for hashing it takes its length.
        if id(needs) not in self._shared:
            self._shared[id(needs)] = tuple(dict.fromkeys(one for task in needs for one in self._open[task]))
        return self._shared[id(needs)]


def _changes(record: Explanation | None, explanation: Explanation) -> tuple[bool, tuple[str, ...]]:
    """Return whether anything but dependencies changed since ``record``, and all changes in words.

    Without a record nothing is known to have changed.
    """
    if record is None:
        return False, ()
    old, new = dict(record), dict(explanation)
    words = {
        what: _change(old.get(what), new.get(what))
        for what in dict.fromkeys(what for what, _ in (*explanation, *record))
        if old.get(what) != new.get(what)
    }
    shown = [f"{what} {word}" for what, word in words.items()]
    more = [f"and {len(shown) - SHOWN} more changes"] if len(shown) > SHOWN + 1 else []
    kept = shown[:SHOWN] if more else shown
    return any(not is_dependency(what) for what in words), (*kept, *more)


def _change(old: str | None, new: str | None) -> str:
    """Return what happened to an entry; of a commit it says where from and where to."""
    if old is None:
        return "is new"
    if new is None:
        return "is gone"
    if old.startswith("commit ") and new.startswith("commit "):
        return f"moved from {old[7:19]} to {new[7:19]}"
    return "changed"


def _followed(task: Task, follower: str) -> Task:
    """Return a task that leaves its work folder to ``follower``: no channel has that, so it is not reused."""
    if task.state is not TaskState.REUSE:
        return replace(task, followed=True)
    reasons = (f"{follower} goes on in its work folder", *task.reasons[1:])
    return replace(task, state=TaskState.BUILD, followed=True, reasons=reasons)


def _staging(task: Task, takers: Iterable[Task]) -> Task:
    by_state: Mapping[TaskState, list[str]] = {state: [] for state in TaskState}
    for taker in takers:
        by_state[taker.state].append(taker.id)
    for state in (TaskState.BUILD, TaskState.AFTER):
        if by_state[state]:
            return replace(task, state=state, reasons=(f"it is needed by {listed(by_state[state])}", *task.reasons))
    return replace(
        task, state=TaskState.REUSE, reasons=("nobody needs it, for nothing that takes from it is built", *task.reasons)
    )
