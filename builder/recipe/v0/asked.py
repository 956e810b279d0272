"""What a ``meta.yaml`` asks of its own sources while it is rendered: their files, and what git knows of their commit.

conda-build has fetched the sources by then. Here whoever renders decides whether they are there, and nothing of them
runs. The sources are those of the pass before, so the first pass knows of none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

from builder.errors import UsageError
from builder.model.recipe import GitSource, PathSource, Source
from builder.recipe.request import Ask
from builder.recipe.v0.keys import Keys
from builder.recipe.v0.metadata import Metadata
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.sources import sources_of

GIT = "GIT_"
"""How the names begin that only git has values for."""


class AskSources(Protocol):
    """What templates may ask; each method answers or raises a `BakehouseError` with a remedy."""

    def source_file(self, sources: Sequence[Source], path: str) -> bytes | None:
        """Return the file at ``path`` of the work folder that ``sources`` would fill, None if there is none."""
        ...

    def description(self, source: GitSource | PathSource) -> Mapping[str, str]:
        """Return what ``git describe`` says of a source: `builder.source.git.description.VARIABLES`, or none."""
        ...


class Told(Ask, AskSources, Protocol):
    """All that recipes of either format may ask of the machine."""


class AskedSources:
    """The sources of one recipe, as far as ``before``, what it came to last, says which they are."""

    def __init__(self, ask: AskSources | None, before: Metadata, template: str) -> None:
        """Ask ``ask`` only for what a ``template`` needs; without it every question is refused."""
        self._ask = ask
        self._reads_git = GIT in template
        self._entries = before.entries("source")

    @property
    def are_known(self) -> bool:
        """Whether there has been a pass that said which they are."""
        return bool(self._entries)

    @cached_property
    def _sources(self) -> tuple[Source, ...]:
        remarks = Remarks(file="")  # whoever makes the output tells what is wrong with them
        entries = enumerate(self._entries)
        return sources_of([Keys(data=one, path=f"source[{number}]", remarks=remarks) for number, one in entries])

    def file(self, path: str) -> bytes | None:
        """Return a file of the sources, None if they have no such file."""
        return self._asking(path).source_file(self._sources, path)

    def variables(self) -> Mapping[str, str]:
        """Return conda-build's ``GIT_…`` variables: of the first source, if that is a repository or a folder."""
        if not (self._reads_git and self._sources and isinstance(first := self._sources[0], GitSource | PathSource)):
            return {}
        return self._asking("the commit").description(first)

    def _asking(self, what: str) -> AskSources:
        if self._ask is None:
            raise UsageError(
                f"{what} is in the sources, which are not there when the recipe is rendered here",
                code="recipe.needs-source",
                remedy="write it into the recipe, or read a file of the recipe: from_recipe_dir=True",
            )
        return self._ask
