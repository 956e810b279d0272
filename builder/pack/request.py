"""What packing takes: one value with everything that goes into a package."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from builder.archive import DEFAULT_COMPRESSION, Compression
from builder.model.environment import Environments
from builder.model.frozen import frozen
from builder.model.payload import Relocated
from builder.model.rendering import Rendering
from builder.model.source import SourceDigest


@frozen
class Tool:
    """What built the package, as ``info/used_build_tool.json`` names it (CEP 40)."""

    name: str
    version: str


@frozen
class TestFile:
    """A file that the test number ``test`` (from 0) needs: ``path`` is relative to ``info/tests/<test>/``."""

    __test__ = False

    test: int
    path: str
    content: Path
    executable: bool = False


@frozen
class PackRequest:
    """Everything that a package is made of.

    ``epoch`` (seconds since 1970) becomes the time of all members and of the build. ``channels`` are those that the
    environments were solved from, in order (without any, those of their packages); ``rootfs_digest`` is None when no
    sandbox's root was used.
    """

    relocated: Relocated
    rendering: Rendering
    environments: Environments
    recipe_key: str
    build_key: str
    epoch: int
    tool: Tool
    sealed: bool
    rootfs_digest: str | None = None
    sources: tuple[SourceDigest, ...] = ()
    channels: tuple[str, ...] = ()
    test_files: tuple[TestFile, ...] = ()
    file_type: Literal["conda", "tar.bz2"] = "conda"
    compression: Compression = DEFAULT_COMPRESSION
