"""Runs the scripts that packages want run after they were linked, as conda and rattler do when a user installs them.

Environments are linked outside of any session, where nothing that comes out of a package may run.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from builder.model.environment import LinkedPrefix, LockedPackage

_FUNCTION = """\
# Runs a package's post-link script in the activated environment, and shows what it says to users.
post_link() {
    (
        cd "$1"
        export PREFIX=$1 CONDA_PREFIX=$1 PKG_NAME=$2 PKG_VERSION=$3 PKG_BUILDNUM=$4
        exec /bin/bash "bin/.$2-post-link.sh"
    ) || { echo "the post-link script of $2 failed, as it would where the package is installed" >&2; exit 1; }
    if [ -f "$1/.messages.txt" ]; then cat "$1/.messages.txt"; rm "$1/.messages.txt"; fi
}
"""


def with_post_link(prefix: LinkedPrefix) -> tuple[LockedPackage, ...]:
    """Return the packages of ``prefix`` that have a post-link script, in the environment's order."""
    found = (prefix.folder / "bin").glob(".*-post-link.sh")
    names = {path.name.removeprefix(".").removesuffix("-post-link.sh") for path in found}
    return tuple(package for package in prefix.environment.packages if package.name in names)


def post_link_lines(prefix: PurePosixPath, packages: Sequence[LockedPackage]) -> Iterator[str]:
    """Yield the lines of bash that run the scripts of ``packages``, linked at ``prefix``; one that fails ends all."""
    if packages:
        yield _FUNCTION
    for package in packages:
        yield shlex.join(("post_link", str(prefix), package.name, package.version, str(package.build_number)))
    if packages:
        yield "unset -f post_link"
