"""What references of repositories were when they were last fetched, kept in the store for ``--offline``."""

from __future__ import annotations

import hashlib
from pathlib import Path

from builder.source.git.revision import is_commit
from builder.store import Store, atomic_write, disk_errors

_FOLDER = "git-references"


class Known:
    """Remembers commits by address and reference; safe for many processes, for each write is whole."""

    def __init__(self, store: Store) -> None:
        """Remember in ``store``."""
        self._folder = store.root / _FOLDER

    def commit(self, address: str, reference: str) -> str | None:
        """Return what ``reference`` was when it was last fetched from ``address``, None when it never was."""
        try:
            text = self._place(address, reference).read_text(encoding="ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        return text if is_commit(text) else None

    def remember(self, address: str, reference: str, commit: str) -> None:
        """Note that ``reference`` was ``commit``, whose objects are in the store."""
        place = self._place(address, reference)
        if self.commit(address, reference) == commit:
            return
        with disk_errors(self._folder):
            place.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(place, f"{commit}\n".encode())

    def _place(self, address: str, reference: str) -> Path:
        return self._folder / hashlib.sha256(f"{address}\0{reference}".encode()).hexdigest()
