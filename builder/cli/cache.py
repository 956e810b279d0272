"""``bakehouse cache``: what the store holds, and making room in it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from builder.cli.collection import find_collection
from builder.cli.options import Places, places, size_in_bytes
from builder.cli.site import site
from builder.report import write_document, write_text
from builder.report.text import size


@click.group("cache")
def command() -> None:
    """List the store, or make room in it.

    \b
    Examples:
      bakehouse cache ls
      bakehouse cache gc --budget 5G
    """  # noqa: D301 - \b keeps click from wrapping the examples


@command.command("ls")
@places
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
def ls(places: Places, *, as_json: bool) -> int:
    """Show what each part of the store takes.

    \b
    Example:
      bakehouse cache ls
    """  # noqa: D301 - \b keeps click from wrapping the example
    root = site(places, find_collection(Path())).store.root
    taken = {path.relative_to(root).as_posix(): _bytes(path) for path in _parts(root)}
    if as_json:
        write_document({"store": str(root), "bytes": taken}, sys.stdout)
    else:
        lines = [f"{size(count):>10}  {name}" for name, count in taken.items()]
        write_text("\n".join([*lines, f"{size(sum(taken.values())):>10}  {root}"]), sys.stdout)
    return 0


@command.command("gc")
@places
@click.option("budget", "--budget", default="20G", show_default=True, help="What may be left.")
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
def gc(places: Places, budget: str, *, as_json: bool) -> int:
    """Remove what was unused for longest, until the store is small enough.

    \b
    Example:
      bakehouse cache gc --budget 5G
    """  # noqa: D301 - \b keeps click from wrapping the example
    done = site(places, find_collection(Path())).store.gc(size_in_bytes(budget))
    if as_json:
        write_document({"removed": done.removed, "freed": done.freed, "kept": done.kept}, sys.stdout)
        return 0
    write_text(f"removed {done.removed} things, {size(done.freed)}; {size(done.kept)} are left", sys.stderr)
    return 0


def _parts(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    parts = [path for path in root.iterdir() if path.name != "folders"]
    kinds = [*(root / "folders").iterdir()] if (root / "folders").is_dir() else []
    return sorted(path for path in (*parts, *kinds) if path.is_dir())


def _bytes(folder: Path) -> int:
    """Return what lies on the disk, a file with several names once; builds may go on meanwhile."""
    seen: dict[tuple[int, int], int] = {}
    for place, _, names in os.walk(folder):
        for name in (".", *names):
            with suppress(FileNotFoundError):
                found = Path(place, name).lstat()
                seen[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(seen.values())
