"""What a process of our own needs of the machine: Python, the libraries that it loads, our modules and a few others."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from builder.model.frozen import frozen

SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
"""Where Debian, and nearly everybody, keeps programs."""

_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib")
_ELSEWHERE = ("/nix/store", "/gnu/store", "/etc/ld.so.cache")
_MODULES = ("backports.zstd", "py7zr")


@frozen
class Interpreter:
    """How Python is started: ``program``, the ``places`` that it reads (all real paths), symlinks on the way to them.

    ``modules`` are the folders in which modules of others are looked for, ``ours`` the folder of our package.
    """

    program: Path
    places: tuple[Path, ...]
    links: tuple[tuple[str, Path], ...]
    modules: tuple[Path, ...]
    ours: Path


def interpreter() -> Interpreter:
    """Return what this very Python needs."""
    ours = Path(__file__).resolve().parents[1]
    modules = tuple(dict.fromkeys(filter(None, map(_folder_of, _MODULES))))
    base = Path(sys.base_prefix).resolve()
    program = _program(base)
    own = [base / "lib", base / "lib64"] if base != Path("/usr") else []
    standard = Path(os.__file__).resolve().parent
    found = [program, standard, *own, ours, *modules]
    links = []
    for name in (*_LIBRARIES, *_ELSEWHERE):
        place = Path(name)
        if place.is_symlink():
            links.append((name, place.readlink()))
        elif place.exists():
            found.append(place)
    return Interpreter(program=program, places=_outermost(found), links=tuple(links), modules=modules, ours=ours)


def _program(base: Path) -> Path:
    """Return what Python was started from, or what lies where its libraries do if we may not start that one again."""
    started = str(getattr(sys, "_base_executable", sys.executable))
    beside = base / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = next((place for place in (started, str(beside)) if os.access(place, os.R_OK | os.X_OK)), sys.executable)
    return Path(found).resolve()


def _folder_of(module: str) -> Path | None:
    """Return the folder that ``module`` is imported from: that of its first name."""
    top = module.partition(".")[0]
    try:
        found = importlib.util.find_spec(module)
    except ImportError:
        return None
    if found is None or found.origin is None:
        return None
    place = Path(found.origin).resolve()
    return next((folder.parent for folder in place.parents if folder.name == top), None)


def _outermost(places: Iterable[Path]) -> tuple[Path, ...]:
    """Return those of ``places`` that exist and do not lie below another of them, the shortest first."""
    kept: list[Path] = []
    for place in sorted({place for place in places if place.exists()}, key=lambda place: (len(place.parts), place)):
        if not any(place.is_relative_to(other) for other in kept):
            kept.append(place)
    return tuple(kept)
