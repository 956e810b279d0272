"""Scripts beside the recipe that installers run when they link or unlink the package (conda-build's rule)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from builder.model.payload import Entry, EntryKind
from builder.model.recipe import Output


def with_link_scripts(entries: Iterable[Entry], output: Output, recipe_folder: Path) -> list[Entry]:
    """Return ``entries`` with the recipe's link scripts, in the place of what the build may have put there."""
    scripts = [_entry(recipe_folder / file, path) for file, path in output.build.link_scripts]
    taken = {script.path for script in scripts}
    return [*(entry for entry in entries if entry.path not in taken), *scripts]


def _entry(file: Path, path: str) -> Entry:
    return Entry(path=path, kind=EntryKind.FILE, content=file, executable=True, size=file.stat().st_size)
