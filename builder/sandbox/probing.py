"""Finds out, by trying, what an engine can do on this machine, and remembers what worked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.errors import MachineError
from builder.sandbox import memory
from builder.sandbox.berth import Berth, User
from builder.sandbox.container import Container
from builder.sandbox.docker import Docker
from builder.sandbox.engine import Engine, Engines, Kind, connect, gone
from builder.sandbox.layout import USER_ID
from builder.sandbox.podman import refuse_old
from builder.sandbox.remains import PROBE, clean
from builder.sandbox.spec import LABEL, SESSION, Document, Spec
from builder.sandbox.values import Limits, Overlay

_EMPTY = bytes(10240)
"""An archive of nothing."""

_NOTHING = "/nothing"
_INSIDE, _BOUND = PurePosixPath("/overlay"), PurePosixPath("/bound")
_INVISIBLE = "does not exist"
"""What engines say of the source of a mount that they do not find."""


def find_engine(kind: Kind, engines: Engines, scratch: Path, program: Callable[[str], Path]) -> Docker:
    """Return the sandbox of an engine; ``program`` finds a program of the machine.

    Removes what killed processes left in the engine. Raises `MachineError` with the remedy where it does not work.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    engine = connect(kind, engines.docker if kind == "docker" else engines.podman)
    refuse_old(engine)
    clean(engine, scratch)
    cp, unshare = program("cp"), program("unshare")
    sandbox = Docker(engine=engine, scratch=scratch, user=_user(engine), cp=cp, unshare=unshare, image=engines.image)
    notes = _notes(engine)
    known = memory.circumstances([unshare], scratch)
    known = None if known is None else f"{known}\n{engine.id} {engine.version}"
    if known is not None and memory.works(scratch / kind, known):
        return replace(sandbox, notes=notes)
    said = _no_overlays(sandbox)
    if said is None:
        if known is not None:
            (scratch / kind).mkdir(exist_ok=True)
            memory.remember(scratch / kind, known)
        return replace(sandbox, notes=notes)
    user = replace(sandbox.user, mapped=False)
    return replace(sandbox, user=user, overlay=False, notes=(*notes, _copying(sandbox, said)))


def _notes(engine: Engine) -> tuple[str, ...]:
    """Return what is missing in ``engine``, for people."""
    notes = []
    if not (engine.memory and engine.processes):
        notes.append(
            f"{engine.kind} does not limit memory and processes here, so that they are watched instead, which is less "
            "exact; control groups of version 2, delegated to the user, help"
        )
    if engine.rootless and engine.kind == "docker":
        notes.append("without root, Docker shows its user as root to scripts; podman without root does not")
    return tuple(notes)


def _copying(sandbox: Docker, said: str) -> str:
    return (
        f"{sandbox.engine.kind} mounts no overlay of {sandbox.scratch}, so that prefixes are copied for each task, "
        f"which costs time and disk ({said}); a store on a local file system (ext4, xfs, btrfs) and Linux 5.19 help"
    )


def _no_overlays(sandbox: Docker) -> str | None:
    """Let the engine mount an overlay of ours, for a program that is not there; return what it says when it cannot.

    Raises `MachineError` when the engine does not see our files.
    """
    try:
        berth = Berth(sandbox.scratch, sandbox.user, sandbox.unshare)
    except OSError as error:
        return f"files cannot be shown as another user's: {error.strerror}"
    try:
        upper = berth.fresh() / "upper"
        mounts = [berth.overlay(Overlay(lower=(), upper=upper, inside=_INSIDE))]
        _start(sandbox, berth, [berth.bind(berth.fresh(), _BOUND), *mounts])
    except MachineError as error:
        if _INVISIBLE in str(error):
            raise _blind(sandbox) from error
        return None if _NOTHING in str(error) else str(error)
    finally:
        berth.close()
    return None


def _start(sandbox: Docker, berth: Berth, mounts: list[Document]) -> None:
    """Start a container of an image that holds nothing, which fails after its mounts were made."""
    engine = sandbox.engine
    with engine.client() as client:
        image = json.loads(client.import_image_from_data(_EMPTY, repository=PROBE, tag=berth.folder.name))
    labels = {LABEL: str(sandbox.scratch.absolute()), SESSION: berth.folder.name}
    spec = Spec(engine=engine, image=image["status"], user=sandbox.user, labels=labels, limits=Limits())
    try:
        Container(engine, spec.container([_NOTHING], mounts)).end()
    finally:
        with engine.client() as client:
            gone(lambda: client.remove_image(image["status"], force=True))


def _blind(sandbox: Docker) -> MachineError:
    return MachineError(
        f"{sandbox.engine.kind} at {sandbox.engine.address} does not see {sandbox.scratch}",
        code="sandbox.refused",
        remedy="use an engine of this very machine: in a container, mount the store at the path that it has outside",
    )


def _user(engine: Engine) -> User:
    """Return who commands are: whoever owns our files, and called 1000 where we may choose."""
    if engine.rootless:
        number = int(USER_ID) if engine.kind == "podman" else 0
        return User(id=number, group=number)
    if os.geteuid() == 0:
        return User(id=int(USER_ID), group=int(USER_ID), mapped=True)
    return User(id=os.geteuid(), group=os.getegid())
