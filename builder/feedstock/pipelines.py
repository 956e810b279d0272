"""Writes a CI provider's pipeline that builds a feedstock's jobs: a template of `ci/templates`, filled with the jobs.

What is filled in comes from recipes and feedstocks and may say anything. No template can forget to quote it: jinja2
hands every value to `quoting.written`. Shells see values in variables of the environment and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files

from builder.errors import UsageError
from builder.feedstock.job import Job
from builder.feedstock.quoting import Provider, written
from builder.feedstock.settings import Settings
from builder.model.frozen import frozen

MACHINE = "linux-64"
"""The platform that bakehouse runs on: jobs that run elsewhere are left out of pipelines."""

USUAL_FILE = {
    Provider.GITHUB: ".github/workflows/bakehouse.yml",
    Provider.GITLAB: ".gitlab-ci.yml",
    Provider.AZURE: "azure-pipelines.yml",
}
"""Where each provider looks for its pipeline, below the feedstock."""

_MOST_JOBS = 256
"""Jobs of one matrix on GitHub and on Azure; more go into a second one."""

_LONGEST_ID = 80
_VERSION = re.compile(r"\d[0-9A-Za-z.!+_-]{0,63}", re.ASCII)


@frozen
class Pipeline:
    """What a pipeline says beside its jobs.

    ``version`` of bakehouse is installed from PyPI. ``recipe`` is the recipe's folder, ``variants`` the one of
    the jobs' files, both from the top of the repository. A job may take ``minutes``; ``parallel`` of them run at once,
    None if as many as the provider has machines for.
    """

    version: str
    recipe: str = "recipe"
    variants: str = ".ci_support"
    minutes: int = 360
    parallel: int | None = 20


def pipeline_of(settings: Settings, provider: Provider, version: str) -> Pipeline:
    """Return what ``conda-forge.yml`` says of a provider's pipeline; what it says of another one does not count."""
    recipe = settings.recipe.relative_to(settings.folder).as_posix()
    match provider:
        case Provider.GITHUB:
            own = settings.github_actions
            return Pipeline(version=version, recipe=recipe, minutes=own.timeout_minutes, parallel=own.max_parallel)
        case Provider.AZURE:
            minutes = settings.azure.systems["linux"].timeout_minutes
            return Pipeline(version=version, recipe=recipe, minutes=minutes, parallel=settings.azure.max_parallel)
        case Provider.GITLAB:
            return Pipeline(version=version, recipe=recipe)


@frozen
class Row:
    """A job as templates see it; ``id`` has only letters, digits and ``_``, and tells it from all others."""

    id: str
    name: str
    platform: str
    build_platform: str
    variants: str
    labels: tuple[str, ...]


@frozen
class Part:
    """As many jobs as one matrix holds."""

    id: str
    jobs: tuple[Row, ...]


def runs_here(job: Job) -> bool:
    """Whether bakehouse can run a job: whether its machine is the one platform that bakehouse runs on."""
    return job.build_platform == MACHINE


def write_pipeline(provider: Provider, jobs: Sequence[Job], pipeline: Pipeline) -> str:
    """Return the provider's file that builds ``jobs``; those that cannot run are named in comments at its top.

    Raises `UsageError` if none can run, or a text cannot be written so that the provider takes it literally.
    """
    if not _VERSION.fullmatch(pipeline.version):
        remedy = "write it as on PyPI, as 1.2.3"
        raise UsageError(f"{pipeline.version!r} is no version", code="feedstock.version", remedy=remedy)
    rows = _rows([job for job in jobs if runs_here(job)], pipeline)
    if not rows:
        remedy = (
            "`bakehouse matrix` lists the jobs; one that crosses from linux-64 has build_platform in conda-forge.yml"
        )
        raise UsageError(f"no job of this feedstock runs on {MACHINE}", code="feedstock.no-job", remedy=remedy)
    return _filled(
        provider,
        machine=MACHINE,
        version=pipeline.version,
        recipe=pipeline.recipe,
        minutes=pipeline.minutes,
        parallel=pipeline.parallel,
        jobs=rows,
        parts=tuple(_parts(rows)),
        left_out=[job for job in jobs if not runs_here(job)],
    )


def _filled(provider: Provider, **values: object) -> str:
    from jinja2 import Environment, StrictUndefined  # it costs more than all else that `bakehouse matrix` imports

    environment = Environment(
        autoescape=False,  # noqa: S701 - `finalize` quotes whatever is filled in; this is YAML
        block_start_string="<%", block_end_string="%>", variable_start_string="<<", variable_end_string=">>",
        comment_start_string="<#", comment_end_string="#>", trim_blocks=True, keep_trailing_newline=True,
        undefined=StrictUndefined, finalize=lambda value: written(value, provider),
    )  # fmt: skip
    template = files("builder.feedstock").joinpath("templates", f"{provider}.yml.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(**values)


def _rows(jobs: Sequence[Job], pipeline: Pipeline) -> tuple[Row, ...]:
    return tuple(
        Row(
            id=row_id,
            name=job.name,
            platform=job.platform,
            build_platform=job.build_platform,
            variants=f"{pipeline.variants}/{job.file_name}",
            labels=job.labels,
        )
        for job, row_id in zip(jobs, _ids(job.name for job in jobs), strict=True)
    )


def _ids(names: Iterable[str]) -> Iterator[str]:
    """Yield an identifier for each name, made of it as far as possible; no two are equal, whatever the case."""
    taken: set[str] = set()
    for name in names:
        made = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "job"
        made = made if made[0].isalpha() else f"job_{made}"
        if len(made) > _LONGEST_ID or made.lower() in taken:
            made = f"{made[: _LONGEST_ID - 9]}_{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"
        taken.add(made.lower())
        yield made


def _parts(rows: Sequence[Row]) -> Iterator[Part]:
    for start in range(0, len(rows), _MOST_JOBS):
        number = start // _MOST_JOBS + 1
        yield Part(id="build" if number == 1 else f"build_{number}", jobs=tuple(rows[start : start + _MOST_JOBS]))
