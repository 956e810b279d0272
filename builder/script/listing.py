"""The list of a package's files that a build script may write: these and no others of what it installed.

Variable and form are rattler-build's: a path on each line, from the prefix on or absolute.
"""

from __future__ import annotations

import os
import posixpath
import stat
from pathlib import Path, PurePosixPath

from builder.errors import ScriptError

VARIABLE = "RATTLER_BUILD_PACKAGE_FILES"
FILE = "package_files"
_LARGEST = 64 << 20
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_listing(folder: Path, prefix: PurePosixPath) -> tuple[str, ...] | None:
    """Return the paths in ``prefix`` that a script listed in ``folder``, in their order; None when it listed none.

    Raises `ScriptError` for a list that is no text, or none of ordinary size, and for paths outside the prefix.
    """
    lines = (line.strip() for line in _text(folder / FILE).splitlines())
    paths = tuple(dict.fromkeys(_in_prefix(line, prefix) for line in lines if line))
    return paths or None


def _text(file: Path) -> str:
    """Return what stands in ``file``, which a script made: it may be anything, and nothing of the machine is read."""
    try:
        descriptor = os.open(file, _OPEN)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise _refused("is no file that can be read") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _refused("is no file")
        if found.st_size > _LARGEST:
            raise _refused(f"is larger than {_LARGEST >> 20} MiB")
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read(_LARGEST).decode("utf-8", "surrogateescape")
    finally:
        os.close(descriptor)


def _in_prefix(line: str, prefix: PurePosixPath) -> str:
    path = posixpath.relpath(posixpath.normpath(prefix / line), prefix)
    if path == posixpath.curdir or path.startswith(posixpath.pardir) or "\0" in line:
        raise ScriptError(
            f"the script listed {line[:200]!r} in ${VARIABLE}, which is not in the prefix",
            code="script.listing",
            remedy="list paths below $PREFIX, absolute or from there on",
        )
    return path


def _refused(what: str) -> ScriptError:
    return ScriptError(f"what the script made of ${VARIABLE} {what}", code="script.listing")
