"""A package in a folder of the store, which is a layer of rattler's package cache with that package alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

_TREE = "tree"
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
    (folder / f"{stem}.lock").write_bytes(_REVISION + bytes.fromhex(sha256))


def tree_in(folder: Path) -> Path:
    """Return the unpacked package in ``folder``, which was `finished`; `ValueError` where somebody took it away."""
    with os.scandir(folder) as found:
        (name,) = (one.name for one in found if one.is_dir(follow_symlinks=False))
    return folder / name
