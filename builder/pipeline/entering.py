"""Opens a session in a kept state: the same mounts, variables and limits as the script had, but for those in time."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.pipeline.kept import Kept
from builder.sandbox import Bind, Mount, Overlay, Sandbox, Session
from builder.store import Store

_TERMINFO = PurePosixPath("/bakehouse/terminfo")


@frozen
class Terminal:
    """What kind of terminal people sit at: its name, and the folder of this machine's description of it."""

    name: str
    description: Path | None = None

    @property
    def variables(self) -> Mapping[str, str]:
        """Return what programs look at."""
        return {"TERM": self.name, **({"TERMINFO": str(_TERMINFO)} if self.description else {})}

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """Return the description, for a root that has none."""
        if self.description is None:
            return ()
        return (Bind(source=self.description, inside=_TERMINFO / self.name[0] / self.name),)


@frozen
class Door:
    """Through what one enters: the kind of sandbox that the state was made in, and its root."""

    store: Store
    sandbox: Sandbox
    rootfs: Path


@asynccontextmanager
async def entered(
    state: Kept, door: Door, *, secrets: Mapping[str, str], terminal: Terminal | None = None
) -> AsyncIterator[Session]:
    """Open the session; with ``terminal`` programs know what they print to.

    Raises `MachineError` when somebody else is in that state, or when this machine cannot mount it.
    """
    store, sandbox = door.store, door.sandbox
    place = store.failed_place(state.task_id)
    mounts = [_fitting(mount, sandbox, place) for mount in state.mounts]
    variables = {**dict(state.variables), **secrets}
    if terminal is not None:
        variables.update(terminal.variables if sandbox.sealed else {"TERM": terminal.name})
        mounts += terminal.mounts if sandbox.sealed else ()
    limits = replace(state.limits, wall_seconds=None, silence_seconds=None)
    with in_use(state, store), _at_its_place(state, place):
        async with sandbox.open(door.rootfs, mounts, limits, variables, network=state.network) as session:
            yield session


@contextmanager
def in_use(state: Kept, store: Store) -> Iterator[None]:
    """Have the state to oneself: nobody else may be in it, and nobody takes it away."""
    place = store.failed_place(state.task_id)
    with store.lock_if_free(store.failed_lock(state.task_id)) as free:
        if not free:
            raise busy(state.name)
        os.utime(place)
        yield


def busy(name: str) -> MachineError:
    """Return the error for a state that somebody is in."""
    return MachineError(
        f"{name} is being debugged by somebody else",
        code="debug.busy",
        remedy="wait until they leave it: two cannot be in one state at once",
    )


def _fitting(mount: Mount, sandbox: Sandbox, place: Path) -> Mount:
    """Return ``mount`` as this machine can mount what another run left: layers, or a copy of them."""
    if not isinstance(mount, Overlay) or not sandbox.sealed:
        return mount
    copied = mount.upper.with_name(f".{mount.upper.name}.copied").exists()
    if copied and sandbox.capabilities().overlay:
        return Bind(source=mount.upper, inside=mount.inside, writable=True)
    if not copied and not sandbox.capabilities().overlay and mount.upper.exists():
        raise MachineError(
            f"the kept state {place.name} was made with overlays, which cannot be mounted here now",
            code="debug.overlay",
            remedy="enter a freshly prepared one with --fresh",
        )
    return mount


@contextmanager
def _at_its_place(state: Kept, place: Path) -> Iterator[None]:
    """Let a state of isolation ``none`` be found where its script had it: files that it made name that path."""
    if state.isolation != "none" or state.scratch == place:
        yield
        return
    session = state.scratch.parent
    made = not session.exists()
    session.mkdir(parents=True, exist_ok=True)
    state.scratch.unlink(missing_ok=True)
    state.scratch.symlink_to(place)
    try:
        yield
    finally:
        state.scratch.unlink(missing_ok=True)
        if made:  # else it is that of a build that still runs
            session.rmdir()
