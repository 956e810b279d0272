"""Which files no package holds, whatever a recipe selects: rattler-build's list, so that packages stay the same."""

from __future__ import annotations

from collections.abc import Container
from pathlib import PurePosixPath

_NAMES = frozenset({".DS_Store", "CACHEDIR.TAG", "conda-meta"})
_SUFFIXES = frozenset({".la", ".pyo"})
_NOARCH_SUFFIXES = frozenset({".pyc", ".egg-info"})


def is_dropped(path: str, *, installed: Container[str], environment: Container[str]) -> bool:
    """Whether the file at ``path`` is never packed.

    Libtool archives and optimised bytecode serve nobody; ``share/info/dir`` and ``conda-meta`` belong to the
    environment; bytecode of a module that another package owns is a trace of running it; and a Python module beside an
    extension module of the same name can never be imported. ``installed`` are the paths beside it.
    """
    place = PurePosixPath(path)
    if place.suffix in _SUFFIXES or _NAMES.intersection(place.parts):
        return True
    if path == "share/info/dir" or path.startswith("share/info/dir/"):
        return True
    if place.suffix == ".pyc" and _module_of(place) in environment:
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


def _module_of(bytecode: PurePosixPath) -> str:
    """``a/__pycache__/b.cpython-313.pyc`` → ``a/b.py``, ``a/b.pyc`` → ``a/b.py``."""
    if bytecode.parent.name != "__pycache__":
        return str(bytecode.with_suffix(".py"))
    return str(bytecode.parent.parent / f"{bytecode.name.rsplit('.', 2)[0]}.py")
