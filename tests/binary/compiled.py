"""Real ELF files from the machine's own gcc."""

from __future__ import annotations

import subprocess
from pathlib import Path


def gcc(out: Path, source: str, *flags: str) -> Path:
    """Compile the C text ``source`` to ``out`` and return it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    command = ["gcc", "-x", "c", "-", "-x", "none", "-o", str(out), *flags]
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return out


def library(out: Path, name: str, *flags: str, soname: str | None = None, calls: str | None = None) -> Path:
    """Compile a shared library that defines the function ``name``, which calls the function ``calls`` if given."""
    body = (
        f"int {calls}(void); int {name}(void) {{ return 1 + {calls}(); }}"
        if calls
        else f"int {name}(void) {{ return 1; }}"
    )
    return gcc(out, body, "-shared", "-fPIC", f"-Wl,-soname,{soname or out.name}", *flags)


def readelf(path: Path, *flags: str) -> str:
    """Return what binutils' readelf says of ``path``."""
    return subprocess.run(["readelf", "-W", *flags, str(path)], capture_output=True, check=True).stdout.decode()
