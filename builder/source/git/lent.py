"""Lends git a repository of this machine without its configuration: objects and references, and no will of their own.

Settings of a repository can name programs (`core.fsmonitor`, `core.sshCommand`, a promisor remote's transport), and
which command heeds which of them changes with every version of git. A cloned folder may even hold a repository among
its files, configuration and all. So git never sees one: it is given a folder of links with a configuration of ours.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from builder.model.frozen import frozen
from builder.source.git.command import GitError, run_git

_SUFFIXES = ("/.git", "", ".git/.git", ".git")  # where git looks for what an address names (`enter_repo` in its path.c)
_SHARED = ("objects", "refs", "packed-refs", "shallow", "reftable")
_HEAD = re.compile(r"ref: ?refs/[^\x00-\x20\x7f]+\n?|[0-9a-f]{40,64}\n?")
_LONGEST = 4096
_FORMATS = ("objectformat", "refstorage")
_MOST_LENDERS = 5  # git goes no further
_SECONDS = 60.0  # it reads a file


@frozen
class _Found:
    """A repository: ``head`` is the text of its HEAD, ``folder`` holds its objects and references."""

    head: str
    folder: Path


async def lend(folder: Path, room: Path, variables: Mapping[str, str], *, above: bool = False) -> Path:
    """Return a bare repository in the folder ``room``, made here, that shares what the one at ``folder`` holds.

    With ``above`` it is the one that ``folder`` lies in, as for commands that are started there. Raises `GitError` when
    there is none.
    """
    places = _around(folder) if above else (Path(f"{folder}{suffix}") for suffix in _SUFFIXES)
    try:
        found = await asyncio.to_thread(_first, places)
        odd = None if found is None else await asyncio.to_thread(_odd, found.folder)
    except OSError as error:
        raise GitError(f"{error.filename}: {error.strerror}") from error
    if found is None:
        raise GitError(f"{str(folder)!r} is not a git repository{', nor in one' if above else ''}")
    if odd is not None:
        raise GitError(f"{str(odd)!r} is neither a file nor a folder, as all in a git repository are")
    formats = await _formats(found.folder / "config", variables)
    await asyncio.to_thread(_link, found, room, formats)
    return room


def _around(folder: Path) -> Iterator[Path]:
    for place in (folder, *folder.parents) if folder.is_dir() else ():
        yield place / ".git"
        yield place


def _first(places: Iterator[Path]) -> _Found | None:
    return next((found for place in places if (found := _opened(place)) is not None), None)


def _opened(place: Path) -> _Found | None:
    """Return the repository at ``place``, also by way of a file that says where it lies, as in other work trees."""
    elsewhere = _text(place)
    if elsewhere is not None:
        if not elsewhere.startswith("gitdir: "):
            return None
        place = place.parent / elsewhere.removeprefix("gitdir: ").rstrip("\n")
    head = _text(place / "HEAD")
    if head is None or not _HEAD.fullmatch(head):
        return None
    common = _text(place / "commondir")
    folder = place if common is None else place / common.rstrip("\n")
    return _Found(head=head, folder=folder) if all((folder / name).is_dir() for name in _SHARED[:2]) else None


def _text(place: Path) -> str | None:
    """Return a short regular file's text, None for whatever else is there."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.fsdecode(os.read(descriptor, _LONGEST)) if regular else None
    finally:
        os.close(descriptor)


def _odd(repository: Path) -> Path | None:
    """Return something that git would wait for, or wander out by: a pipe, a device, a link to a folder."""
    pending = [repository / name for name in _SHARED]
    borrowed = 0
    while pending:
        place = pending.pop()
        if not place.is_dir():
            if place.exists() and not place.is_file():
                return place
            continue
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
                elif not entry.is_file():
                    return Path(entry.path)
        lenders = _text(place / "alternates") if place.name == "info" else None
        if lenders is not None and borrowed < _MOST_LENDERS:
            borrowed += 1
            pending += [place.parent / line for line in lenders.split("\n") if line and not line.startswith("#")]
    return None


async def _formats(configuration: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the two settings that say how objects and references are written; git reads the file and does nothing."""
    if not await asyncio.to_thread(configuration.is_file):
        return {}
    listing = await run_git(
        variables, None, "config", f"--file={configuration}", "--no-includes", "--null", "--list", seconds=_SECONDS
    )
    found = (item.partition("\n")[::2] for item in listing.decode("utf-8", "replace").split("\0"))
    wanted = {f"extensions.{name}": name for name in _FORMATS}
    return {wanted[key]: value for key, value in found if key in wanted and value.isalnum()}


def _link(found: _Found, room: Path, formats: Mapping[str, str]) -> None:
    room.mkdir()
    (room / "HEAD").write_text(found.head, encoding="utf-8", errors="surrogateescape")
    lines = [
        "[core]", "repositoryformatversion = 1", "bare = true", "[uploadpack]", "allowAnySHA1InWant = true",
        "[extensions]", *(f"{name} = {value}" for name, value in formats.items()),
    ]  # fmt: skip
    (room / "config").write_text("\n".join((*lines, "")), encoding="utf-8")
    for name in _SHARED:
        if (found.folder / name).exists():
            (room / name).symlink_to((found.folder / name).resolve())
