"""The environment phase: solved and linked prefixes, the staging output that files come from, and the build key."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath

from builder.environment import link, resolve
from builder.environment.packages import PackageStore
from builder.environment.records import made_at
from builder.environment.wall import in_thread
from builder.errors import UsageError, WorkError
from builder.model.environment import Clash, Environment, Environments, LinkedPrefix, LockedPackage
from builder.model.frozen import frozen
from builder.pipeline import staged
from builder.pipeline.bench import Bench
from builder.pipeline.keys import build_key
from builder.pipeline.moving import moved
from builder.pipeline.staged import Staged
from builder.pipeline.work import Work


@frozen
class Ready:
    """What a script needs: linked environments, and the staging output whose files it starts from.

    ``before`` is what another output's script left in the work folder, where this one's goes on.
    """

    environments: Environments
    build: LinkedPrefix
    host: LinkedPrefix
    parent: Staged | None
    build_key: str
    before: Staged | None = None

    def work_layers(self, tree: Path) -> tuple[Path, ...]:
        """Return the folders of the work folder, the uppermost first, ``tree`` being that of the task's own sources."""
        below = self.before or self.parent
        return (tree, below.source.folder) if below is not None else (tree,)

    @property
    def newest_source(self) -> int | None:
        """The newest time in the sources of those that worked before, in seconds since 1970."""
        times = (one.source.newest for one in (self.parent, self.before) if one is not None)
        return max((time for time in times if time is not None), default=None)

    @property
    def host_layers(self) -> tuple[Path, ...]:
        """The folders below the host prefix, the uppermost first."""
        return (*((self.parent.installed.folder,) if self.parent else ()), self.host.folder)

    @property
    def clashes(self) -> tuple[tuple[str, tuple[Clash, ...]], ...]:
        """The paths that several packages of an environment bring, by what people call that environment."""
        return (("the build environment", self.build.clashes), ("the host environment", self.host.clashes))

    @property
    def unpublishable(self) -> tuple[str, ...]:
        """The packages that the files are made with, this task's or those before it, and that are never published."""
        before = (one.unpublishable for one in (self.parent, self.before) if one is not None)
        return tuple(sorted({*self.build.unpublishable, *self.host.unpublishable, *chain.from_iterable(before)}))

    @property
    def around(self) -> LinkedPrefix:
        """The host environment as checks see it: with what the staging output's script had around it."""
        if self.parent is None:
            return self.host
        packages = {one.name: one for one in (*self.parent.environments.host.packages, *self.host.environment.packages)}
        owners = {**dict(self.parent.owners), **dict(self.host.owners)}
        environment = replace(self.host.environment, packages=tuple(packages.values()))
        return replace(self.host, environment=environment, owners=tuple(sorted(owners.items())))


async def make_ready(work: Work) -> Ready:
    """Solve and link the task's environments; packages come from the store where they have been linked before."""
    parent = await in_thread(_left_by, work.rendering.staging, work)
    before = await in_thread(_left_by, work.rendering.follows, work)
    environments = await _resolved(work, parent.environments if parent else None)
    contents = await in_thread(work.bench.channel.contents)
    key = build_key(
        work.task,
        environments,
        parent.build_key if parent else None,
        contents,
        work_key=before.build_key if before else None,
    )
    inside = work.inside
    return Ready(
        environments=environments,
        build=await _linked(work, environments.build, inside.build_prefix),
        host=await _linked(work, environments.host, inside.prefix),
        parent=parent,
        build_key=key,
        before=before,
    )


async def _resolved(work: Work, staging: Environments | None) -> Environments:
    """Solve, or take what the lock file has; one that is out of date counts only when the user insists on it."""
    bench = work.bench
    if bench.lock is not None:
        try:
            packages = PackageStore(bench.store, bench.access)
            locked = bench.lock.solver(work.task.id, packages, partial(_old_enough, bench), bench.admission)
            return await resolve(work.rendering, locked, staging=staging)
        except UsageError:
            if bench.locked:
                raise
    return await resolve(work.rendering, bench.solver_of(work.rendering), staging=staging)


def _old_enough(bench: Bench, package: LockedPackage) -> bool:
    """Whether the rules for all solves admit a locked package; those of our own output always are."""
    return package.channel == str(bench.channel.root) or bench.rules.admit(made_at(package))


async def _linked(work: Work, environment: Environment, inside: PurePosixPath) -> LinkedPrefix:
    return await link(environment, inside, work.bench.store, access=work.bench.access, report=work.note)


def _left_by(task: str | None, work: Work) -> Staged | None:
    """Return what a task that this one needs left for it; that task has just ended well."""
    if task is None:
        return None
    keys = [one.build_key for one in work.inputs if one.task_id == task]
    found = staged.load(work.bench.store, keys[0]) if keys and keys[0] else None
    if found is None:
        raise WorkError(
            f"the work of {task} is no longer in the store",
            code="pipeline.staging",
            remedy="run the same command again",
        )
    into = "inherited" if task == work.rendering.staging else "worked"
    return found if found.inside == work.inside else moved(found, work.inside, work.folder(into))
