"""The digest of what is mounted into builds, which their keys hold: read once, remembered while nothing is touched."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from builder.errors import UsageError
from builder.store.notes import Notes

_KIND = "mounts"


def digest_of(source: Path, root: Path) -> str:
    """Return the sha256 of a file or folder of the machine: names, kinds, executable bits, links' targets, contents.

    ``root`` is the store's, which remembers what was read under the times and numbers of the files. What is neither
    file, folder nor link counts by its name alone. Raises `UsageError` for what cannot be read.
    """
    notes, found = Notes(root, _KIND), list(_entries(source))
    key = hashlib.sha256("\n".join([os.fsencode(source).hex(), *(_seen(path, at) for path, at in found)]).encode())
    if (known := notes.read(key.hexdigest())) is not None:
        return known.decode("ascii")
    digest = hashlib.sha256()
    for path, about in found:
        relative = os.fsencode(path.relative_to(source)) if path != source else b""
        digest.update(relative + b"\0" + _content(path, about) + b"\n")
    notes.write(key.hexdigest(), digest.hexdigest().encode("ascii"))
    return digest.hexdigest()


def _entries(source: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield everything at ``source`` and below, in the order of names; links are not followed."""
    try:
        about = source.lstat()
        yield source, about
        if stat.S_ISDIR(about.st_mode):
            for name in sorted(os.listdir(source), key=os.fsencode):  # noqa: PTH208 - as names, to be sorted
                yield from _entries(source / name)
    except OSError as error:
        raise _unreadable(source, error) from error


def _seen(path: Path, about: os.stat_result) -> str:
    """Return what changes whenever somebody touches the file."""
    numbers = (about.st_mode, about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    return f"{os.fsencode(path).hex()} {' '.join(map(str, numbers))}"


def _content(path: Path, about: os.stat_result) -> bytes:
    """Return what counts of an entry besides its name."""
    try:
        if stat.S_ISLNK(about.st_mode):
            return b"link " + os.fsencode(path.readlink())
        if stat.S_ISREG(about.st_mode):
            mode = b"program " if about.st_mode & 0o111 else b"file "
            with path.open("rb") as file:
                return mode + hashlib.file_digest(file, "sha256").hexdigest().encode()
    except OSError as error:
        raise _unreadable(path, error) from error
    return b"folder" if stat.S_ISDIR(about.st_mode) else b"other"


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{path} is to be mounted, but cannot be read: {error.strerror}",
        code="cli.mount",
        remedy="let the user who builds read all of it, or mount a folder without it",
    )
