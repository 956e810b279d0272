"""Finds the sandbox that this machine offers, by trying it, and says what to do where it offers none."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path, PurePosixPath

from builder.errors import MachineError, UsageError
from builder.model.frozen import frozen
from builder.sandbox import memory
from builder.sandbox.bubblewrap import UNSHARE, Bubblewrap, Programs
from builder.sandbox.layers import TABLE, Stage, sweep
from builder.sandbox.remedy import refusal
from builder.sandbox.seam import Sandbox
from builder.sandbox.unsealed import Unsealed
from builder.sandbox.values import Overlay

SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
"""Where Debian, and nearly everybody, keeps programs."""

_PACKAGES = {"bwrap": "bubblewrap", "cp": "coreutils", "sh": "dash"}
_SECONDS = 30

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


def find_sandbox(isolation: str | None, scratch: Path, search_path: str = SEARCH_PATH) -> Sandbox:
    """Return the sandbox for ``isolation`` (``bubblewrap``, ``none``, or None for the strongest: bubblewrap).

    ``scratch`` is a folder on the file system where the tasks' upper folders will lie; it is made. ``search_path`` is
    where the machine's programs are looked for, and what isolation ``none`` appends to ``PATH``. Starts one process,
    unless everything worked here before (`builder.sandbox.memory`).
    Raises `MachineError` with the remedy where the sandbox does not work, never returning a weaker one instead, and
    `UsageError` for an unknown word.
    """
    if isolation == "none":
        return Unsealed(
            cp=_find("cp", search_path),
            prlimit=_find("prlimit", search_path),
            setsid=_find("setsid", search_path),
            search_path=search_path,
        )
    if isolation not in {"bubblewrap", None}:
        raise UsageError(
            f"isolation {isolation!r} is not known",
            code="sandbox.unknown",
            remedy="use bubblewrap or none; docker and podman come with a later version",
        )
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
    sweep(scratch)
    known = memory.circumstances(programs.all(), scratch)
    if known is not None and memory.works(scratch, known):
        return Bubblewrap(programs=programs, scratch=scratch)
    tried = _try(programs, scratch)
    if not tried.works:
        raise MachineError.of([refusal(tried.said)])
    if known is not None and tried.overlay:
        memory.remember(scratch, known)
    notes = () if tried.overlay else (_no_overlay(scratch, tried.said),)
    return Bubblewrap(programs=programs, scratch=scratch, overlay=tried.overlay, notes=notes)


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
