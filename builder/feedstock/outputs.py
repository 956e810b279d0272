"""What jobs really build: the division into jobs is made over variants that no CI ever sees.

conda-smithy divides as if every platform were built on itself, adds keys to the files afterwards
(``MACOSX_DEPLOYMENT_TARGET``), and knows noarch outputs by the few keys that they use. Hashes and build numbers may
depend on that.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from builder.errors import BakehouseError
from builder.feedstock.ci_support import file_text
from builder.feedstock.job import Job
from builder.feedstock.seen_v0 import TIMELESS, stem_of
from builder.feedstock.spec import VARIANTS
from builder.matrix import load_variants, render, variant_files
from builder.matrix.branches import DEFAULT_LIMIT
from builder.matrix.v0.files import LegacyFiles
from builder.matrix.v0.render import LegacyRenderer
from builder.matrix.v0.space import space_of
from builder.model.rendering import Platforms
from builder.recipe import Ask, RecipeText
from builder.recipe.v0 import MetaText

Stems = Callable[[Job, Path], Iterable[str]]
"""Renders a job with its file: the name, version and build string of every package."""


def as_in_ci(jobs: Sequence[Job], stems: Stems) -> tuple[Job, ...]:
    """Return ``jobs`` with the outputs that building with their files gives.

    One whose file cannot be rendered keeps what the division saw: whoever builds it is told what is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="bakehouse-jobs-") as folder:
        return tuple(_rendered(job, stems, Path(folder)) if _is_doubtful(job) else job for job in jobs)


def _is_doubtful(job: Job) -> bool:
    """Whether the division may have had other values than the job's file and machine."""
    names = [_without_build(stem) for stem in job.outputs]
    numbers = {(name, stem.rpartition("_")[2]) for name, stem in zip(names, job.outputs, strict=True)}
    return job.build_platform != job.platform or job.platform.startswith("osx-") or len(numbers) > len(set(names))


def _rendered(job: Job, stems: Stems, folder: Path) -> Job:
    file = folder / job.file_name
    file.write_text(file_text(job), encoding="utf-8")
    kept = {_without_build(stem) for stem in job.outputs}  # noarch outputs may belong to another job
    try:
        found = {stem for stem in stems(job, file) if _without_build(stem) in kept}
    except BakehouseError:
        return job
    return replace(job, outputs=tuple(sorted(found)))


def _without_build(stem: str) -> str:
    return stem.rpartition("-")[0]


def stems_of_recipe(recipe: RecipeText, ask: Ask | None = None, limit: int = DEFAULT_LIMIT) -> Stems:
    """Return what renders jobs of a ``recipe.yaml``."""
    beside = variant_files(recipe.file.folder)

    def stems(job: Job, file: Path) -> Iterable[str]:
        platforms = _platforms(job)
        config = load_variants([*beside, file], {}, platforms, {})
        rendered = render(recipe, config, platforms, ask=ask, limit=limit)
        return [one.stem for one in rendered if one.output.kind == "package" and not one.output.skip]

    return stems


def stems_of_meta(text: MetaText, limit: int = DEFAULT_LIMIT) -> Stems:
    """Return what renders jobs of a ``meta.yaml``; as in conda-build selectors of variant files see the machine."""
    own = text.file.folder / VARIANTS
    beside = [own] if own.is_file() else []

    def stems(job: Job, file: Path) -> Iterable[str]:
        machine = Platforms(target=job.build_platform, host=job.build_platform, build=job.build_platform)
        space = space_of(LegacyFiles(machine, {}, {}).config([*beside, file]))
        renderer = LegacyRenderer(text=text, space=space, platforms=_platforms(job), environment=TIMELESS, limit=limit)
        return [stem_of(subject) for subject, _ in renderer.subjects(renderer.counted())]

    return stems


def _platforms(job: Job) -> Platforms:
    return Platforms(target=job.platform, host=job.platform, build=job.build_platform)
