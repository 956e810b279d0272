"""``bakehouse cache``: what the store holds, making room in it, and whether it is whole."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from builder.cli.collection import find_collection
from builder.cli.limiting import size_in_bytes
from builder.cli.options import Places, places
from builder.cli.site import site
from builder.errors import UsageError
from builder.report import write_document, write_text
from builder.report.escape import escape
from builder.report.text import size
from builder.store import Collected, Store
from builder.store.cleaning import is_store


@click.group("cache")
def command() -> None:
    """List the store, make room in it, or look whether it is whole.

    \b
    Examples:
      bakehouse cache ls
      bakehouse cache gc --budget 5G
      bakehouse cache verify
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
    root = _there(places).root
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
    store, wanted = site(places, find_collection(Path())).store, size_in_bytes(budget)
    done = store.gc(wanted) if is_store(store.root) else Collected(removed=0, freed=0, kept=0)
    if as_json:
        write_document({"removed": done.removed, "freed": done.freed, "kept": done.kept}, sys.stdout)
        return 0
    write_text(f"removed {done.removed} things, {size(done.freed)}; {size(done.kept)} are left", sys.stderr)
    return 0


@command.command("verify")
@places
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
def verify(places: Places, *, as_json: bool) -> int:
    """Read all that the store holds, and set aside what is not what it was; that is then fetched or made again.

    Files are compared with their sha256, unpacked packages and linked environments with what the packages say of
    their files. The exit code is 1 when something was damaged.

    \b
    Example:
      bakehouse cache verify
    """  # noqa: D301 - \b keeps click from wrapping the example
    from builder.environment.intact import KINDS, Reader

    store = _there(places)
    counts, damaged = dict.fromkeys(("files", *KINDS), 0), []
    for file in store.verify():
        counts["files"] += 1
        if not file.whole:
            damaged.append({"what": f"files/{file.path.name}", "why": "its bytes are not those of its sha256"})
    reader = Reader()
    for kind in KINDS:
        for key in store.keys(kind):
            counts[kind] += 1
            why = reader.damage(kind, store.root / "folders" / kind / key)
            if why is not None:
                store.set_aside(kind, key)
                damaged.append({"what": f"{kind}/{key}", "why": why})
    if as_json:
        write_document({"store": str(store.root), "read": counts, "damaged": damaged}, sys.stdout)
    else:
        lines = [f"{escape(one['what'])}: {escape(one['why'])}" for one in damaged]
        read = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        end = f"{len(damaged)} are damaged and were set aside" if damaged else "all are whole"
        write_text("\n".join([*lines, f"read {read}: {end}"]), sys.stderr)
    return 1 if damaged else 0


def _there(places: Places) -> Store:
    """Return the store that there is; what only reads makes none, and calls none whole.

    Raises `UsageError` when there is none.
    """
    store = site(places, find_collection(Path())).store
    if not is_store(store.root):
        raise UsageError(
            f"there is no store in {store.root}",
            code="cli.no-store",
            remedy="name one with --store or BAKEHOUSE_STORE; the first `bakehouse build` or `fetch` makes it",
        )
    return store


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
