"""``bakehouse plan``: what would be built, what is reused, and why."""

from __future__ import annotations

import sys

import click

from builder.cli import planning
from builder.cli.options import Places, places
from builder.cli.rendering import render_selection
from builder.cli.selection import Selection, selection
from builder.cli.site import site
from builder.farm import Ledger
from builder.model.task import Plan, TaskState
from builder.plan import task_document
from builder.report import write_document, write_text

_MARKS = {TaskState.REUSE: "reuse", TaskState.BUILD: "build", TaskState.AFTER: "after"}


@click.command("plan")
@selection
@places
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
@click.option("with_deps", "--with-deps", is_flag=True, help="Plan missing dependencies from the collection too.")
def command(selection: Selection, places: Places, *, as_json: bool, with_deps: bool) -> int:
    """Show what would be built, what the channel already has, and why. Solves and fetches nothing.

    \b
    Examples:
      bakehouse plan recipes/base/*
      bakehouse plan recipes/base/zlib --with-deps --json
    """  # noqa: D301 - \b keeps click from wrapping the examples
    rendered = render_selection(selection, places)
    rendered.raise_errors()
    place = site(places, rendered.collection)
    if with_deps:
        rendered = planning.with_dependencies(rendered, selection, set(), places)
        for error in rendered.errors:
            write_text(f"warning: left out: {error}", sys.stderr)
    with Ledger(place.store) as ledger:
        plan = planning.make(rendered.renderings, place, ledger, sealed=True)
    if as_json:
        write_document([task_document(task) for task in plan.tasks], sys.stdout)
    else:
        write_text(_text(plan), sys.stdout)
    return 0


def _text(plan: Plan) -> str:
    lines = [f"{_MARKS[task.state]}  {task.id}: {'; '.join(task.reasons)}" for task in plan.tasks]
    counts = {state: sum(task.state is state for task in plan.tasks) for state in TaskState}
    shown = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return "\n".join([*lines, shown or "nothing to do"])
