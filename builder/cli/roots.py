"""What scripts run in: the sandbox that was asked for, over its own root or in an image of somebody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from builder.cli.confinement import Confinement
from builder.cli.site import Site
from builder.pipeline import Root
from builder.report.events import Event
from builder.sandbox import Sandbox
from builder.sandbox.rootfs import RootfsLock, ensure_rootfs, rootfs_lock


async def sandbox_root(place: Site, emit: Callable[[Event], None], lock: RootfsLock | None = None) -> Root:
    """Return the sandbox's root, of our own list or of ``lock``, fetched and unpacked where it is not yet."""
    lock = lock or rootfs_lock()
    there = place.store.folder("rootfs", lock.digest)
    if there is None:
        debs = await place.fetcher(emit).debs(lock.debs)
        there = await asyncio.to_thread(ensure_rootfs, place.store, debs, lock)
    return Root(folder=there, digest=lock.digest, glibc=lock.glibc)


async def sandbox_and_root(
    place: Site, confinement: Confinement, emit: Callable[[Event], None]
) -> tuple[Sandbox, Root]:
    """Return the sandbox, and what is in it when nothing is mounted.

    An image is pulled where it is absent, and asked what it has. Its digest takes the place of our root's in all keys;
    our root still lends it the files that are the same in every sandbox (``/etc/hosts``, ``/etc/passwd``).
    Raises `UsageError` for an image that nothing can be built in, `MachineError` for a machine that cannot.
    """
    sandbox = await asyncio.to_thread(confinement.sandbox, place.store.root / "probe")
    root = await sandbox_root(place, emit)
    if confinement.image is None:
        return sandbox, root
    from builder.sandbox.docker import Docker
    from builder.sandbox.foreign import bring, examine

    assert isinstance(sandbox, Docker)
    image = await asyncio.to_thread(bring, sandbox.engine, str(confinement.engines.image), offline=place.offline)
    sandbox = replace(sandbox, image=image.id)
    return sandbox, replace(root, digest=image.digest, glibc=await examine(sandbox, image, root.folder))
