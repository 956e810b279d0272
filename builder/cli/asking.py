"""What recipes are told of this machine: variables that the operator allows, files of their folder, git when asked."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from builder.cli.asking_sources import SourceAnswers, completed
from builder.cli.collection import Collection
from builder.cli.selection import Selection
from builder.errors import MachineError, Place, UsageError
from builder.model.frozen import frozen
from builder.model.recipe import GitSource, PathSource, Source
from builder.model.switch import Switch, Switches
from builder.recipe import GitQuestion
from builder.syntax.reader import MAX_BYTES

if TYPE_CHECKING:  # the options of builds take as long to make as a small recipe to render
    from builder.cli.options import Places

_APPEND, _CLOBBER = "recipe_append.yaml", "recipe_clobber.yaml"

AskGit = Callable[[GitQuestion, str, Path], str]
"""Answers a question about a repository for a recipe in a folder."""


@frozen
class Asking:
    """The `builder.recipe.v0.asked.Told` of one recipe in ``folder``.

    ``allowed`` are the names of those ``variables`` of the environment that recipes may read. Git is asked only with
    `Switch.EXPERIMENTAL`: then what a recipe is may change without any change of a file. ``instead`` are files of the
    operator's that stand for those of the folder.
    """

    folder: Path
    allowed: frozenset[str]
    variables: Mapping[str, str]
    git_answers: AskGit
    switches: Switches = frozenset()
    sources: SourceAnswers | None = None
    instead: Mapping[str, Path] = field(default_factory=dict)

    def environment(self, name: str) -> str | None:
        """Return the variable's value, None if it is not set; `UsageError` for one that recipes may not read."""
        if name not in self.allowed:
            raise UsageError(
                f"recipes may not read the environment variable {name}",
                code="ask.environment",
                remedy=f"--allow-env {name} lets them, or `environment: [{name}]` in bakehouse.yaml",
            )
        return self.variables.get(name)

    def file(self, path: str) -> bytes:
        """Return the bytes of a regular file below the recipe's folder, one more than may be read at most."""
        if path in self.instead:
            return _bytes_of(self.instead[path])
        top = self.folder.resolve()
        place = Path(os.path.realpath(top / path))
        if not place.is_relative_to(top):
            raise UsageError(
                f"{path} leads out of the recipe's folder through a link",
                code="ask.outside",
                place=Place(file=str(self.folder / path)),
                remedy="put the file itself beside the recipe",
            )
        return _bytes_of(place)

    def git(self, question: GitQuestion, url: str) -> str:
        """Return what git says; `UsageError` without the switch."""
        if Switch.EXPERIMENTAL not in self.switches:
            raise UsageError(
                f"git.{question} needs {Switch.EXPERIMENTAL}: the recipe changes whenever the repository does",
                code="ask.git",
                remedy=f"give {Switch.EXPERIMENTAL}, or write the revision into the recipe",
            )
        return self.git_answers(question, url, self.folder)

    def source_file(self, sources: Sequence[Source], path: str) -> bytes | None:
        """Return a file of the sources of a ``meta.yaml``; see `SourceAnswers`."""
        return self._answering.source_file(sources, path)

    def description(self, source: GitSource | PathSource) -> Mapping[str, str]:
        """Return what git says of a source of a ``meta.yaml``; see `SourceAnswers`."""
        return self._answering.description(source)

    @property
    def _answering(self) -> SourceAnswers:
        if self.sources is None:
            raise UsageError(
                "the recipe asks for its sources, which are not looked at here",
                code="recipe.needs-source",
                remedy="write what it asks for into the recipe",
            )
        return self.sources


def asking(file: Path, selection: Selection, collection: Collection, places: Places | None = None) -> Asking:
    """Return what the recipe in ``file`` is told; ``places`` say where git's answers are kept, and whether offline.

    A collection file in the recipe's own folder came with the recipe, so what that one allows does not count.
    """
    told: dict[tuple[GitQuestion, str], str] = {}

    def ask_git(question: GitQuestion, url: str, folder: Path) -> str:
        if (question, url) not in told:  # so all outputs hear the same
            told[question, url] = _git_answer(question, url, folder, collection, places)
        return told[question, url]

    allowing = collection.environment
    trusted = allowing if allowing and collection.root != file.parent.resolve() else ()
    changes = {_APPEND: selection.append_file, _CLOBBER: selection.clobber_file}
    return Asking(
        folder=file.parent,
        allowed=frozenset((*selection.allowed_variables, *trusted)),
        variables=os.environ,
        git_answers=ask_git,
        sources=SourceAnswers(file.parent, collection, places),
        switches=selection.switches,
        instead={name: one for name, one in changes.items() if one is not None},
    )


def _git_answer(question: GitQuestion, url: str, folder: Path, collection: Collection, places: Places | None) -> str:
    from builder.cli.options import Places
    from builder.cli.site import site
    from builder.source.git.questions import Questions

    kept = os.environ.get("BAKEHOUSE_STORE")
    unsaid = Places(output=None, channels=(), offline=False, store=Path(kept) if kept else None)
    here = site(places or unsaid, collection)
    questions = Questions(here.store, here.addresses, offline=here.offline)
    return completed(questions.answer(question, url, folder))


def _bytes_of(place: Path) -> bytes:
    where = Place(file=str(place))
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {place}", code="ask.no-file", place=where) from error
    except OSError as error:
        raise MachineError(f"{place} cannot be read: {error.strerror}", code="ask.unreadable", place=where) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UsageError(f"{place} is no regular file", code="ask.not-a-file", place=where)
    with os.fdopen(handle, "rb") as stream:
        return stream.read(MAX_BYTES + 1)
