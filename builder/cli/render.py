"""``bakehouse render``: expand recipes over their variants, without a network."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click

from builder.cli.collection import find_collection
from builder.cli.grouping import PATH, grouped
from builder.cli.recipe_paths import selected_files
from builder.cli.selection import Selection, selection
from builder.cli.showing import Work, show_files
from builder.cli.shown import Shown
from builder.errors import Problem, RecipeError
from builder.model.frozen import frozen
from builder.report import write_json, write_text
from builder.report.trouble import error_text, warning_text

Form = Literal["lines", "json", "yaml"]


@frozen
class Choice:
    """How many processes render, and where what was rendered before is remembered."""

    jobs: int
    cache: bool
    store: Path | None


_choice = grouped(
    "choice",
    Choice,
    click.option("jobs", "-j", "--jobs", type=click.IntRange(1, 256), default=1, help="Processes that render at once."),
    click.option("cache", "--no-cache", is_flag=True, flag_value=False, default=True, help="Render everything anew."),
    click.option(
        "store", "--store", type=PATH, envvar="BAKEHOUSE_STORE", help="Folder of all caches  [BAKEHOUSE_STORE]."
    ),
)


@click.command("render")
@selection
@_choice
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
@click.option(
    "form", "--format", type=click.Choice(["lines", "json", "yaml"]), default="lines", show_default=True,
    help="What to print: a line for each output, a JSON document, or what conda render prints.",
)  # fmt: skip
def command(selection: Selection, choice: Choice, *, as_json: bool, form: Form) -> int:
    """Expand recipes over their variants and print every output. Needs no network and runs nothing.

    What was rendered before, and would be the same now, comes from the store.

    \b
    Examples:
      bakehouse render recipes/base/zlib
      bakehouse render recipes/base/* --json -m variants/linux.yaml
      bakehouse render . --variant python=3.12,3.13
      bakehouse render -j 8 recipes/*
      bakehouse render recipes/v0/crumbs --format yaml
    """  # noqa: D301 - \b keeps click from wrapping the examples
    if form == "yaml":
        return _print_yaml(selection)
    shown = _shown(selection, choice)
    for warning in (warning for one in shown for warning in one.warnings):
        write_text(warning_text(warning), sys.stderr)
    problems = [one.problems for one in shown if one.problems]
    if len(problems) == 1 and not any(one.lines for one in shown):
        raise RecipeError.of(problems[0])  # a single recipe: there is no list of others to print
    if as_json or form == "json":
        write_json(_document(shown), sys.stdout)
    else:
        write_text("".join(one.lines for one in shown).removesuffix("\n"), sys.stdout)
    return _told(problems)


def _told(problems: Sequence[Sequence[Problem]]) -> int:
    """Tell what is wrong with recipes and return the exit code."""
    for found in problems:
        write_text(error_text(RecipeError.of(found), colour=sys.stderr.isatty()), sys.stderr)
    return 2 if problems else 0


def _print_yaml(selection: Selection) -> int:
    """Print what recipes came to, which nobody remembers."""
    from builder.cli.rendering import render_selection
    from builder.matrix.rendered_text import rendered_text

    rendered = render_selection(selection)
    if not rendered.renderings:
        rendered.raise_errors()
    write_text(rendered_text(rendered.renderings).removesuffix("\n"), sys.stdout)
    return _told([error.problems for error in rendered.errors])


def _shown(selection: Selection, choice: Choice) -> list[Shown]:
    if selection.up_to is not None:  # what an output needs is found among renderings
        from builder.cli.rendering import render_selection
        from builder.cli.shown import shown_renderings

        rendered = render_selection(selection)
        return [shown_renderings(rendered.renderings), *(Shown(problems=error.problems) for error in rendered.errors)]
    collection = find_collection((*selection.wanted, *selection.recipe_dirs)[0])
    files = selected_files(selection, collection)
    store = _store(choice) if Path("-") not in selection.wanted else None
    return show_files(Work(files=files, selection=selection, collection=collection, store=store), choice.jobs)


def _store(choice: Choice) -> Path | None:
    if not choice.cache or choice.store is not None:
        return choice.store if choice.cache else None
    from builder.store.store import default_root

    return default_root()


def _document(shown: Sequence[Shown]) -> str:
    """Return one JSON list with an output in each line."""
    documents = [one.documents for one in shown if one.documents]
    return "[\n" + ",\n".join(documents) + "\n]" if documents else "[]"
