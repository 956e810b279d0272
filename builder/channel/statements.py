"""The statements beside packages, ``<file>.intoto.json``: there before their package is, gone when it is gone.

No tool that indexes or installs packages looks at the name. All here is done by the holder of the channel's lock.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path

from builder.channel import index, staging
from builder.model.package import Package
from builder.store import atomic_write, digest_file

SUFFIX = ".intoto.json"


def place_of(package: Path) -> Path:
    """Return where the statement about the package file ``package`` lies."""
    return package.with_name(package.name + SUFFIX)


def link(part: Path, final: Path, package: Package) -> bool:
    """Give the staged package its final name with its statement; False when that name is taken.

    The statement comes first: a package that anybody can see has one.
    """
    if final.exists():
        return False
    _write(place_of(final), package)
    return staging.link(part, final)


def replace(part: Path, final: Path, package: Package, room: Path) -> None:
    """Put the staged package with its statement in the place of another one.

    Two names cannot change at once: the statement waits in ``room``, where `recover` finds it after a kill.
    """
    waiting = room / f"{package.subdir}.{package.file_name}{SUFFIX}"
    _write(waiting, package)
    staging.replace(part, final, room)
    if package.statement:
        waiting.replace(place_of(final))
    else:
        place_of(final).unlink(missing_ok=True)


def complete(final: Path, package: Package) -> None:
    """Write the statement about a package that is there, unless it has one: that of who came first stays."""
    if not place_of(final).exists():
        _write(place_of(final), package)


def recover(root: Path, room: Path) -> None:
    """Finish what `replace` was doing when it was killed: its statement goes to its package, or away."""
    staging.sweep_index(room)
    for waiting in room.glob(f"*{SUFFIX}"):
        subdir, _, name = waiting.name.removesuffix(SUFFIX).partition(".")
        final = root / subdir / name
        if final.is_file() and digest_file(final).sha256 == subject(waiting):
            waiting.replace(place_of(final))
        else:
            waiting.unlink(missing_ok=True)


def sweep(folder: Path, packages: Collection[str]) -> None:
    """Remove the statements in ``folder`` whose packages are not among those that are there."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.endswith(SUFFIX) and entry.is_file()]
    for name in names:
        about = name.removesuffix(SUFFIX)
        if about.endswith(index.PACKAGE_SUFFIXES) and about not in packages:
            (folder / name).unlink(missing_ok=True)


def subject(statement: Path) -> str | None:
    """Return the sha256 of the package that a statement is about; None when it does not say."""
    try:
        found = json.loads(statement.read_bytes())["subject"][0]["digest"]["sha256"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found if isinstance(found, str) else None


def _write(place: Path, package: Package) -> None:
    if package.statement:
        atomic_write(place, package.statement.encode())
