"""Which files no package holds, whatever a recipe selects: rattler-build's list, so that packages stay the same."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import PurePosixPath

_NAMES = frozenset({".DS_Store", "CACHEDIR.TAG", "conda-meta"})
_SUFFIXES = frozenset({".la", ".pyo"})
_NOARCH_SUFFIXES = frozenset({".pyc", ".egg-info"})
_CACHED = re.compile(r"(?P<module>.+?)\.[^.]+(\.opt-[^.]+)?\.pyc")


def is_dropped(path: str, *, installed: Container[str], environment: Container[str]) -> bool:
    """Whether the file at ``path`` is never packed.

    Libtool archives and optimised bytecode serve nobody; ``share/info/dir`` and ``conda-meta`` belong to the
    environment; a Python module beside an extension module of the same name can never be imported. Bytecode whose
    module is there is left out too: that of a module of the environment is a trace of running it, that of an own one
    depends on when it was made, and is made anew (`builder.payload.bytecode`). ``installed`` are the paths beside it.
    """
    place = PurePosixPath(path)
    if place.suffix in _SUFFIXES or _NAMES.intersection(place.parts):
        return True
    if path == "share/info/dir" or path.startswith("share/info/dir/"):
        return True
    if place.suffix == ".pyc" and ((module := module_of(path)) in environment or module in installed):
        return True
    return place.suffix in {".py", ".pyc"} and any(
        str(place.with_suffix(suffix)) in installed for suffix in (".so", ".pyd")
    )


def is_dropped_from_noarch_python(path: str, commands: Container[str]) -> bool:
    """Whether a ``noarch: python`` package leaves the file out: an installer makes bytecode and ``commands`` itself."""
    place = PurePosixPath(path)
    if place.suffix in _NOARCH_SUFFIXES or "__pycache__" in place.parts:
        return True
    if place.parts[0] == "bin":
        return place.name in commands
    if place.parts[0] == "Scripts":
        return place.name.removesuffix(".exe").removesuffix("-script.py") in commands
    return False


def module_of(bytecode: str) -> str:
    """``a/__pycache__/b.cpython-313.opt-1.pyc`` → ``a/b.py``, ``a/b.pyc`` → ``a/b.py``."""
    place = PurePosixPath(bytecode)
    cached = _CACHED.fullmatch(place.name)
    if place.parent.name != "__pycache__" or cached is None:
        return str(place.with_suffix(".py"))
    return str(place.parent.parent / f"{cached['module']}.py")
