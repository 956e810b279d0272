"""``bakehouse repin``: renew the pins of Debian packages in recipes and in the sandbox root's list."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from builder.cli.app import Context
from builder.cli.collection import find_collection
from builder.cli.options import Places, Telling, places, telling
from builder.cli.site import site
from builder.cli.waiting import wait_for
from builder.report import make_reporter, write_document, write_text
from builder.source.repin import apply, repin


@click.command("repin")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="PATH...")
@click.option("dry_run", "--dry-run", is_flag=True, help="Only show what would change.")
@places
@telling
@click.pass_obj
def command(context: Context, paths: tuple[Path, ...], places: Places, telling: Telling, *, dry_run: bool) -> int:
    """Bring ``debian:`` addresses and their sha256 to what the suite's signed index has now.

    \b
    Examples:
      bakehouse repin recipes/base/*
      bakehouse repin recipes/base/gcc --dry-run
    """  # noqa: D301 - \b keeps click from wrapping the examples
    place = site(places, find_collection(paths[0]))
    reporter = make_reporter(telling.kind, sys.stderr)
    try:
        edits = wait_for(repin(paths, place.fetcher(reporter.emit)), abandon=context.abandon, tidy=reporter.close)
    finally:
        reporter.close()
    if not dry_run:
        apply(edits)
    if telling.json:
        write_document(
            [
                {"file": str(edit.file), "line": edit.line, "old": edit.old, "new": edit.new, "why": edit.why}
                for edit in edits
            ],
            sys.stdout,
        )
    else:
        lines = [f"{edit.file}:{edit.line}: {edit.old} → {edit.new} ({edit.why})" for edit in edits]
        write_text("\n".join(lines or ["every pin is what the archive has"]), sys.stderr)
    return 0
