"""``bakehouse matrix``: the CI jobs of a feedstock."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from builder.cli.grouping import PATH, grouped
from builder.errors import UsageError
from builder.model.frozen import frozen
from builder.report import write_json, write_text

if TYPE_CHECKING:
    from builder.feedstock.job import Job


@frozen
class Wanted:
    """Which feedstock, over which pinning files, for which platforms."""

    path: Path
    variant_files: tuple[Path, ...]
    platforms: tuple[str, ...]
    max_variants: int


_wanted = grouped(
    "wanted",
    Wanted,
    click.argument("path", type=PATH, default=Path(), metavar="[PATH]"),
    click.option("variant_files", "-m", "--variant-config", multiple=True, type=PATH, help="The pinning file."),
    click.option("platforms", "--target-platform", "--platform", multiple=True, metavar="SUBDIR",
                 help="Only jobs for this platform, as linux-64; may be repeated."),
    click.option("max_variants", "--max-variants", type=click.IntRange(min=1), default=10_000, show_default=True,
                 metavar="N", help="Renderings of one output at most."),
)  # fmt: skip


@click.command("matrix")
@_wanted
@click.option(
    "ci_support", "--ci-support", type=PATH, metavar="DIR", help="Write a file for each job, as conda-smithy."
)
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
def command(wanted: Wanted, *, ci_support: Path | None, as_json: bool) -> int:
    """Print the CI jobs of a feedstock: its recipe over the pinning file and the migrations, for every platform.

    PATH has conda-forge.yml and recipe/ in it. The migrations that are under way lie beside the pinning file, in
    share/conda-forge/migrations.

    \b
    Examples:
      bakehouse matrix zlib-feedstock -m pinning/conda_build_config.yaml
      bakehouse matrix . -m conda_build_config.yaml --json
      bakehouse matrix . -m conda_build_config.yaml --ci-support .ci_support
    """  # noqa: D301 - \b keeps click from wrapping the examples
    jobs = _jobs(wanted)
    if ci_support is not None:
        from builder.feedstock.ci_support import write_files

        write_files(jobs, ci_support)
    if as_json:
        write_json([_document(job) for job in jobs], sys.stdout)
    else:
        write_text("\n".join(job.name for job in jobs), sys.stdout)
    return 0


def _jobs(wanted: Wanted) -> tuple[Job, ...]:
    from builder.feedstock.jobs import feedstock_jobs
    from builder.feedstock.seen import Sight
    from builder.feedstock.settings import read_settings
    from builder.feedstock.spec import JobSpec

    if not wanted.variant_files:
        raise UsageError("a feedstock's jobs need a pinning file", code="cli.pinning", remedy="give it with -m FILE")
    settings = read_settings(wanted.path)
    if settings.is_v1:
        from builder.feedstock.seen_v1 import sight_of_recipe
        from builder.recipe import load

        recipe = load(settings.recipe_file)

        def look(spec: JobSpec) -> Sight:
            return sight_of_recipe(recipe, spec, limit=wanted.max_variants)
    else:
        from builder.feedstock.seen_v0 import sight_of_meta
        from builder.recipe.v0 import load_meta

        text = load_meta(settings.recipe_file, lambda name: (settings.recipe / name).read_bytes())

        def look(spec: JobSpec) -> Sight:
            return sight_of_meta(text, spec, limit=wanted.max_variants)

    return feedstock_jobs(settings, wanted.variant_files[-1], look, wanted.platforms)


def _document(job: Job) -> dict[str, object]:
    return {"name": job.name, "variant": dict(job.variant), "outputs": list(job.outputs)}
