"""``bakehouse matrix``: the CI jobs of a feedstock, or of a single recipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from builder.cli import pipelines
from builder.cli.grouping import PATH, grouped
from builder.cli.jobs import JobQuestion, jobs_of
from builder.cli.pipelines import PipelineChoice, pipeline_choice
from builder.cli.selection import known_platform
from builder.report import write_document, write_text

if TYPE_CHECKING:
    from builder.feedstock.job import Job


def _platforms(context: click.Context, option: click.Parameter, value: Sequence[str]) -> tuple[str, ...]:
    del context, option
    return tuple(found for one in value if (found := known_platform("--target-platform", one)) is not None)


_question = grouped(
    "question",
    JobQuestion,
    click.argument("path", type=PATH, default=Path(), metavar="[PATH]"),
    click.option(
        "variant_files", "-m", "--variant-config", multiple=True, type=PATH,
        help="Variant file; for a feedstock the pinning file, with the migrations beside it.",
    ),
    click.option(
        "platforms", "--target-platform", "--platform", multiple=True, metavar="SUBDIR", callback=_platforms,
        help="Only jobs for this platform, as linux-64; may be repeated.",
    ),
    click.option(
        "max_variants", "--max-variants", type=click.IntRange(min=1), default=10_000, show_default=True, metavar="N",
        help="Stop when an output would be rendered more often than this.",
    ),
)  # fmt: skip


@click.command("matrix")
@_question
@click.option(
    "ci_support",
    "--ci-support",
    type=PATH,
    metavar="DIR",
    help="Write a file for each job into DIR, as conda-smithy does.",
)
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
@pipeline_choice
def command(question: JobQuestion, *, ci_support: Path | None, as_json: bool, pipeline: PipelineChoice) -> int:
    """Print the CI jobs of a feedstock: its recipe over the pinning file and the migrations, for every platform.

    PATH has conda-forge.yml and recipe/ in it; or it is a recipe, whose jobs are then those of one platform. Migrations
    that are under way lie beside the pinning file, in share/conda-forge/migrations.

    \b
    Examples:
      bakehouse matrix zlib-feedstock -m pinning/conda_build_config.yaml
      bakehouse matrix . -m conda_build_config.yaml --platform osx-arm64 --json
      bakehouse matrix . -m conda_build_config.yaml --ci-support .ci_support
      bakehouse matrix . -m conda_build_config.yaml --ci github --in-place
    """  # noqa: D301 - \b keeps click from wrapping the examples
    pipelines.check(pipeline, json=as_json)
    jobs = jobs_of(question)
    made = pipelines.made(jobs, question.path, pipeline)
    if ci_support is not None:
        from builder.feedstock.ci_support import write_files

        write_files(jobs, ci_support, question.platforms)
    if made is not None:
        pipelines.write(made)
    if pipeline.printed:
        return 0
    if as_json:
        write_document([_document(job) for job in jobs], sys.stdout)
    else:
        write_text(_table(jobs), sys.stdout)
    return 0


def _document(job: Job) -> dict[str, object]:
    return {
        "name": job.name,
        "short_name": job.short_name,
        "file": job.file_name,
        "platform": job.platform,
        "build_platform": job.build_platform,
        "provider": job.provider,
        "docker_image": job.docker_image,
        "labels": list(job.labels),
        "upload": job.upload,
        "variant": dict(job.variant),
        "settings": dict(job.settings),
        "outputs": list(job.outputs),
    }


def _table(jobs: Sequence[Job]) -> str:
    """Return a line for each job: its name, where it runs, and how many packages it builds."""
    if not jobs:
        return "no jobs: every output is skipped on every platform"
    rows = [("job", "runs on", "at", "packages")]
    rows += [(job.name, job.build_platform, job.provider, str(len(job.outputs))) for job in jobs]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [(*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3].rjust(8)) for row in rows]
    return "\n".join("  ".join(line) for line in lines)
