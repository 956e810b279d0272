"""A package in a folder of the store, which is a layer of rattler's package cache with that package alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

from builder.environment.apart import Apart, is_set_apart, set_apart

_TREE, _APART = "tree", ".apart"
_REVISION = bytes(8)
"""What rattler's lock file of a package begins with: how often it was unpacked anew."""


def begun(folder: Path) -> Path:
    """Return where the package is to be unpacked in the empty ``folder``, to be `finished`."""
    return folder / _TREE


def finished(folder: Path, sha256: str) -> None:
    """Call the unpacked package what rattler's cache calls it by what it says of itself, and add the lock file."""
    index = json.loads((folder / _TREE / "info" / "index.json").read_bytes())
    stem = f"{index['name']}-{index['version']}-{index['build']}"
    (folder / _TREE).rename(folder / stem)
    set_apart(folder / stem, folder / _APART)
    for place in (folder, folder / _APART):
        if place.is_dir():
            (place / f"{stem}.lock").write_bytes(_REVISION + bytes.fromhex(sha256))


def tree_in(folder: Path) -> Path:
    """Return the unpacked package in ``folder``, which was `finished`; `ValueError` where somebody took it away."""
    with os.scandir(folder) as found:
        (name,) = (one.name for one in found if one.is_dir(follow_symlinks=False) and one.name != _APART)
    return folder / name


def apart_in(tree: Path) -> Apart | None:
    """Return what is known of the plain files of the unpacked package ``tree``, if they were told apart."""
    return Apart.read(tree, tree.parent / _APART)


def is_apart_sound(tree: Path) -> bool:
    """Whether what was told apart of ``tree`` still is what the package says; true where nothing was."""
    return is_set_apart(tree, tree.parent / _APART)
