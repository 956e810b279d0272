"""``bakehouse index``: write a channel's index anew from its packages."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from builder.channel import Channel
from builder.channel.vouched import REASON
from builder.cli.collection import find_collection
from builder.errors import UsageError
from builder.report import write_document, write_text


@click.command("index")
@click.argument("channel", type=click.Path(path_type=Path), metavar="CHANNEL")
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
def command(channel: Path, *, as_json: bool) -> int:
    """Read every package of a channel's folder and write its indexes anew.

    Nothing that they said before counts: that is how to mend a channel whose index somebody has changed. On a farm
    (`policy: farm`) packages that are never to be published are refused.

    \b
    Example:
      bakehouse index ./channel
    """  # noqa: D301 - \b keeps click from wrapping the example
    if not channel.is_dir():
        raise UsageError(f"{channel} is not a folder", code="cli.no-channel", remedy="name the channel's top folder")
    farm = find_collection(channel).policy.farm
    found = Channel(channel, report=_warn, vouched_only=farm)
    found.reindex()
    unpublishable = found.unpublishable()
    for name in unpublishable:
        _warn(f"{name} is never to be published: {REASON}")
    counts = {folder.name: len(found.records(folder.name)) for folder in _subdirs(channel)}
    generations = {subdir: found.generation(subdir) for subdir in counts}
    if as_json:
        document = {"channel": str(channel), "packages": counts, "generations": generations}
        write_document({**document, "unpublishable": unpublishable}, sys.stdout)
    else:
        for subdir, count in counts.items():
            packages = "1 package" if count == 1 else f"{count} packages"
            write_text(f"{subdir}: {packages}, generation {generations[subdir]}", sys.stderr)
    return 0


def _warn(text: str) -> None:
    write_text(f"warning: {text}", sys.stderr)


def _subdirs(channel: Path) -> list[Path]:
    return sorted(index.parent for index in channel.glob("*/repodata.json"))
