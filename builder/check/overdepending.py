"""Whether a package depends on a library, through a run export, that none of its files needs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from builder.check.context import CheckContext, package_name
from builder.check.links import Source, links
from builder.model.environment import DependencyOrigin
from builder.model.finding import Finding, Severity
from builder.model.payload import Relocated

_SHARED_LIBRARY = re.compile(r".+\.so(\.[0-9]+)*")


def check_overdepending(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a finding for each library package that a host package's run export brought and no file is linked to.

    CEP 14 makes that an error, rattler-build ignores it: here it is an error when the recipe says so, a warning when it
    says nothing, and nothing when the recipe says ``ignore``.
    """
    behavior = context.output.build.dynamic_linking.overdepending_behavior
    if behavior == "ignore":
        return
    severity = Severity.WARNING if behavior is None else Severity.ERROR
    owners = context.owners
    used = {link.package for link in links(relocated, context) if link.source is Source.HOST}
    libraries = {name for path, name in owners.items() if _SHARED_LIBRARY.fullmatch(posixpath.basename(path))}
    modules = any("site-packages" in entry.entry.path.split("/") for entry in relocated.entries)
    for dependency in context.environments.depends:
        name = package_name(dependency.spec)
        if name == "python" and modules:
            continue  # a module needs the program, an extension finds the library's symbols in it
        if dependency.origin is DependencyOrigin.HOST_RUN_EXPORT and name in libraries - used:
            yield Finding(
                check="overdepending",
                severity=severity,
                message=f"it depends on {name} by the run export of {dependency.source or name}, without linking to it",
                remedy=f"name {name} in requirements.ignore_run_exports.by_name, or drop it from requirements.host",
            )
