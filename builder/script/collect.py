"""What a script left in the host prefix, as the value that selection starts from."""

from __future__ import annotations

from pathlib import Path

from builder.model.payload import Installed
from builder.sandbox import Changes

_OURS = ("conda-meta/",)
"""Records of the environment itself: an installer's, never a package's."""


def collect(changes: Changes, *, log: Path | None) -> Installed:
    """Return what a session did to the host prefix; the environment's own records are left out."""
    kept = [entry for entry in (*changes.new, *changes.changed) if not entry.path.startswith(_OURS)]
    return Installed(
        folder=changes.folder,
        entries=tuple(sorted(kept, key=lambda entry: entry.path)),
        changed=tuple(entry.path for entry in changes.changed if not entry.path.startswith(_OURS)),
        deleted=tuple(path for path in changes.deleted if not path.startswith(_OURS)),
        irregular=tuple(path for path in changes.irregular if not path.startswith(_OURS)),
        log=log,
    )
