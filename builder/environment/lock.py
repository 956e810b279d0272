"""Lock files: the solved environments of many tasks in one file, to solve from again without asking any channel."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from builder.environment.admission import Admission
from builder.environment.packages import PackageStore
from builder.environment.records import canonical
from builder.errors import Place, UsageError
from builder.model.environment import Environment, Environments, LockedPackage
from builder.model.frozen import frozen
from builder.model.match_spec import MatchSpec
from builder.model.package import Package
from builder.model.target import NOARCH
from builder.store import atomic_write

FORMAT = 1


@frozen
class LockedTask:
    """The environments of one task, as they were solved."""

    build: Environment
    host: Environment


@frozen
class Lock:
    """A lock file's content: tasks by their id, sorted."""

    path: Path
    tasks: Mapping[str, LockedTask]

    def solver(
        self,
        task_id: str,
        packages: PackageStore,
        admits: Callable[[LockedPackage], bool] = lambda _: True,
        admission: Admission | None = None,
    ) -> LockedSolver:
        """Return what answers the solves of a task from this lock; UsageError if the task is not in it.

        Environments with a package that is not wanted any more, ``admits`` says so, are out of date. Those with one
        that the policy does not admit (``admission``) are refused as `Admission.admit` says.
        """
        task = self.tasks.get(task_id)
        if task is None:
            raise _stale(self.path, f"it knows nothing of {task_id}")
        return LockedSolver(
            path=self.path,
            environments=(task.build, task.host),
            packages=packages,
            admits=admits,
            admission=admission,
        )


@frozen
class LockedSolver:
    """Answers solves with locked environments, and refuses when the specs are not those that were solved."""

    path: Path
    environments: tuple[Environment, ...]
    packages: PackageStore
    admits: Callable[[LockedPackage], bool]
    admission: Admission | None = None

    async def solve(
        self,
        specs: Sequence[str],
        *,
        subdir: str,
        loose: Sequence[Package] = (),
        constraints: Sequence[str] = (),
    ) -> Environment:
        """Return the locked environment for ``specs`` on ``subdir``; UsageError when the lock is out of date."""
        assert not loose, "packages under test are in no lock file"
        assert not constraints, "a lock file keeps no extra constraints"
        wanted = tuple(sorted({str(MatchSpec.parse(text)) for text in specs}))
        if not wanted:
            return Environment()
        for environment in self.environments:
            if environment.specs == wanted and {package.subdir for package in environment.packages} <= {subdir, NOARCH}:
                late = [package.file_name for package in environment.packages if not self.admits(package)]
                if late:
                    raise _stale(self.path, f"it has packages that are newer than asked for: {', '.join(late)}")
                if self.admission is not None:
                    await self.admission.admit(environment.packages)
                return environment
        raise _stale(self.path, difference(self.environments, wanted))

    async def run_exports(self, package: LockedPackage) -> Mapping[str, tuple[str, ...]]:
        """Return what ``package`` adds to its users, by kind."""
        return await self.packages.run_exports(package)


def difference(environments: Sequence[Environment], wanted: Sequence[str]) -> str:
    """Say how ``wanted`` differs from the locked specs that are nearest to it."""
    nearest = max(environments, key=lambda environment: len(set(environment.specs) & set(wanted)))
    added, gone = sorted(set(wanted) - set(nearest.specs)), sorted(set(nearest.specs) - set(wanted))
    parts = [f"{', '.join(added)} is wanted now"] if added else []
    parts += [f"{', '.join(gone)} was wanted then"] if gone else []
    return "; ".join(parts) or "it was solved for another platform"


def write_lock(path: Path, tasks: Mapping[str, Environments]) -> None:
    """Write the environments of ``tasks`` (by id) to ``path``, each package once, in a form that compares well."""
    solved = {task_id: {"build": found.build, "host": found.host} for task_id, found in sorted(tasks.items())}
    packages = {
        package.sha256: _plain(package)
        for roles in solved.values()
        for environment in roles.values()
        for package in environment.packages
    }
    document = {
        "format": FORMAT,
        "packages": dict(sorted(packages.items(), key=lambda item: (item[1]["name"], item[0]))),
        "tasks": {
            task_id: {
                role: {"specs": environment.specs, "packages": [package.sha256 for package in environment.packages]}
                for role, environment in roles.items()
            }
            for task_id, roles in solved.items()
        },
    }
    atomic_write(path, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())


def read_lock(path: Path) -> Lock:
    """Read a lock file; UsageError when there is none, or it cannot be read."""
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise _unreadable(path, f"it has format {document['format']}, this version reads {FORMAT}")
        packages = {digest: _package(plain) for digest, plain in document["packages"].items()}
        tasks = {
            task_id: LockedTask(**{role: _environment(roles[role], packages) for role in ("build", "host")})
            for task_id, roles in document["tasks"].items()
        }
    except FileNotFoundError:
        raise _unreadable(path, "there is no such file") from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error
    return Lock(path=path, tasks=tasks)


def _plain(package: LockedPackage) -> dict[str, Any]:
    return asdict(package) | {"record": json.loads(package.record)}


def _package(plain: dict[str, Any]) -> LockedPackage:
    lists = {key: tuple(plain[key]) for key in ("depends", "constrains")}
    return LockedPackage(**(plain | lists | {"record": canonical(plain["record"])}))


def _environment(plain: dict[str, Any], packages: Mapping[str, LockedPackage]) -> Environment:
    return Environment(specs=tuple(plain["specs"]), packages=tuple(packages[digest] for digest in plain["packages"]))


def _stale(path: Path, why: str) -> UsageError:
    return UsageError(
        f"the lock file is out of date: {why}",
        code="environment.lock-stale",
        place=Place(file=str(path)),
        remedy="build once without --locked to renew it",
    )


def _unreadable(path: Path, why: str) -> UsageError:
    return UsageError(
        f"the lock file cannot be read: {why}",
        code="environment.lock",
        place=Place(file=str(path)),
        remedy="take it away and build once without --locked",
    )
