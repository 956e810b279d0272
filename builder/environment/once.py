"""Folders of the store that are made by coroutines: exactly once, and whole even if whoever makes them is cancelled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from builder.environment.wall import in_thread
from builder.store import Store


async def made_once(store: Store, kind: str, key: str, make: Callable[[Path], Awaitable[None]]) -> Path:
    """Return the store's folder ``key`` of ``kind``, made by ``make`` in an empty folder if there is none yet.

    Whoever comes second waits, and can be cancelled meanwhile. The move to its place is one step that no cancellation
    interrupts: a folder is there with all that ``make`` put into it, or not at all.
    """
    found = store.folder(kind, key)
    if found is None:
        async with store.lock_async(f"{kind}/{key} is being made"):
            found = store.folder(kind, key)
            if found is None:
                async with store.scratch_async(kind) as folder:
                    work = folder / "work"
                    work.mkdir()
                    await make(work)
                    found = await in_thread(_kept, store, kind, key, work)
    return found


def _kept(store: Store, kind: str, key: str, work: Path) -> Path:
    with store.making(kind, key) as making:
        if not making.ready:
            for path in work.iterdir():
                path.rename(making.path / path.name)
    folder = store.folder(kind, key)
    assert folder is not None
    return folder
