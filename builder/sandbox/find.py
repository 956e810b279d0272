"""Finds the sandbox that this machine offers, by trying it, and says what to do where it offers none."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.errors import MachineError, UsageError
from builder.model.frozen import frozen
from builder.sandbox import memory
from builder.sandbox.bubblewrap import UNSHARE, Bubblewrap, Programs
from builder.sandbox.cgroups import Groups
from builder.sandbox.engine import ENGINES, Engines
from builder.sandbox.hierarchies import find_groups
from builder.sandbox.interpreter import SEARCH_PATH
from builder.sandbox.layers import TABLE, Stage, sweep
from builder.sandbox.remedy import NO_GROUPS, refusal
from builder.sandbox.seam import Sandbox
from builder.sandbox.syscalls import cached_bpf
from builder.sandbox.unsealed import Unsealed
from builder.sandbox.values import Overlay

_USUAL = Engines()
_PACKAGES = {"bwrap": "bubblewrap", "cp": "coreutils", "sh": "dash"}
_SECONDS = 30
_TRIES = 5

_PROBE = f"""
mount=$1; bwrap=$2; folder=$3; merged=$4
( cd "$folder" && "$mount" --all --fstab {TABLE} && mkdir "$merged/d" && rmdir "$merged/d" ) && echo overlay
exec "$bwrap" --unshare-all --unshare-user --disable-userns --uid 1000 --gid 1000 --hostname bakehouse \
    --die-with-parent --new-session --cap-drop ALL --clearenv --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp true
"""


@frozen
class _Tried:
    """What the probe showed."""

    works: bool
    overlay: bool
    said: str

    @property
    def momentary(self) -> bool:
        """Whether something unmounted meanwhile, a container's file system say, was in the way of showing all of /."""
        return not self.works and "remount" in self.said and "No such file or directory" in self.said


def find_sandbox(
    isolation: str | None, scratch: Path, search_path: str = SEARCH_PATH, *, engines: Engines = _USUAL
) -> Sandbox:
    """Return the sandbox for ``isolation``: bubblewrap, docker, podman or none; for None bubblewrap, the strongest.

    ``scratch`` is a folder on the file system where the tasks' upper folders will lie; it is made. ``search_path`` is
    where the machine's programs are looked for, and what isolation ``none`` appends to ``PATH``; ``engines`` is where
    Docker's and podman's engines listen. Starts one process, unless everything worked here before
    (`builder.sandbox.memory`).
    Raises `MachineError` with the remedy where the sandbox does not work, never returning a weaker one instead, and
    `UsageError` for an unknown word.
    """
    if isolation == "none":
        return Unsealed(
            cp=_find("cp", search_path),
            prlimit=_find("prlimit", search_path),
            setsid=_find("setsid", search_path),
            search_path=search_path,
            groups=_groups(),
        )
    if isolation in ENGINES:
        from builder.sandbox.probing import find_engine  # what it imports is a third of a second

        return find_engine(ENGINES[isolation], engines, scratch, lambda program: _find(program, search_path))
    if isolation not in {"bubblewrap", None}:
        raise UsageError(
            f"isolation {isolation!r} is not known",
            code="sandbox.unknown",
            remedy="use bubblewrap, docker, podman or none",
        )
    return _find_bubblewrap(scratch, search_path)


def _find_bubblewrap(scratch: Path, search_path: str) -> Bubblewrap:
    programs = Programs(
        bwrap=_find("bwrap", search_path),
        unshare=_find("unshare", search_path),
        setpriv=_find("setpriv", search_path),
        prlimit=_find("prlimit", search_path),
        setsid=_find("setsid", search_path),
        mount=_find("mount", search_path),
        cp=_find("cp", search_path),
        shell=_find("sh", search_path),
    )
    scratch.mkdir(parents=True, exist_ok=True)
    _sweep(scratch)
    groups = _groups()
    notes = () if groups is not None else (NO_GROUPS,)
    sandbox = Bubblewrap(
        programs=programs,
        scratch=scratch,
        groups=groups,
        filter=cached_bpf(scratch),
        version=_version(programs.bwrap),
        notes=notes,
    )
    known = memory.circumstances(programs.all(), scratch)
    if known is not None and memory.works(scratch, known):
        return sandbox
    tried = _try(programs, scratch)
    for _ in range(_TRIES - 1):
        if not tried.momentary:
            break
        tried = _try(programs, scratch)
    if not tried.works:
        raise MachineError.of([refusal(tried.said)])
    if known is not None and tried.overlay:
        memory.remember(scratch, known)
    if tried.overlay:
        return sandbox
    return replace(sandbox, overlay=False, notes=(*notes, _no_overlay(scratch, tried.said)))


def tidy(scratch: Path, *, died: bool) -> None:
    """Remove what killed commands left in ``scratch`` and among the control groups, whatever they ran scripts in.

    For commands that look for no sandbox; ``died`` says that some command is known to have been killed. A container of
    its ends and goes by itself.
    """
    with suppress(OSError):  # the next sandbox to be found tells what cannot be removed
        if died or any(itertools.chain(scratch.glob("session-*"), scratch.glob("berth-*"))):
            _sweep(scratch)
            _groups()


def _sweep(scratch: Path) -> None:
    sweep(scratch)
    if any(scratch.glob("berth-*")):
        from builder.sandbox.berth import sweep as sweep_berths  # a container's session may have been killed

        sweep_berths(scratch, lambda _: None)


def _version(bwrap: Path) -> str:
    """Return the version that bubblewrap tells, as ``0.8.0``; empty where it tells none."""
    try:
        said = subprocess.run([str(bwrap), "--version"], capture_output=True, env={}, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.decode("utf-8", "replace").strip().rpartition(" ")[2]


def _groups() -> Groups | None:
    groups = find_groups()
    if groups is not None:
        groups.sweep()
    return groups


def _find(program: str, search_path: str) -> Path:
    found = shutil.which(program, path=search_path)
    if found is None:
        raise MachineError(
            f"{program} is not on this machine",
            code="sandbox.missing",
            remedy=f"run `apt-get install {_PACKAGES.get(program, 'util-linux')}` as root",
        )
    return Path(found)


def _try(programs: Programs, scratch: Path) -> _Tried:
    """Mount an overlay in ``scratch`` and start bubblewrap, with the namespaces and file systems of a real session."""
    stage = Stage(scratch)
    try:
        merged = stage.writable(Overlay(lower=(), upper=stage.folder / "upper", inside=PurePosixPath("/")))
        stage.fresh()
        words = [str(programs.mount), str(programs.bwrap), str(stage.folder), str(merged)]
        ended = subprocess.run(
            [str(programs.unshare), *UNSHARE, "--", str(programs.shell), "-c", _PROBE, "sh", *words],
            capture_output=True,
            text=True,
            errors="replace",
            env={},
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except OSError as error:
        raise MachineError(
            f"no program can be started: {error}", code="sandbox.refused", remedy="mount /proc and /dev"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise MachineError(f"bubblewrap did not answer in {_SECONDS} s", code="sandbox.refused") from error
    finally:
        stage.close()
    return _Tried(works=ended.returncode == 0, overlay="overlay" in ended.stdout, said=ended.stderr)


def _no_overlay(scratch: Path, said: str) -> str:
    return (
        f"no overlay can be mounted in {scratch}, so that prefixes are copied for each task, which costs time and disk "
        f"({' '.join(said.split())}); a store on a local file system that is no overlay itself helps"
    )
