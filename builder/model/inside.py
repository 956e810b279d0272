"""The fixed paths inside a sandbox: the same on every machine, so that none of the building machine gets into a package.

They must not collide with paths that the sandbox's own tools or the repackaged compilers carry (Debian's GCC names
``/build``), for a check searches packages for each of them.
"""

from pathlib import PurePosixPath

ROOT = PurePosixPath("/bakehouse")

WORK = ROOT / "work"
"""``SRC_DIR``: the task's source tree, where the script starts."""

RECIPE = ROOT / "recipe"
"""``RECIPE_DIR``: the recipe's folder, read-only."""

BUILD_PREFIX = ROOT / "build_env"
"""``BUILD_PREFIX``: the tools that run during the build."""

TEST_PREFIX = ROOT / "test_env"
"""``PREFIX`` of a package test: another path than the one of the build, so that a test runs relocated files."""

TEST_WORK = ROOT / "test"
"""Where a package test starts: its own files, copied fresh."""

HOME = ROOT / "home"
"""``HOME`` of scripts: empty, writable, gone with the task."""

_PREFIX_START = "/bakehouse/host_env"
_PAD = "_placehold"


def placeholder(length: int) -> PurePosixPath:
    """Return the host prefix's path inside, exactly ``length`` bytes long (255 on Unix): the packages' placeholder."""
    padding = _PAD * (length // len(_PAD) + 1)
    return PurePosixPath((_PREFIX_START + padding)[:length])
