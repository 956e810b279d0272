"""Remembers between runs that bubblewrap and overlays work here, so that they are tried once and not at every start.

Only what works is remembered, under all that it may depend on: our user, the kernel since it was started, the
namespaces that we are in, the file system of the overlays and the programs. What else may change, a sysctl for example,
shows when a session does not start: that forgets, and the next start tries again and says what is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from builder.store import atomic_write

_FILE = "works"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACES = tuple(Path("/proc/self/ns") / name for name in ("mnt", "user"))


def circumstances(programs: Iterable[Path], scratch: Path) -> str | None:
    """Return all that a sandbox over ``scratch`` depends on, as text; None where the machine does not tell it."""
    try:
        parts = [f"user {os.geteuid()}", f"boot {_BOOT.read_text(encoding='ascii').strip()}"]
        parts += [str(namespace.readlink()) for namespace in _NAMESPACES]
        parts.append(f"{scratch.absolute()} on {scratch.stat().st_dev}")
        for program in programs:
            found = program.stat()
            parts.append(f"{program} {found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns}")
    except OSError:
        return None
    return "\n".join(parts)


def works(scratch: Path, known: str) -> bool:
    """Tell whether everything worked under these very circumstances."""
    try:
        return (scratch / _FILE).read_text(encoding="utf-8") == known
    except (OSError, ValueError):
        return False


def remember(scratch: Path, known: str) -> None:
    """Note that everything works under these circumstances."""
    atomic_write(scratch / _FILE, known.encode("utf-8", "surrogateescape"))


def forget(scratch: Path) -> None:
    """Forget; nobody need have remembered."""
    (scratch / _FILE).unlink(missing_ok=True)
