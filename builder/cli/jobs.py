"""What the CI jobs of a path are: those of the feedstock that it is, or else of the recipe."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from builder.cli.asking import Asking, asking
from builder.cli.collection import find_collection
from builder.cli.formats import RECIPE_NAMES
from builder.cli.selection import BUILD_PLATFORM, Selection
from builder.errors import Place, UsageError
from builder.model.frozen import frozen
from builder.recipe import GitQuestion
from builder.report import write_text
from builder.report.trouble import warning_text

if TYPE_CHECKING:
    from builder.feedstock.job import Job
    from builder.feedstock.jobs import Look
    from builder.feedstock.outputs import Stems
    from builder.feedstock.settings import Settings


_NEEDED = re.compile(r"""env\.get\(\s*["'](\w+)["']\s*\)""")
"""An environment variable that a recipe asks for without a default."""


@frozen
class JobQuestion:
    """The jobs of what, over which variant files, for which platforms (all if none is named)."""

    path: Path
    variant_files: tuple[Path, ...]
    platforms: tuple[str, ...]
    max_variants: int


@frozen
class _Told:
    """What a recipe in a feedstock is told: the variables of its CI's platform, for the rest what ``asking`` says.

    ``needed`` are variables that it takes for set: jobs know them only later, and rattler-build does not ask before.
    """

    asking: Asking
    variables: Mapping[str, str]
    needed: frozenset[str] = frozenset()

    def environment(self, name: str) -> str | None:
        """Return a variable that conda-smithy sets for the platform; any other is not set, or empty if it is needed."""
        return self.variables.get(name, "" if name in self.needed else None)

    def file(self, path: str) -> bytes:
        """Return the bytes of a file of the recipe's folder."""
        return self.asking.file(path)

    def git(self, question: GitQuestion, url: str) -> str:
        """Return what git says, if recipes may ask."""
        return self.asking.git(question, url)


def jobs_of(question: JobQuestion) -> tuple[Job, ...]:
    """Return the jobs, sorted by name. Raises `UsageError` and `RecipeError` for what is wrong with the path."""
    if is_feedstock(question.path):
        return _of_feedstock(question)
    return _of_recipe(question)


def feedstock_settings(folder: Path) -> Settings:
    """Return the settings of a feedstock, conda-smithy's defaults where it has no ``conda-forge.yml``."""
    from builder.feedstock.settings import FILE, read_settings, usual_settings

    return read_settings(folder) if (folder / FILE).exists() else usual_settings(folder)


def is_feedstock(path: Path) -> bool:
    """Whether a folder is a feedstock: it says so, or has its recipe where feedstocks have theirs."""
    return (path / "conda-forge.yml").exists() or any((path / "recipe" / name).is_file() for name in RECIPE_NAMES)


def _of_feedstock(question: JobQuestion) -> tuple[Job, ...]:
    from builder.feedstock.jobs import feedstock_jobs
    from builder.feedstock.outputs import as_in_ci

    if len(question.variant_files) != 1:
        given = "several" if question.variant_files else "none"
        raise UsageError(
            f"the jobs of a feedstock come from one pinning file, and {given} was given",
            code="cli.pinning",
            place=Place(file=str(question.path)),
            remedy="give conda-forge's conda_build_config.yaml with -m",
        )
    settings = feedstock_settings(question.path)
    for warning in settings.warnings:
        write_text(warning_text(warning), sys.stderr)
    look, stems = _renderers(settings, question)
    jobs = feedstock_jobs(settings, question.variant_files[0], look, question.platforms)
    return as_in_ci(jobs, stems)


def _renderers(settings: Settings, question: JobQuestion) -> tuple[Look, Stems]:
    """Return what renders the feedstock's recipe, read once: to divide it into jobs, and for each of them."""
    from builder.feedstock.outputs import stems_of_meta, stems_of_recipe

    file, limit = settings.recipe_file, question.max_variants
    told = asking(file, _selection(question, None), find_collection(settings.recipe))
    if not settings.is_v1:
        from builder.feedstock.seen_v0 import sight_of_meta
        from builder.recipe.v0 import load_meta

        text = load_meta(file, told.file, told)
        return lambda spec: sight_of_meta(text, spec, limit=limit), stems_of_meta(text, limit)
    from builder.feedstock.seen_v1 import sight_of_recipe
    from builder.recipe import load

    recipe = load(file)
    needed = frozenset(_NEEDED.findall(file.read_text(encoding="utf-8", errors="replace")))

    def tell(variables: Mapping[str, str]) -> _Told:
        return _Told(asking=told, variables=variables, needed=needed)

    return (
        lambda spec: sight_of_recipe(recipe, spec, ask=tell(spec.environment), limit=limit),
        stems_of_recipe(recipe, tell(settings.variables), limit),
    )


def _selection(question: JobQuestion, subdir: str | None) -> Selection:
    return Selection(
        paths=(question.path,),
        recipes=(),
        variant_files=question.variant_files,
        variants=(),
        target_platform=subdir,
        max_variants=question.max_variants,
    )


def _of_recipe(question: JobQuestion) -> tuple[Job, ...]:
    from builder.cli.rendering import render_selection
    from builder.feedstock.plain import plain_jobs

    found: list[Job] = []
    for subdir in dict.fromkeys(question.platforms or (BUILD_PLATFORM,)):
        rendered = render_selection(_selection(question, subdir))
        rendered.raise_errors()
        recipes = dict.fromkeys(one.recipe.path for one in rendered.renderings)
        if len(recipes) > 1:
            raise UsageError(
                f"{question.path} holds {len(recipes)} recipes, and jobs are those of one",
                code="cli.one-recipe",
                place=Place(file=str(question.path)),
                remedy=f"name one of them, as {next(iter(recipes)).parent}",
            )
        found += plain_jobs(rendered.renderings, subdir)
    return tuple(sorted(found, key=lambda job: job.name))
