"""What a sandbox adds to a command: opening a session and running ``true`` in it, over running ``true`` itself."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from benchmarks.rendering import Corpus
from benchmarks.row import Row
from builder.sandbox.engine import Engines
from builder.sandbox.find import find_sandbox
from builder.sandbox.rootfs import ensure_rootfs, rootfs_lock
from builder.sandbox.seam import Sandbox, Session
from builder.sandbox.values import Bind, Command, Limits, Mount, Overlay, Tmpfs
from builder.store import Store
from ci.engine import engine

CHECKOUT = Path(__file__).parents[1]
TRUE = Command(argv=("/usr/bin/true",), cwd=PurePosixPath("/"))
LIMITS = Limits(memory=4 << 30, processes=4096, disk=16 << 30, cpu_seconds=3600, wall_seconds=3600, silence_seconds=600)
RUNS = 15


def bubblewrap(scratch: Path, _: Corpus | None) -> Row:
    """What a task takes more in bubblewrap, for the first and for the next command of its session."""
    return _row(find_sandbox(None, scratch / "sessions"), scratch, first=30, following=30)


def docker(scratch: Path, _: Corpus | None) -> Row:
    """The same in Docker, by the engine of this machine or by one of this row's own."""
    with engine() as address:
        return _row(find_sandbox("docker", scratch, engines=Engines(docker=address)), scratch, first=600, following=120)


def _row(sandbox: Sandbox, scratch: Path, *, first: float, following: float) -> Row:
    """Measure all in turn, so that drift of the machine hits them alike; the limits are in milliseconds."""
    bare, firsts, nexts = [], [], []
    rootfs = _root(Path(os.environ.get("BAKEHOUSE_STORE", CHECKOUT / ".cache" / "store")))
    for number in range(RUNS + 1):
        bare.append(_milliseconds(lambda: subprocess.run(["true"], check=True)))
        started, again = asyncio.run(_session(sandbox, rootfs, _mounts(scratch / str(number))))
        firsts.append(started)
        nexts.append(again)
    alone, one, two = (statistics.median(times[1:]) for times in (bare, firsts, nexts))  # the first of each warms up
    return Row(
        what=f"`true` in {sandbox.name} (wall ms)", ours=f"{one:.0f}, {two:.0f}", theirs=f"{alone:.1f} (bare)",
        figure=f"+ {one - alone:.0f} ms, next + {two - alone:.0f}", goal=f"≤ {first:.0f} ms, next ≤ {following:.0f}",
        good=one - alone <= first and two - alone <= following,
    )  # fmt: skip


def _root(folder: Path) -> Path:
    """Return the sandbox's root in the store, of the debs that `make demo` fetched."""
    store = Store(folder)
    try:
        found = {deb.sha256: store.file(deb.sha256) for deb in rootfs_lock().debs}
        return ensure_rootfs(store, {digest: path for digest, path in found.items() if path is not None})
    finally:
        store.close()


def _mounts(task: Path) -> tuple[Mount, ...]:
    """Return what a task has: an environment that it changes, a folder to read, one to write."""
    for name in ("environment", "recipe"):
        (task / name).mkdir(parents=True)
    return (
        Overlay(lower=(task / "environment",), upper=task / "upper", inside=PurePosixPath("/prefix")),
        Bind(source=task / "recipe", inside=PurePosixPath("/recipe")),
        Tmpfs(inside=PurePosixPath("/tmp")),
    )


async def _session(sandbox: Sandbox, rootfs: Path, mounts: tuple[Mount, ...]) -> tuple[float, float]:
    """Return the milliseconds of a session's first command, with opening the session, and those of its second."""
    began = time.perf_counter()
    async with sandbox.open(rootfs, mounts, LIMITS, {"PATH": "/usr/bin:/bin"}) as session:
        await _run(session)
        between = time.perf_counter()
        await _run(session)
        ended = time.perf_counter()
    return (between - began) * 1000, (ended - between) * 1000


async def _run(session: Session) -> None:
    ended = await session.run(TRUE, lambda _: None)
    if ended.code != 0:
        raise SystemExit(f"`true` ended with {ended}")


def _milliseconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000
