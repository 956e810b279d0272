"""The JSON document of ``plan --json``: a task as plain data."""

from __future__ import annotations

from builder.model.permission import Permissions
from builder.model.task import Task


def task_document(task: Task) -> dict[str, object]:
    """Return what ``plan --json`` prints for one task.

    ``deps`` are the tasks that must be finished before it starts, ``tests_need`` those that must be in the channel
    before its tests run, ``tested_by`` the task that runs its tests if it is another; ``reason`` is all reasons in one
    line. ``allowed`` is what the user lets its script use of the machine, and its tests if that is anything.
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
        "allowed": {
            **_permissions(task.allowed.build),
            **({"tests": _permissions(task.allowed.tests)} if task.allowed.tests else {}),
        },
    }


def _permissions(permissions: Permissions) -> dict[str, object]:
    mounts = [
        {"source": str(one.source), "inside": str(one.inside), "writable": one.writable, "sha256": one.digest}
        for one in permissions.mounts
    ]
    return {"network": permissions.network, "mounts": mounts}
