"""``bakehouse fetch``: get everything that a later ``--offline`` needs."""

from __future__ import annotations

import sys

import click

from builder.cli.app import Context
from builder.cli.options import Places, Selection, Telling, places, selection, telling
from builder.cli.rendering import render_selection
from builder.cli.site import Site, site
from builder.cli.waiting import wait_for
from builder.model.recipe import UrlSource
from builder.report import Reporter, make_reporter, write_document, write_text
from builder.sandbox.rootfs import rootfs_lock


@click.command("fetch")
@selection
@places
@telling
@click.option("rootfs", "--rootfs/--no-rootfs", default=True, help="Fetch the sandbox's root too  [default: yes].")
@click.pass_obj
def command(context: Context, selection: Selection, places: Places, telling: Telling, *, rootfs: bool) -> int:
    """Fetch and verify all sources of the recipes, and the packages of the sandbox's root.

    \b
    Examples:
      bakehouse fetch recipes/base/*
      bakehouse fetch recipes/base/zlib && bakehouse build recipes/base/zlib --offline
    """  # noqa: D301 - \b keeps click from wrapping the examples
    rendered = render_selection(selection)
    rendered.raise_errors()
    place = site(places, rendered.collection)
    sources = {
        source: None
        for rendering in rendered.renderings
        if not rendering.output.skip
        for source in rendering.output.source
        if isinstance(source, UrlSource)
    }
    reporter = make_reporter(telling.kind, sys.stderr, verbose=telling.verbose)
    try:
        fetched = wait_for(
            _fetch(place, tuple(sources), reporter, rootfs=rootfs), abandon=context.abandon, tidy=reporter.close
        )
    finally:
        reporter.close()
    if telling.json:
        write_document(fetched, sys.stdout)
    else:
        write_text(f"{len(fetched)} files are in {place.store.root}", sys.stderr)
    return 0


async def _fetch(
    place: Site, sources: tuple[UrlSource, ...], reporter: Reporter, *, rootfs: bool
) -> list[dict[str, object]]:
    fetcher = place.fetcher(reporter.emit)
    paths = await fetcher.fetch_all(sources)
    found: list[dict[str, object]] = [
        {"address": source.urls[0], "sha256": source.sha256, "path": str(path)}
        for source, path in zip(sources, paths, strict=True)
    ]
    if rootfs:
        debs = rootfs_lock().debs
        fetched = await fetcher.debs(debs)
        found += [
            {"address": f"debian:{deb.path}", "sha256": deb.sha256, "path": str(fetched[deb.sha256])} for deb in debs
        ]
    return found
