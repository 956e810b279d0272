"""Sees to it that an engine has the image of a sandbox's root: its ids are known before, so that asking decides."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from builder.errors import MachineError
from builder.sandbox.engine import Engine
from builder.sandbox.image import rootfs_image
from builder.store import atomic_write

_DIGEST = re.compile(r"[0-9a-f]{64}")


def image_of(engine: Engine, rootfs: Path, scratch: Path) -> str:
    """Return the id of the image of ``rootfs``, after loading it once; blocks.

    What engines may call it is remembered in ``scratch``. Raises `MachineError` when the tree is not there or the
    engine refuses.
    """
    known = _known(rootfs, scratch)
    with engine.client() as client:
        found = _named(client, known)
        if found is None:
            for _ in client.load_image(rootfs_image(rootfs, _digest(rootfs)).archive()) or ():
                pass
            found = _named(client, known)
    if found is None:
        raise MachineError(
            f"{engine.kind} took the image of the sandbox's root and does not have it",
            code="sandbox.image",
            remedy=f"look into the log of {engine.kind}'s engine",
        )
    return found


def _named(client: Any, names: Sequence[str]) -> str | None:
    """Return the first of ``names`` that the engine has an image of."""
    import docker

    for name in names:
        with suppress(docker.errors.ImageNotFound):
            client.inspect_image(name)
            return name
    return None


def foreign_image(engine: Engine, name: str) -> str:
    """Return the id of the image ``name``; raises `MachineError` when the engine has none of that name."""
    import docker

    with engine.client() as client:
        try:
            return str(client.inspect_image(name)["Id"])
        except docker.errors.ImageNotFound as error:
            raise MachineError(
                f"{engine.kind} has no image {name}",
                code="sandbox.image",
                remedy=f"run `{engine.kind} pull {name}`",
            ) from error


def _known(rootfs: Path, scratch: Path) -> tuple[str, ...]:
    """Return what engines may call the image that ``rootfs`` makes."""
    try:
        found = rootfs.stat()
    except OSError as error:
        raise MachineError(
            f"the sandbox did not start: {rootfs}: No such file or directory", code="sandbox.not-started"
        ) from error
    identity = f"{rootfs.absolute()} {found.st_ino} {found.st_mtime_ns} {found.st_ctime_ns}"
    note = scratch / f"images-{hashlib.sha256(identity.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"
    try:
        return tuple(note.read_text(encoding="ascii").split())
    except FileNotFoundError:
        ids = rootfs_image(rootfs, _digest(rootfs)).ids
        atomic_write(note, " ".join(ids).encode())
        return ids


def _digest(rootfs: Path) -> str:
    """Return the digest of the list that ``rootfs`` was unpacked from: the store's name for it."""
    return rootfs.name if _DIGEST.fullmatch(rootfs.name) else hashlib.sha256(b"").hexdigest()
