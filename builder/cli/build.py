"""``bakehouse build``: plan, build and test recipes into a channel."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click

from builder.channel.alike import with_findings
from builder.cli import planning
from builder.cli.app import Context
from builder.cli.asked import Asked, packaging_of, rules_of
from builder.cli.baking import Baking, bake
from builder.cli.conda_build import foreign_to_conda_build
from builder.cli.confinement import confined
from builder.cli.existing import existing
from builder.cli.foreign import foreign_to_builds
from builder.cli.options import (
    BuildChoice,
    PackageChoice,
    Places,
    Telling,
    build_choice,
    package_choice,
    places,
    telling,
)
from builder.cli.rendering import render_selection
from builder.cli.reproducing import with_verdicts
from builder.cli.reused import without_binary_prefixes
from builder.cli.selection import Selection, selection
from builder.cli.site import Site, site
from builder.cli.summaries import append, markdown_files
from builder.cli.waiting import wait_for
from builder.errors import UsageError, WorkError
from builder.model.outcome import Outcome
from builder.model.rendering import Rendering
from builder.model.task import Plan, TaskState
from builder.report import write_document, write_text
from builder.report.events import Noted, Planned, Warned
from builder.report.markdown import markdown_summary
from builder.report.package import package_document
from builder.report.summary import build_summary
from builder.report.trouble import error_document


@click.command("build")
@selection
@places
@build_choice
@package_choice
@telling
@foreign_to_builds
@foreign_to_conda_build
@click.pass_obj
def command(
    context: Context,
    selection: Selection,
    places: Places,
    choice: BuildChoice,
    packaging: PackageChoice,
    telling: Telling,
) -> int:
    """Build recipes in dependency order, test the packages, and put those that pass into the output channel.

    What the channel already has under the same recipe key is reused. Interrupted or killed, the same command goes on
    where it was.

    \b
    Examples:
      bakehouse build
      bakehouse build recipes/base/* -j 2 --out channel
      bakehouse build recipes/base/snappy --with-deps --variant cxx_compiler_version=12
    """  # noqa: D301 - \b keeps click from wrapping the examples
    began = time.perf_counter()
    if choice.with_solve and not choice.render_only:
        raise UsageError("--with-solve needs --render-only", code="cli.with-solve", remedy="give both, or neither")
    rendered = render_selection(selection, places)
    rendered.raise_errors()
    place = site(places, rendered.collection)
    place = replace(place, rules=rules_of(place.rules, packaging))
    asked, files = Asked(packaging=packaging_of(packaging, places.config_file)), markdown_files(packaging)
    if choice.render_only and choice.with_deps:
        rendered = planning.with_dependencies(rendered, selection, set(), places)
        for error in rendered.errors:
            write_text(f"warning: left out: {error}", sys.stderr)
    if choice.render_only:
        prefix = selection.override.build_string_prefix
        return _rendered_only(rendered.renderings, place, asked, choice, prefix=prefix, abandon=context.abandon)
    reporter = telling.reporter(sys.stderr)
    try:
        baking = Baking(
            place=place,
            choice=choice,
            confinement=confined(choice.sandbox, place),
            packaging=packaging,
            written=asked.packaging,
            emit=reporter.emit,
            cores=len(os.sched_getaffinity(0)),
        )
        if choice.with_deps:
            rendered = planning.with_dependencies(rendered, selection, set(), places)
            for error in rendered.errors:
                reporter.emit(Warned(text=f"left out: {error}"))
        renderings = planning.at_home(rendered.renderings, choice.noarch_build_platform, reporter.emit)
        plan, outcomes = _built(renderings, baking, asked, context.abandon, reporter.close)
    finally:
        reporter.close()
    seconds = time.perf_counter() - began
    if files:
        append(markdown_summary(plan, outcomes, channel=str(place.output), seconds=seconds), files)
    if telling.json:
        return _document(plan, outcomes, place.output)
    write_text(build_summary(outcomes, channel=str(place.output), seconds=seconds, plan=plan), sys.stderr)
    return _exit_code(outcomes)


def _rendered_only(
    renderings: Sequence[Rendering],
    place: Site,
    asked: Asked,
    choice: BuildChoice,
    *,
    prefix: str | None,
    abandon: Callable[[int], NoReturn],
) -> int:
    """Print ``renderings`` as rattler-build would, solved if that was asked for too, and return the exit code."""
    from builder.cli.render_only import render_only, setting_of

    setting = setting_of(place, asked.packaging, renderings, prefix)
    return render_only(renderings, setting, solve_at=place if choice.with_solve else None, abandon=abandon)


def _built(
    renderings: Sequence[Rendering],
    baking: Baking,
    asked: Asked,
    abandon: Callable[[int], NoReturn],
    tidy: Callable[[], None],
) -> tuple[Plan, tuple[Outcome, ...]]:
    """Plan and build ``renderings``, and return the plan with all ends in its order."""
    place, packaging, emit = baking.place, baking.packaging, baking.emit
    for text in _notes(renderings, place, packaging):
        emit(Noted(text=text))
    with baking.ledger() as ledger:
        # Takes in what a killed run had finished but not yet told, too.
        place.channel.ensure(*sorted({rendering.platforms.host for rendering in renderings}))
        if packaging.skip_existing != "none":
            looking = existing(renderings, place, packaging.skip_existing, asked.packaging.suffix)
            asked = replace(asked, existing=wait_for(looking, abandon=abandon))
        plan = planning.make(renderings, place, ledger, confinement=baking.confinement, emit=emit, asked=asked)
        if packaging.keep_build and any(task.state is TaskState.REUSE for task in plan.tasks):
            emit(Noted(text="--keep-build: what is reused has no build to keep; `bakehouse debug` prepares one"))
        emit(Planned(tasks=plan.tasks))
        outcomes = wait_for(bake(plan, baking, ledger), abandon=abandon, tidy=tidy)
        outcomes = with_findings(plan, outcomes, place.channel)
        if baking.choice.check_reproducible:
            outcomes = with_verdicts(outcomes, place, emit)
        if packaging.error_prefix_in_binary:
            outcomes = without_binary_prefixes(outcomes, place.output)
    return plan, outcomes


def _notes(renderings: Iterable[Rendering], place: Site, packaging: PackageChoice) -> Iterator[str]:
    """Yield what options do that their users may not expect."""
    if not packaging.build_id:
        yield "--no-build-id: the folders of builds have no time in their names anyway"
    if place.channels_given and any(rendering.channel_sources for rendering in renderings):
        yield "channel_sources of the variants is in their hashes, but the channels are those that you name"


def _document(plan: Plan, outcomes: Sequence[Outcome], output: Path) -> int:
    problems = [problem for outcome in outcomes for problem in outcome.problems]
    if problems:
        write_document(error_document(WorkError.of(problems)), sys.stdout)
    else:
        variants = {task.id: task.rendering.variant for task in plan.tasks}
        packages = [package_document(one, output, variants[one.task_id]) for one in outcomes if one.file_name]
        write_document(packages, sys.stdout)
    return _exit_code(outcomes)


def _exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return 0, or the worst that happened: work that failed (1) over a machine that cannot (3) over bad input (2)."""
    codes = {outcome.exit_code for outcome in outcomes if not outcome.good} - {0}
    return next((code for code in (1, 3, 2) if code in codes), 0)
