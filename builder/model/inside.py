"""The fixed paths inside a sandbox: the same everywhere, so that none of the building machine gets into a package.

They must not collide with paths that the sandbox's own tools or the repackaged compilers carry (Debian's GCC names
``/build``), for a check searches packages for each of them.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from builder.model.frozen import frozen

_PAD = "_placehold"

RECIPE_PLACE = "${{ RECIPE_DIR }}/"
SOURCE_PLACE = "${{ SRC_DIR }}/"
"""What a path of a recipe begins with that names its place itself, as evaluation leaves it."""


@frozen
class InsidePaths:
    """Where a script finds its things.

    ``work`` is ``SRC_DIR``, ``recipe`` the read-only ``RECIPE_DIR``, ``prefix`` the host prefix, whose path is exactly
    the packages' placeholder, ``build_prefix`` holds the tools that run during the build. ``test_prefix`` is another
    path than ``prefix``, so that a test runs relocated files; ``test_work`` is where a test starts. ``script`` holds
    what we write for the interpreter, read-only; into ``listing`` a script may write which files it wants packed.
    """

    work: PurePosixPath
    recipe: PurePosixPath
    build_prefix: PurePosixPath
    prefix: PurePosixPath
    home: PurePosixPath
    test_prefix: PurePosixPath
    test_work: PurePosixPath
    script: PurePosixPath
    listing: PurePosixPath


def padded(start: PurePosixPath, length: int) -> PurePosixPath:
    """Return ``start`` padded to exactly ``length`` bytes (255 on Unix), the length of a prefix placeholder."""
    text = str(start)
    return PurePosixPath((text + _PAD * (length // len(_PAD) + 1))[:length])


def inside_paths(root: PurePosixPath, length: int = 255) -> InsidePaths:
    """Return the paths below ``root``, the host prefix padded to ``length`` bytes."""
    return InsidePaths(
        work=root / "work",
        recipe=root / "recipe",
        build_prefix=root / "build_env",
        prefix=padded(root / "host_env", length),
        home=root / "home",
        test_prefix=root / "test_env",
        test_work=root / "test",
        script=root / "script",
        listing=root / "listing",
    )


SEALED = inside_paths(PurePosixPath("/bakehouse"))
"""The paths in every real sandbox; only an unsealed build (isolation ``none``) has others."""
