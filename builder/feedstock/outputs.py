"""What jobs of a ``recipe.yaml`` really build: the division into jobs is made over variants that no CI ever sees.

conda-smithy divides as if every platform were built on itself, and adds keys to the files afterwards
(``MACOSX_DEPLOYMENT_TARGET``). Names of packages do not depend on it, but hashes may.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from builder.errors import BakehouseError
from builder.feedstock.ci_support import file_text
from builder.feedstock.job import Job
from builder.matrix import load_variants, render, variant_files
from builder.matrix.branches import DEFAULT_LIMIT
from builder.model.rendering import Platforms
from builder.recipe import Ask, RecipeText


def as_in_ci(
    jobs: Sequence[Job], recipe: RecipeText, ask: Ask | None = None, limit: int = DEFAULT_LIMIT
) -> tuple[Job, ...]:
    """Return ``jobs`` with the outputs that building with their files gives.

    One whose file cannot be rendered keeps what the division saw: whoever builds it is told what is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="bakehouse-jobs-") as folder:
        return tuple(
            job if _is_native(job) else replace(job, outputs=_outputs(job, recipe, Path(folder), ask, limit))
            for job in jobs
        )


def _is_native(job: Job) -> bool:
    """Whether the division had what the job has: it does not cross-compile, and no key was added to its file."""
    return job.build_platform == job.platform and not job.platform.startswith("osx-")


def _outputs(job: Job, recipe: RecipeText, folder: Path, ask: Ask | None, limit: int) -> tuple[str, ...]:
    file = folder / job.file_name
    file.write_text(file_text(job), encoding="utf-8")
    platforms = Platforms(target=job.platform, host=job.platform, build=job.build_platform)
    try:
        config = load_variants([*variant_files(recipe.file.folder), file], {}, platforms, {})
        rendered = render(recipe, config, platforms, ask=ask, limit=limit)
    except BakehouseError:
        return job.outputs
    kept = {stem.rpartition("-")[0] for stem in job.outputs}  # noarch outputs may belong to another job
    packages = [one for one in rendered if one.output.kind == "package" and not one.output.skip]
    stems = dict.fromkeys(one.stem for one in packages)
    return tuple(sorted(stem for stem in stems if stem.rpartition("-")[0] in kept))
