"""The build key of a task: what its recipe key says, but locked environments in place of dependencies' keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from builder.model.environment import Environment, Environments
from builder.model.task import Task
from builder.plan.keys import is_dependency


def build_key(
    task: Task,
    environments: Environments,
    staging_key: str | None,
    contents: Mapping[str, str],
    work_key: str | None = None,
) -> str:
    """Return the sha256 that decides whether a package that nobody could tell from this one has been built before.

    ``staging_key`` is the build key of the staging output whose files the task takes, ``work_key`` that of the package
    in whose work folder its script goes on. ``contents`` maps the sha256 of
    packages of ours to the digest of what a build can notice of them; other packages count by their sha256.
    """
    parts: list[tuple[str, object]] = [(what, value) for what, value in task.explanation if not is_dependency(what)]
    parts.append(("the build environment", _digests(environments.build, contents)))
    parts.append(("the host environment", _digests(environments.host, contents)))
    parts.append(("the run requirements", sorted(one.spec for one in environments.depends)))
    parts.append(("the staging output", staging_key))
    if work_key is not None:
        parts.append(("the work folder", work_key))
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _digests(environment: Environment, contents: Mapping[str, str]) -> list[str]:
    return sorted(contents.get(package.sha256, package.sha256) for package in environment.packages)
