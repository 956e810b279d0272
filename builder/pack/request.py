"""What packing takes: one value with everything that goes into a package."""

from __future__ import annotations

from pathlib import Path

from builder.model.environment import Environments
from builder.model.frozen import frozen
from builder.model.packaging import Packaging
from builder.model.payload import Relocated
from builder.model.permission import Permissions
from builder.model.rendering import Rendering
from builder.model.solving import SolveRules
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
class Inherited:
    """The staging output that the package's files come from: what it was built with and of, and its rendered recipe."""

    environments: Environments
    sources: tuple[SourceDigest, ...] = ()
    rendered: str = "{}"


@frozen
class PackRequest:
    """Everything that a package is made of.

    ``epoch`` (seconds since 1970) becomes the time of all members and of the build. ``channels`` are those that the
    environments were solved from, in order (without any, those of their packages); ``rootfs_digest`` is None when no
    sandbox's root was used. ``sources`` are the output's own, beside those of the staging output that it ``inherited``.
    ``rules`` are those that the environments were solved by. ``exposed`` is what the scripts that made the
    files may use of the machine. ``unpublishable`` are the packages of the environments that are never to be published.
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
    inherited: Inherited | None = None
    channels: tuple[str, ...] = ()
    test_files: tuple[TestFile, ...] = ()
    packaging: Packaging = Packaging()
    rules: SolveRules = SolveRules()
    exposed: Permissions = Permissions()
    unpublishable: tuple[str, ...] = ()

    @property
    def all_sources(self) -> tuple[SourceDigest, ...]:
        """The sources of the staging output and of the output itself, each once."""
        return tuple(dict.fromkeys((*(self.inherited.sources if self.inherited else ()), *self.sources)))

    @property
    def publishable(self) -> bool:
        """Whether recipes vouch for all that the package is made of and built with, so that others may have it."""
        return not self.unpublishable and not any(source.unhashed for source in self.all_sources)

    @property
    def all_environments(self) -> tuple[Environments, ...]:
        """The environments that the files were built in: the staging output's first."""
        return (*((self.inherited.environments,) if self.inherited else ()), self.environments)
