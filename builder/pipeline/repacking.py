"""A package that is in the channel in another format, or compressed otherwise, is packed anew instead of built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from builder.environment.wall import in_thread
from builder.errors import SourceError
from builder.model.finding import Finding
from builder.model.frozen import frozen
from builder.model.name import EXTENSIONS
from builder.model.package import Package
from builder.model.packaging import every_packaging
from builder.pack.repack import Repacking, repack
from builder.pipeline import secrecy
from builder.pipeline.keys import build_key
from builder.pipeline.ready import Ready
from builder.pipeline.work import Work
from builder.plan.keys import packed_as
from builder.sandbox.confined import confine


@frozen
class Twin:
    """A package of the channel that has a task's files in another packaging: its file, and its build key."""

    file: Path
    build_key: str


async def twin(work: Work, ready: Ready) -> Twin | None:
    """Return the channel's package that has the task's files in another packaging, None if there is none.

    The user may ask for what only a build gives, its folder, the checks of its files or a second build: then there is
    none either.
    """
    bench = work.bench
    folder = bench.channel.root / work.rendering.subdir
    there = [name for name in (work.rendering.stem + end for end in EXTENSIONS) if (folder / name).is_file()]
    if not there or bench.keep or bench.no_binary_prefix or bench.around is not None:
        return None
    known = await in_thread(bench.channel.build_keys)
    keys = await in_thread(lambda: list(_other_keys(work, ready)))
    found = next((key for key in keys if known.get(key) in there), None)
    return Twin(file=folder / known[found], build_key=found) if found is not None else None


async def repacked(work: Work, ready: Ready, source: Twin) -> tuple[Package, tuple[Finding, ...]] | None:
    """Write the files of ``source`` as the user asks for them; None, which is told, if they cannot be read.

    Also return what was found in them: secrets that the user has now are looked for in what was built before.
    """
    name = source.file.name
    wanted = Repacking(
        before=source.build_key,
        packaging=work.bench.packaging,
        recipe_key=work.task.recipe_key,
        build_key=ready.build_key,
    )
    unpacker = confine(work.bench.store)
    tree, out = work.folder("unpacked"), work.folder("packed")
    told = secrecy.Told(work)

    def write() -> Package:
        unpacker.extract(source.file, tree)
        return repack(tree, work.rendering.stem, wanted, out, told)

    try:
        package = await unpacker.in_thread(write)
    except SourceError as error:
        work.note(f"built, for {name} cannot be packed anew: {error}")
        return None
    work.note(f"packed anew from {name}, which has the same files")
    return package, told.findings


def _other_keys(work: Work, ready: Ready) -> Iterator[str]:
    """Yield the build keys that the task would have in every other packaging."""
    contents = work.bench.channel.contents()
    parent = ready.parent.build_key if ready.parent else None
    for packaging in every_packaging():
        explanation = packed_as(work.task.explanation, packaging)
        if explanation != work.task.explanation:
            yield build_key(replace(work.task, explanation=explanation), ready.environments, parent, contents)
