"""What the selection of a payload needs to know besides the files and the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from builder.model.environment import LinkedPrefix
from builder.model.frozen import frozen
from builder.model.python import Python


@frozen
class PayloadContext:
    """Where a payload comes from.

    ``host`` is the host environment that the script ran in, None without one; ``python`` is its Python, if it has one.
    ``work`` are the layers of the work folder, uppermost first (one folder where nothing is layered), ``prefix`` those
    of the host prefix, ``build_prefix`` those of the build environment. ``scratch`` is an empty folder of the task that
    rewritten files go to.
    """

    host: LinkedPrefix | None
    recipe_folder: Path
    work: tuple[Path, ...]
    scratch: Path
    python: Python | None = None
    prefix: tuple[Path, ...] = ()
    build_prefix: tuple[Path, ...] = ()

    @property
    def places(self) -> Mapping[str, tuple[Path, ...]]:
        """The folders that a recipe's late names stand for, as ``${{ PREFIX }}`` in the path of a licence."""
        return {
            "BUILD_PREFIX": self.build_prefix,
            "PREFIX": self.prefix,
            "RECIPE_DIR": (self.recipe_folder,),
            "SRC_DIR": self.work,
        }

    @property
    def environment_files(self) -> frozenset[str]:
        """The paths in the prefix that belong to packages of the environment."""
        return frozenset() if self.host is None else frozenset(path for path, _ in self.host.owners)
