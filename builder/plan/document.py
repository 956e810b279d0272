"""The JSON document of ``plan --json``: a task as plain data."""

from __future__ import annotations

from builder.model.task import Task


def task_document(task: Task) -> dict[str, object]:
    """Return what ``plan --json`` prints for one task.

    ``deps`` are the tasks that must be finished before it starts, ``tests_need`` those that must be in the channel
    before its tests run, ``tested_by`` the task that runs its tests if it is another; ``reason`` is all reasons in one
    line.
    """
    rendering = task.rendering
    return {
        "id": task.id,
        "kind": rendering.output.kind,
        "name": rendering.output.name,
        "version": rendering.output.version,
        "build": rendering.build_string,
        "subdir": rendering.subdir,
        "recipe": str(rendering.recipe.path),
        "recipe_key": task.recipe_key,
        "deps": list(task.needs),
        "tests_need": list(task.tests_need),
        "tested_by": task.tested_by,
        "state": task.state.value,
        "reason": "; ".join(task.reasons),
        "reasons": list(task.reasons),
        "package": task.package,
    }
