"""The phases from what a script left to a package file: choose, relocate, check, pack."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from builder.check import CheckContext, Leak, leaks_of
from builder.check import run as run_checks
from builder.environment.wall import in_thread
from builder.model.carried import carried
from builder.model.finding import Finding
from builder.model.frozen import frozen
from builder.model.globs import Globs
from builder.model.package import Package
from builder.model.payload import Payload, Relocated
from builder.model.python import Python, python_in
from builder.model.recipe import ScriptTest
from builder.model.source import SourceTree
from builder.model.target import target
from builder.pack import Inherited, PackRequest, TestFile, pack
from builder.payload import PayloadContext, select
from builder.pipeline import secrecy
from builder.pipeline.ready import Ready
from builder.pipeline.scripting import Scripted, epoch_of
from builder.pipeline.siblings import sibling_files
from builder.pipeline.stating import TOOL
from builder.pipeline.work import Work
from builder.relocate import RelocateContext, relocate


async def chosen(work: Work, ready: Ready, scripted: Scripted) -> Payload:
    """Choose what the package holds."""
    context = PayloadContext(
        host=ready.host,
        recipe_folder=work.rendering.recipe.folder,
        work=scripted.work,
        scratch=work.folder("rewritten"),
        python=_python(work, ready),
        prefix=(scripted.installed.folder, *ready.host_layers),
        build_prefix=(ready.build.folder,),
    )
    return await in_thread(select, scripted.installed, work.output, context)


def _python(work: Work, ready: Ready) -> Python | None:
    return python_in(ready.around.environment, target(work.rendering.platforms.host))


async def relocated(work: Work, ready: Ready, payload: Payload) -> Relocated:
    """Make the payload run in any prefix."""
    context = RelocateContext(
        target=target(work.rendering.platforms.host),
        prefix=work.inside.prefix,
        build_prefix=work.inside.build_prefix,
        scratch=work.folder("relocated"),
        python=_python(work, ready) if work.output.build.for_every_python else None,
    )
    return await in_thread(relocate, payload, work.output, context)


async def checked(work: Work, ready: Ready, scripted: Scripted, finished: Relocated) -> tuple[Finding, ...]:
    """Return what the checks find."""
    what = await in_thread(secrecy.sought, work.bench)
    context = CheckContext(
        output=work.output,
        target=target(work.rendering.platforms.host),
        environments=ready.environments,
        host=ready.around,
        siblings=await sibling_files(work),
        installed=scripted.installed,
        leaks=_leaks(work, ready),
        glibc=work.bench.root.glibc,
        no_binary_prefix=work.bench.no_binary_prefix,
        sought=what,
        clashes=ready.clashes,
    )
    found = await in_thread(run_checks, _as_installed(work, ready, finished), context)
    return secrecy.hidden((*found, *await secrecy.logged(work, what)), what)


def _leaks(work: Work, ready: Ready) -> tuple[Leak, ...]:
    """Return the paths of this build, and of the staging output's where it had others."""
    inside = (work.inside, *((ready.parent.inside,) if ready.parent is not None else ()))
    return tuple(leak for one in dict.fromkeys(inside) for leak in leaks_of(one))


def _as_installed(work: Work, ready: Ready, finished: Relocated) -> Relocated:
    """Return the package with its files where users will have them: links and run paths count from there."""
    python = _python(work, ready)
    if python is None or not work.output.build.for_every_python:
        return finished
    entries = (
        replace(item, entry=replace(item.entry, path=python.place_of(item.entry.path))) for item in finished.entries
    )
    return replace(finished, entries=tuple(entries))


@frozen
class Made:
    """What a package is made of: its sources, what its script left, and that as it will be packed."""

    tree: SourceTree
    scripted: Scripted
    finished: Relocated


def requested(work: Work, ready: Ready, made: Made) -> PackRequest:
    """Return everything that the package is made of."""
    return PackRequest(
        relocated=made.finished,
        rendering=work.rendering,
        environments=ready.environments,
        recipe_key=work.task.recipe_key,
        build_key=ready.build_key,
        epoch=epoch_of(work, made.tree, ready),
        tool=TOOL,
        sealed=work.bench.sandbox.sealed,
        rootfs_digest=work.bench.root.digest if work.bench.sandbox.sealed else None,
        sources=made.tree.digests,
        inherited=_inherited(ready),
        test_files=tuple(_test_files(work, made.scripted.work)),
        packaging=work.bench.packaging,
        rules=work.bench.rules,
        exposed=work.task.exposed,
        unpublishable=ready.unpublishable,
    )


async def packed(work: Work, request: PackRequest) -> tuple[Package, tuple[Finding, ...]]:
    """Write the package file into the task's folder; return what was found in what it tells of itself, too."""
    told = secrecy.Told(work)
    package = await in_thread(pack, request, work.folder("packed"), told)
    return package, told.findings


def _inherited(ready: Ready) -> Inherited | None:
    """Return what a package tells of the staging output that its files come from."""
    parent = ready.parent
    if parent is None:
        return None
    return Inherited(environments=parent.environments, sources=parent.source.digests, rendered=parent.rendered)


def _test_files(work: Work, folders: Sequence[Path]) -> Iterator[TestFile]:
    """Yield the files that script tests name, from the work folder's layers (uppermost first) and from the recipe."""
    for number, test in enumerate(carried(work.output.tests)):
        if not isinstance(test, ScriptTest):
            continue
        found: dict[str, Path] = {}
        for globs, roots in ((test.source_files, folders), (test.recipe_files, (work.rendering.recipe.folder,))):
            for root in roots if globs else ():
                for path in _matching(root, Globs(globs)):
                    found.setdefault(path, root / path)
        for path, content in sorted(found.items()):
            yield TestFile(test=number, path=path, content=content, executable=os.access(content, os.X_OK))


def _matching(root: Path, globs: Globs) -> Iterator[str]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            if path.is_file() and not path.is_symlink() and globs.matches(relative):
                yield relative
