"""The newest generation of each channel's index that was ever seen here, so that an older one is not taken for new."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from builder.environment.place import ChannelPlace
from builder.errors import Place, UsageError
from builder.store import Store, atomic_write

_FOLDER, _NUMBER = "generations", "generation"


class Generations:
    """What this store remembers of channels, as long as it is there: no `gc` forgets it."""

    def __init__(self, store: Store, *, allow_rollback: bool = False) -> None:
        """Remember in ``store``; ``allow_rollback`` takes what is older, and remembers that instead."""
        self._store = store
        self._allow_rollback = allow_rollback

    def check(self, place: ChannelPlace, subdir: str, generation: int, *, where: str) -> None:
        """Compare an index's ``generation`` with the newest that was seen, and remember the newer one.

        A channel that never said its generation (0) is not compared; one that says none any more is older.

        Raises:
            UsageError: the index, which lies at ``where``, is older than one that was seen before.
        """
        path = self._path(place, subdir)
        newest = _read(path)
        if generation < newest and not self._allow_rollback:
            raise UsageError(
                f"the index of {place.name} for {subdir} is of generation {generation or 'none'}, "
                f"but {newest} was seen before: somebody has put an older one in its place",
                code="environment.rollback",
                place=Place(file=where),
                remedy="ask who runs the channel; if it was set back on purpose, give --allow-rollback once",
            )
        if generation != newest:
            with self._store.lock(f"generation/{path.name}"):
                if generation > _read(path) or self._allow_rollback:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    atomic_write(path, json.dumps({"url": place.url, "subdir": subdir, _NUMBER: generation}).encode())

    def known(self, place: ChannelPlace, subdir: str) -> bool:
        """Whether the channel's index has ever said its generation."""
        return _read(self._path(place, subdir)) > 0

    def _path(self, place: ChannelPlace, subdir: str) -> Path:
        name = hashlib.sha256(f"{place.url}\n{subdir}".encode()).hexdigest()
        return self._store.root / _FOLDER / f"{name}.json"


def _read(path: Path) -> int:
    """Return the generation that is remembered, 0 for none; what cannot be read was never written by us."""
    try:
        return int(json.loads(path.read_bytes())[_NUMBER])
    except (OSError, ValueError, TypeError, KeyError):
        return 0
