"""CI jobs of a recipe that stands in no feedstock: one for each combination of values that all its outputs vary by."""

from __future__ import annotations

from collections.abc import Sequence

from builder.feedstock.job import Job
from builder.feedstock.naming import job_name, short_job_name
from builder.model.rendering import Rendering
from builder.model.variant import VariantValue

_HERE = "local"
"""The provider of such jobs: whoever calls."""


def plain_jobs(renderings: Sequence[Rendering], subdir: str) -> tuple[Job, ...]:
    """Return the jobs that build ``renderings``, all of one recipe for one platform, sorted by name."""
    packages = [one for one in renderings if one.output.kind == "package" and not one.output.skip]
    if not packages:
        return ()
    shared = frozenset.intersection(*(frozenset(one.variant) for one in packages)) - {"target_platform"}
    loops = tuple(sorted(key for key in shared if len({_text(one.variant[key]) for one in packages}) > 1))
    found: dict[tuple[str, ...], list[Rendering]] = {}
    for one in packages:
        found.setdefault(tuple(_text(one.variant[key]) for key in loops), []).append(one)
    jobs = [_job(dict(zip(loops, values, strict=True)), built, subdir) for values, built in found.items()]
    return tuple(sorted(jobs, key=lambda job: job.name))


def _job(values: dict[str, str], built: Sequence[Rendering], subdir: str) -> Job:
    keys = sorted({key for one in built for key in one.variant})
    held = {key: {_text(one.variant[key]): None for one in built if key in one.variant} for key in keys}
    return Job(
        name=job_name(subdir, values, built[0].recipe.folder.absolute().name),
        short_name=short_job_name(subdir, values),
        platform=subdir,
        build_platform=built[0].platforms.build,
        provider=_HERE,
        upload=False,
        settings={key: tuple(sorted(found)) for key, found in held.items()},
        loops=tuple(values),
        outputs=tuple(sorted(one.stem for one in built)),
    )


def _text(value: VariantValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
