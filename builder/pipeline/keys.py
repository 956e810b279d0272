"""The build key of a task: what its recipe key says, but locked environments in place of dependencies' keys."""

from __future__ import annotations

import hashlib
import json

from builder.model.environment import Environment, Environments
from builder.model.task import Task
from builder.plan.keys import is_dependency


def build_key(task: Task, environments: Environments, staging_key: str | None) -> str:
    """Return the sha256 that decides whether a package with these very bytes has been built before.

    ``staging_key`` is the build key of the staging output whose files the task takes.
    """
    parts: list[tuple[str, object]] = [(what, value) for what, value in task.explanation if not is_dependency(what)]
    parts.append(("the build environment", _digests(environments.build)))
    parts.append(("the host environment", _digests(environments.host)))
    parts.append(("the run requirements", sorted(one.spec for one in environments.depends)))
    parts.append(("the staging output", staging_key))
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _digests(environment: Environment) -> list[str]:
    return sorted(package.sha256 for package in environment.packages)
