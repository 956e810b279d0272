"""The Python of an environment: its version, and where it keeps packages."""

from __future__ import annotations

import json

from builder.model.environment import Environment
from builder.model.frozen import frozen
from builder.model.target import Target

_NAME = "python"


@frozen
class Python:
    """A Python as its package describes it; paths are relative to the prefix, with slashes.

    ``short`` is the version that folders are named by (``3.13``), ``site_packages`` where packages go, which the
    package may say itself (CEP 17).
    """

    version: str
    short: str
    program: str
    standard_library: str
    site_packages: str

    def place_of(self, path: str) -> str:
        """Return where this Python has the file at ``path`` of a package for every Python (CEP 34)."""
        first, slash, rest = path.partition("/")
        if slash and first == "site-packages":
            return f"{self.site_packages}/{rest}"
        return f"bin/{rest}" if slash and first == "python-scripts" else path


def python_in(environment: Environment, on: Target) -> Python | None:
    """Return the Python of ``environment``, None without one."""
    for package in environment.packages:
        if package.name == _NAME:
            return python(package.version, on, json.loads(package.record).get("python_site_packages_path"))
    return None


def python(version: str, on: Target, site_packages: str | None = None) -> Python:
    """Return the Python of that version on a target; ``site_packages`` only where it is not the usual folder."""
    short = ".".join(version.split(".")[:2])
    usual = on.site_packages(version)
    return Python(
        version=version,
        short=short,
        program="python.exe" if on.is_win else f"bin/python{short}",
        standard_library=usual.rpartition("/")[0],
        site_packages=site_packages or usual,
    )
