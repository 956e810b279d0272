"""Recipes that are not named one by one: those of a tree of folders, and the one on standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from builder.cli.formats import RECIPE_NAMES, name_for
from builder.errors import UsageError
from builder.report import write_text
from builder.source.ignored import Ignored

_LARGEST = 16 << 20


def recipes_below(top: Path) -> tuple[Path, ...]:
    """Return the recipe of ``top`` and of every folder below it, sorted.

    As for rattler-build, hidden folders and what ``.gitignore`` files leave out are passed over; links to folders are
    not followed. A tree without any has nothing to do, and that is said.
    """
    found = tuple(sorted(_below(top)))
    if not found:
        write_text(f"there is no {' and no '.join(RECIPE_NAMES)} below {top}", sys.stderr)
    return found


def _below(top: Path) -> Iterator[Path]:
    pending = [("", Ignored().inside(top, 0))]  # relative paths, with the rules that hold in these folders
    while pending:
        folder, rules = pending.pop()
        names: list[str] = []
        with os.scandir(top / folder) as entries:
            for entry in entries:
                inner = f"{folder}/{entry.name}" if folder else entry.name
                is_folder = entry.is_dir(follow_symlinks=False)
                if entry.name.startswith(".") or rules.covers(inner, is_folder=is_folder):
                    continue
                if is_folder:
                    pending.append((inner, rules.inside(top / inner, inner.count("/") + 1)))
                elif entry.name in RECIPE_NAMES and entry.is_file():
                    names.append(entry.name)
        if names:
            yield top / folder / min(names, key=RECIPE_NAMES.index)


def recipe_on_standard_input() -> Path:
    """Return a file with the recipe that standard input holds, in a folder of its own that goes when the verb ends."""
    from tempfile import TemporaryDirectory

    data = sys.stdin.buffer.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise UsageError(f"standard input has more than {_LARGEST >> 20} MiB", code="cli.standard-input")
    if not data.strip():
        remedy = "write `bakehouse build --recipe - < recipe.yaml`"
        raise UsageError("there is no recipe on standard input", code="cli.standard-input", remedy=remedy)
    folder = TemporaryDirectory(prefix="bakehouse-")
    click.get_current_context().call_on_close(folder.cleanup)
    file = Path(folder.name) / name_for(data.decode(errors="replace"))
    file.write_bytes(data)
    return file
