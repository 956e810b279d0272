"""Whether something brings the Python that a package of modules needs."""

from __future__ import annotations

from collections.abc import Iterator

from builder.check.context import CheckContext
from builder.model.finding import Finding, Severity
from builder.model.payload import Relocated

_FOLDER = "/site-packages/"


def check_python(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a warning when a package of Python modules depends on nothing that brings a Python.

    A package for every Python cannot even be installed without one. Nothing is said where a dependency is unknown here:
    it may bring a Python.
    """
    modules = any(_FOLDER in f"/{entry.entry.path}" for entry in relocated.entries)
    if context.output.name == "python" or not (modules or context.output.build.for_every_python):
        return
    known = {package.name for package in context.environments.host.packages}
    needed = {name for name in context.run_closure if not name.startswith("__")}
    if "python" not in needed and needed <= known:
        yield Finding(
            check="python",
            severity=Severity.WARNING,
            message="the package holds Python modules, and depends on nothing that brings a Python",
            remedy="add python to requirements.run",
        )
