"""Folds what commands did to an overlay back into the tree below it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from builder.model.payload import Entry, EntryKind
from builder.sandbox import Changes
from builder.store import remove_tree

Take = Callable[[Path, Path], object]
"""Makes the second path the file that the first one is."""


def settle(tree: Path, changes: Changes, take: Take = Path.rename) -> None:
    """Make ``tree`` what its commands saw at their end.

    The changed files are moved out of the overlay's own folder, unless ``take`` gets them otherwise.
    """
    for path in changes.deleted:
        remove_tree(tree / _gone_with(path, changes.folder))
    for entry in (*changes.new, *changes.changed):
        place = tree / entry.path
        if not (entry.kind is EntryKind.DIRECTORY and place.is_dir() and not place.is_symlink()):
            remove_tree(place)
        make_room(tree, place.parent)
        _put(entry, place, take)


def _gone_with(path: str, changed: Path) -> Path:
    """Return the folder that was removed with ``path`` in it, or ``path``: in ``changed`` it is none any more."""
    above = reversed(Path(path).parents[:-1])
    return next((folder for folder in above if not (changed / folder).is_dir()), Path(path))


def put_entries(tree: Path, entries: tuple[Entry, ...]) -> None:
    """Move ``entries`` into ``tree``, which has none of them."""
    for entry in entries:
        place = tree / entry.path
        place.parent.mkdir(parents=True, exist_ok=True)
        _put(entry, place, Path.rename)


def make_room(tree: Path, folder: Path) -> None:
    """Make ``folder``, in ``tree``, a real one, where something else stood on the way to it."""
    for place in (*reversed(folder.relative_to(tree).parents), folder.relative_to(tree)):
        here = tree / place
        if here.is_symlink() or (here.exists() and not here.is_dir()):
            here.unlink()
        here.mkdir(exist_ok=True)


def _put(entry: Entry, place: Path, take: Take) -> None:
    match entry.kind:
        case EntryKind.DIRECTORY:
            place.mkdir(exist_ok=True)
        case EntryKind.SYMLINK:
            place.symlink_to(entry.target or "")
        case EntryKind.FILE:
            assert entry.content is not None
            take(entry.content, place)
