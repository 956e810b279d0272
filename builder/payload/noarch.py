"""Where the files of a ``noarch: python`` package stand, so that any Python can take them (CEP 34)."""

from __future__ import annotations

from pathlib import PurePosixPath


def noarch_python_path(path: str) -> str:
    """Return the place in a ``noarch: python`` package of what was installed at ``path``.

    ``lib/python3.13/site-packages/a.py`` → ``site-packages/a.py``, ``bin/a`` → ``python-scripts/a``; all else stays.
    """
    parts = PurePosixPath(path).parts
    if "site-packages" in parts:
        return "/".join(parts[parts.index("site-packages") :])
    if parts[0] in {"bin", "Scripts"} and len(parts) > 1:
        return "/".join(("python-scripts", *parts[1:])).removesuffix("-script.py" if parts[0] == "Scripts" else "")
    return path
