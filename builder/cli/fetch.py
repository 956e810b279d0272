"""``bakehouse fetch``: get everything that a later ``--offline`` needs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from builder.cli.app import Context
from builder.cli.options import Places, Telling, places, telling
from builder.cli.rendering import render_selection
from builder.cli.selection import Selection, selection
from builder.cli.site import Site, site
from builder.cli.waiting import wait_for
from builder.model.recipe import GitSource, Source, UrlSource
from builder.report import Reporter, write_document, write_text
from builder.sandbox.rootfs import rootfs_lock
from builder.sandbox.varied import tools_lock
from builder.source import Fetcher
from builder.source.address import shown
from builder.source.git.revision import is_moving, wanted


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
    rendered = render_selection(selection, places)
    rendered.raise_errors()
    place = site(places, rendered.collection)
    sources = {
        (source, rendering.recipe.folder): None
        for rendering in rendered.renderings
        if not rendering.output.skip
        for source in rendering.output.source
    }
    reporter = telling.reporter(sys.stderr)
    try:
        fetched = wait_for(
            _fetch(place, tuple(sources), reporter, rootfs=rootfs), abandon=context.abandon, tidy=reporter.close
        )
    finally:
        reporter.close()
    if telling.json:
        write_document(fetched, sys.stdout)
    else:
        write_text(_summary(fetched, place), sys.stderr)
    return 0


def _summary(fetched: Sequence[Mapping[str, object]], place: Site) -> str:
    """Return how much is there, and for sources that may move what to write into the recipe."""
    lines = [
        f"{one['address']}: {one['revision']} is commit {one['commit']}; "
        f"to stay there write `expected_commit: {one['commit']}`"
        for one in fetched
        if one.get("moving")
    ]
    commits = sum("commit" in one for one in fetched)
    also = f" and {commits} git commit{'s' if commits > 1 else ''}" if commits else ""
    return "\n".join([*lines, f"{len(fetched) - commits} files{also} are in {place.store.root}"])


async def _fetch(
    place: Site, sources: Sequence[tuple[Source, Path]], reporter: Reporter, *, rootfs: bool
) -> list[dict[str, object]]:
    fetcher = place.fetcher(reporter.emit)
    files = list(dict.fromkeys(source for source, _ in sources if isinstance(source, UrlSource)))
    if place.addresses.allow_unhashed:
        files = list(await fetcher.measured(files))
    paths = await fetcher.fetch_all(files)
    found: list[dict[str, object]] = [
        {
            "address": shown(source.urls[0]),
            "sha256": source.known_sha256,
            "path": str(path),
            **({} if source.sha256 else {"unhashed": True}),
        }
        for source, path in zip(files, paths, strict=True)
    ]
    for source, folder in sources:
        if isinstance(source, GitSource):
            found.append(await _fetch_commit(fetcher, source, folder))
    if rootfs:
        debs = (*rootfs_lock().debs, *tools_lock().debs)
        fetched = await fetcher.debs(debs)
        found += [
            {"address": f"debian:{deb.path}", "sha256": deb.sha256, "path": str(fetched[deb.sha256])} for deb in debs
        ]
    return found


async def _fetch_commit(fetcher: Fetcher, source: GitSource, folder: Path) -> dict[str, object]:
    checkout = await fetcher.repositories.fetch(source, folder)
    return {
        "address": shown(source.git),
        "revision": wanted(source).words,
        "commit": checkout.commit,
        "moving": is_moving(source),
        "path": str(checkout.folder),
    }
