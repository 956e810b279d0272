"""``bakehouse plan``: what would be built, what is reused, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from builder.cli import planning
from builder.cli.confinement import confined
from builder.cli.options import Places, places
from builder.cli.rendering import render_selection
from builder.cli.sandbox_options import SandboxChoice, sandbox_choice
from builder.cli.selection import Selection, selection
from builder.cli.site import site
from builder.farm import Ledger
from builder.model.permission import ExtraMount
from builder.model.recipe import UrlSource
from builder.model.task import Plan, Task, TaskState
from builder.plan import task_document
from builder.report import write_document, write_text

_MARKS = {TaskState.REUSE: "reuse", TaskState.BUILD: "build", TaskState.AFTER: "after"}


@click.command("plan")
@selection
@places
@sandbox_choice
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
@click.option("with_deps", "--with-deps", is_flag=True, help="Plan missing dependencies from the collection too.")
def command(selection: Selection, places: Places, sandbox: SandboxChoice, *, as_json: bool, with_deps: bool) -> int:
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
        plan = planning.make(rendered.renderings, place, ledger, confinement=confined(sandbox, place))
    if as_json:
        write_document([{**task_document(task), "unhashed": _unhashed(task)} for task in plan.tasks], sys.stdout)
    else:
        write_text(_text(plan), sys.stdout)
    return 0


def _text(plan: Plan) -> str:
    lines = [line for task in plan.tasks for line in _lines(task)]
    counts = {state: sum(task.state is state for task in plan.tasks) for state in TaskState}
    shown = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return "\n".join([*lines, shown or "nothing to do"])


def _lines(task: Task) -> Iterator[str]:
    """Yield what is done with a task and why, what nobody vouches for, and what its scripts may use of the machine."""
    yield f"{_MARKS[task.state]}  {task.id}: {'; '.join(task.reasons)}"
    for address in _unhashed(task):
        yield f"       never to be published: {address} has no sha256"
    for whose, permissions in (("its script", task.allowed.build), ("its tests", task.allowed.tests)):
        uses = [*(["the network"] if permissions.network else []), *map(_shown, permissions.mounts)]
        if uses:
            yield f"       {whose} may use {', '.join(uses)}"


def _unhashed(task: Task) -> list[str]:
    """Return the addresses of sources without a sha256; what is built of such is never to be published."""
    from builder.source.address import shown  # most plans have none

    sources = task.rendering.output.source
    return [shown(one.urls[0]) for one in sources if isinstance(one, UrlSource) and one.sha256 is None]


def _shown(mount: ExtraMount) -> str:
    return f"{mount.source} at {mount.inside} ({'writable' if mount.writable else 'read-only'})"
