"""What `bakehouse matrix --ci` does with a feedstock's jobs: writes the pipeline of a CI provider that builds them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from builder import __version__
from builder.cli.grouping import PATH, grouped
from builder.errors import MachineError, Place, UsageError
from builder.model.frozen import frozen
from builder.report import write_exactly, write_text

if TYPE_CHECKING:
    from builder.feedstock.job import Job
    from builder.feedstock.pipelines import Pipeline
    from builder.feedstock.quoting import Provider


@frozen
class PipelineChoice:
    """Which provider's pipeline is wanted, and where; without a place it is printed."""

    provider: Literal["github", "gitlab", "azure"] | None
    place: Path | None
    in_place: bool
    version: str

    @property
    def printed(self) -> bool:
        """Whether the pipeline is what standard output is for."""
        return self.provider is not None and self.place is None and not self.in_place


pipeline_choice = grouped(
    "pipeline",
    PipelineChoice,
    click.option(
        "provider", "--ci", type=click.Choice(["github", "gitlab", "azure"]), help="Print the provider's pipeline."
    ),
    click.option("place", "-o", "--out", type=PATH, metavar="FILE", help="Write the pipeline there instead."),
    click.option("in_place", "--in-place", is_flag=True, help="Write the pipeline where its provider looks for it."),
    click.option(
        "version", "--pin", default=__version__, show_default=True, metavar="VERSION",
        help="The bakehouse that the pipeline installs.",
    ),
)  # fmt: skip


def check(choice: PipelineChoice, *, json: bool) -> None:
    """Raise `UsageError` for options that contradict each other."""
    problem = None
    if choice.provider is None and (choice.place is not None or choice.in_place):
        problem = "--out and --in-place are for a pipeline", "name its provider: --ci github"
    elif choice.place is not None and choice.in_place:
        problem = "--out and --in-place are two places for one file", "give one of them"
    elif choice.printed and json:
        problem = "--json and --ci both print", "give the pipeline a place with --out FILE or --in-place"
    if problem is not None:
        raise UsageError(problem[0], code="cli.pipeline", remedy=problem[1])


@frozen
class Made:
    """A pipeline before it is written: its ``text``, where it goes (nowhere: it is printed), and what it was made of.

    ``top`` is the folder of the repository that it is for.
    """

    text: str
    place: Path | None
    top: Path
    pipeline: Pipeline
    jobs: Sequence[Job]


def made(jobs: Sequence[Job], path: Path, choice: PipelineChoice) -> Made | None:
    """Return the pipeline that builds the ``jobs`` of ``path``, None if none is wanted. Raises `UsageError`."""
    if choice.provider is None:
        return None
    from builder.feedstock.pipelines import USUAL_FILE, write_pipeline
    from builder.feedstock.quoting import Provider

    provider = Provider(choice.provider)
    top, pipeline = _pipeline(path, provider, choice.version)
    text = write_pipeline(provider, jobs, pipeline)
    place = top / USUAL_FILE[provider] if choice.in_place else choice.place
    return Made(text=text, place=place, top=top, pipeline=pipeline, jobs=jobs)


def write(made: Made) -> None:
    """Write or print a pipeline, and tell what it does not do. Raises `MachineError`."""
    if made.place is None:
        write_exactly(made.text.removesuffix("\n"), sys.stdout)
    else:
        _put(made.text, made.place)
    for note in _notes(made.jobs, made.top, made.pipeline):
        write_text(note, sys.stderr)


def _put(text: str, place: Path) -> None:
    from builder.store.writing import atomic_write

    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(place, text.encode())
    except OSError as error:
        raise MachineError(
            f"the pipeline cannot be written: {error.strerror}",
            code="cli.pipeline-write",
            place=Place(file=str(place)),
            remedy="name a file in a folder that you may write to",
        ) from error


def _pipeline(path: Path, provider: Provider, version: str) -> tuple[Path, Pipeline]:
    """Return the top of the repository and what its pipeline says: a feedstock is one, else the current folder is."""
    from builder.cli.jobs import feedstock_settings, is_feedstock
    from builder.feedstock.pipelines import Pipeline, pipeline_of

    if is_feedstock(path):
        return path, pipeline_of(feedstock_settings(path), provider, version)
    top = Path.cwd()
    try:
        recipe = path.absolute().relative_to(top)
    except ValueError:
        recipe = path
    if recipe.is_absolute() or ".." in recipe.parts:
        raise UsageError(
            f"{path} is not below the current folder",
            code="cli.pipeline",
            remedy="go to the top of the repository: that is where its CI starts",
        )
    return top, Pipeline(version=version, recipe=recipe.as_posix())


def _notes(jobs: Sequence[Job], top: Path, pipeline: Pipeline) -> Iterator[str]:
    from builder.feedstock.pipelines import MACHINE, runs_here

    elsewhere = [job.name for job in jobs if not runs_here(job)]
    if elsewhere:
        yield f"left out, for bakehouse runs on {MACHINE} only: {', '.join(elsewhere)}"
    folder = top / pipeline.variants
    missing = [job.file_name for job in jobs if runs_here(job) and not (folder / job.file_name).is_file()]
    if missing:
        yield f"files that the pipeline reads and {folder} lacks: {len(missing)}; --ci-support {folder} writes them"
