"""``bakehouse index``: write a channel's index anew from its packages."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from builder.channel import Channel
from builder.errors import UsageError
from builder.report import write_document, write_text


@click.command("index")
@click.argument("channel", type=click.Path(path_type=Path), metavar="CHANNEL")
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
def command(channel: Path, *, as_json: bool) -> int:
    """Read every package of a channel's folder and write its indexes anew.

    \b
    Example:
      bakehouse index ./channel
    """  # noqa: D301 - \b keeps click from wrapping the example
    if not channel.is_dir():
        raise UsageError(f"{channel} is not a folder", code="cli.no-channel", remedy="name the channel's top folder")
    found = Channel(channel, report=lambda text: write_text(f"warning: {text}", sys.stderr))
    found.reindex()
    counts = {folder.name: len(found.records(folder.name)) for folder in _subdirs(channel)}
    if as_json:
        write_document({"channel": str(channel), "packages": counts}, sys.stdout)
    else:
        write_text("\n".join(f"{subdir}: {count} packages" for subdir, count in counts.items()), sys.stderr)
    return 0


def _subdirs(channel: Path) -> list[Path]:
    return sorted(index.parent for index in channel.glob("*/repodata.json"))
