"""The CI jobs of a feedstock: its recipe over the migrated variants of each platform, divided as conda-smithy does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.feedstock.breakup import Part, parts
from builder.feedstock.builds import Builds
from builder.feedstock.collapse import collapse
from builder.feedstock.job import Job
from builder.feedstock.naming import job_name, short_job_name
from builder.feedstock.providers import PlatformJob
from builder.feedstock.seen import Sight
from builder.feedstock.settings import Settings
from builder.feedstock.spec import JobSpec, SpecReader

Look = Callable[[JobSpec], Sight]
"""Renders the feedstock's recipe over the variants of one platform."""

_RUNNERS = "github_actions_labels"
_WITH_RUNNERS = "github_actions"


def feedstock_jobs(settings: Settings, pinning: Path, look: Look, wanted: Sequence[str] = ()) -> tuple[Job, ...]:
    """Return all jobs, sorted by name; of two with the same name the one of the later service.

    ``wanted`` are the platforms (``linux-64``) to look at, all of them if there are none. Raises `RecipeError` and
    `UsageError` for what is wrong in recipe, pinning file, migrations or settings.
    """
    reader = SpecReader(settings, pinning)
    found: dict[str, Job] = {}
    for place in settings.platforms():
        if not wanted or place.subdir in wanted:
            found |= {job.name: job for job in _platform_jobs(settings, place, look(reader.read(place)))}
    return tuple(found[name] for name in sorted(found))


def _platform_jobs(settings: Settings, place: PlatformJob, sight: Sight) -> Iterator[Job]:
    if not place.keep_noarch:
        sight = sight.without_noarch()
    if not sight.outputs:
        return
    collapsed = collapse(sight, extra=(_RUNNERS,) if place.provider == _WITH_RUNNERS else ())
    builds = Builds(sight.outputs, collapsed.loops)
    for part in parts(collapsed, sight):
        if place.build_platform.startswith("linux"):
            part = part.in_container(settings.docker.fallback_image)  # noqa: PLW2901 - what is named is the final part
        values = part.first_values(collapsed.loops)
        yield replace(_job(part, place, values, sight), outputs=builds.stems(part, values))


def _job(part: Part, place: PlatformJob, values: Mapping[str, str], sight: Sight) -> Job:
    platform = part.first_values(("target_platform",)).get("target_platform", place.subdir)
    return Job(
        name=job_name(place.subdir, values, sight.outputs[0].feedstock),
        short_name=short_job_name(place.subdir, values),
        platform=platform,
        build_platform=place.build_platform,
        provider=place.provider,
        upload=place.upload,
        settings=part.settings(),
        loops=tuple(sorted(values)),
    )
