"""``bakehouse cache``: what the store holds, and making room in it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from builder.cli.collection import find_collection
from builder.cli.options import Places, places, size_in_bytes
from builder.cli.site import site
from builder.report import write_document, write_text
from builder.report.text import size


@click.group("cache")
def command() -> None:
    """List the store, or make room in it."""


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
def gc(places: Places, budget: str) -> int:
    """Remove what was unused for longest, until the store is small enough.

    \b
    Example:
      bakehouse cache gc --budget 5G
    """  # noqa: D301 - \b keeps click from wrapping the example
    done = site(places, find_collection(Path())).store.gc(size_in_bytes(budget))
    write_text(f"removed {done.removed} things, {size(done.freed)}; {size(done.kept)} are left", sys.stderr)
    return 0


def _parts(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    parts = [path for path in root.iterdir() if path.name != "folders"]
    kinds = [*(root / "folders").iterdir()] if (root / "folders").is_dir() else []
    return sorted(path for path in (*parts, *kinds) if path.is_dir())


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if not path.is_symlink())
