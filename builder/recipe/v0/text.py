"""The text of a ``meta.yaml`` and what it comes to for a variant: selectors, template, selectors again, YAML.

conda-build's order: while the template uses names that are not there, it is rendered leniently, each time with what the
recipe came to before; then once more strictly. A recipe that is skipped is not rendered any further.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from builder.errors import BakehouseError, Place, Problem, RecipeError
from builder.model.rendering import RecipeFile
from builder.recipe.v0.amended import AMENDING, amended
from builder.recipe.v0.asked import GIT, AskedSources, AskSources
from builder.recipe.v0.files import ReadFile
from builder.recipe.v0.form import check_form
from builder.recipe.v0.functions import template_names
from builder.recipe.v0.metadata import Metadata, checked
from builder.recipe.v0.pins import Pins
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.scope import Scope
from builder.recipe.v0.windows import as_cmd
from builder.recipe.v0.written import as_written
from builder.syntax.file import IrregularError, read_file
from builder.syntax.legacy.data import Plain, read_values
from builder.syntax.legacy.lines import Selected
from builder.syntax.legacy.selection import Selection
from builder.syntax.legacy.template import Templates
from builder.syntax.legacy.usage import Mentions
from builder.syntax.node import MAX_FRAME
from builder.syntax.reader import MAX_BYTES, decoded

FILE_NAME = "meta.yaml"
_MOST_PASSES = 20
_RENDERED = 16
"""Rendered texts whose values are remembered: the passes over one variant mostly come to the same."""

_NOTHING = Metadata(sections={})
_NOT_THERE = frozenset({"ask.no-file", "ask.not-a-file"})


class MetaText:
    """One recipe's text; it remembers its lines, its compiled templates, what these came to, and scripts beside it."""

    def __init__(
        self, file: RecipeFile, text: str, read: ReadFile, digest: str = "", ask: AskSources | None = None
    ) -> None:
        """Take the text, what reads files of the recipe's folder, and the sha256 of the recipe's bytes.

        What it came to so far may have had keys ``doubled``, each a warning.
        ``ask`` answers what templates ask of the sources; without it, they may not.
        """
        self.file = file
        self.text = text
        self.digest = digest
        self._read = read
        self._ask = ask
        self._templates = Templates(str(file.path))
        self._selection = Selection(str(file.path))
        self._values = lru_cache(maxsize=_RENDERED)(self._valued)
        self._twice: list[Problem] = []
        self.doubled: dict[Problem, None] = {}
        self._mentions = lru_cache(maxsize=2)(Mentions)
        self._scripts: dict[str, str | None] = {}

    def selected(self, text: str, scope: Scope) -> str:
        """Return the lines of ``text``, a piece of the recipe, whose selectors hold."""
        return self._selection.of(text, scope.holds).text

    def mentions(self, scope: Scope) -> Mentions:
        """Return what finds the keys of a variant in texts of this recipe."""
        return self._mentions(scope.keys)

    def first_look(self, scope: Scope) -> Metadata:
        """Return what the recipe comes to when names may be missing."""
        return self._parsed(scope, _NOTHING, lenient=True)[0]

    def resolved(self, scope: Scope) -> Metadata:
        """Return what the recipe comes to in the end. Raises `RecipeError` with the place of what is wrong."""
        found, missing = self._parsed(scope, _NOTHING, lenient=True)
        if found.skip:
            return found
        before: frozenset[str] | None = None
        for _ in range(_MOST_PASSES):
            if missing == before:
                break
            before, seen = missing, found
            found, missing = self._parsed(scope, seen, lenient=True)
            if _shown(found) == _shown(seen):
                break  # another pass would see the same, and come to the same
        return self._parsed(scope, found, lenient=False)[0]

    def script(self, name: str) -> str | None:
        """Return the text of a script beside the recipe, None when there is none."""
        if name not in self._scripts:
            self._scripts[name] = self._script(name)
        return self._scripts[name]

    def _script(self, name: str) -> str | None:
        """Ask for a script even if it is not there, so that who answers knows on what the recipe depends."""
        try:
            return self._read(name).decode(errors="replace")
        except (FileNotFoundError, IsADirectoryError):
            return None
        except BakehouseError as error:
            if error.problems[0].code in _NOT_THERE:
                return None
            raise

    def _parsed(self, scope: Scope, before: Metadata, *, lenient: bool) -> tuple[Metadata, frozenset[str]]:
        selected = self._selection.of(self.text, scope.holds)
        pins = None if lenient else Pins()
        sources = AskedSources(self._ask, before, selected.text)
        try:
            names = template_names(scope, before, self._read, sources, lenient=lenient, pins=pins)
        except BakehouseError as error:  # what git says is known before the template is rendered
            raise self._about_git(error) from error
        rendered = self._templates.render(selected.text, names, lenient=lenient, numbers=selected.numbers)
        values = self._read_values(rendered.text, selected, scope)
        values = pins.restored(values) if pins and pins.issued else values
        return checked(self._amended(values, scope), self.place), rendered.undefined

    def place(self, path: str) -> Place:
        """Return where the recipe says ``path``, such as ``build.number``."""
        return Remarks(file=str(self.file.path), text=self.text).place(path)

    def _read_values(self, rendered: str, selected: Selected, scope: Scope) -> Plain:
        numbers: tuple[int, ...] = ()
        try:
            again = self._selection.of(rendered, scope.holds)
            numbers = again.numbers
            values = self._values(again.text)
        except RecipeError as error:
            raise RecipeError.of(as_written(error.problems, self.text, selected, rendered, numbers)) from error
        if self._twice:
            self.doubled.update(dict.fromkeys(as_written(self._twice, self.text, selected, rendered, numbers)))
            self._twice.clear()
        return values

    def _valued(self, text: str) -> Plain:
        return as_cmd(read_values(text, str(self.file.path), self._twice))

    def _amended(self, values: Plain, scope: Scope) -> Plain:
        """Return ``values`` with what files beside the recipe change; their lines may have selectors, too."""
        for name in AMENDING:
            text = self.script(name)
            if text is not None:
                file = str(self.file.folder / name)
                values = amended(values, read_values(self.selected(text, scope), file), file)
        return values

    def _about_git(self, error: BakehouseError) -> BakehouseError:
        """Return ``error`` with the first line that asks for what git knows."""
        number, line = next((one for one in enumerate(self.text.splitlines(), 1) if GIT in one[1]), (1, ""))
        place = Place(file=str(self.file.path), line=number, column=line.find(GIT) + 1, frame=line[:MAX_FRAME])
        return RecipeError.of([replace(problem, place=problem.place or place) for problem in error.problems])


def load_meta(path: Path, read: ReadFile | None = None, ask: AskSources | None = None) -> MetaText:
    """Return the recipe in ``path``, a ``meta.yaml``; ``read`` reads files of its folder, by default none.

    ``ask`` answers what templates ask of the sources, by default nothing.
    Raises `RecipeError` for a file that is too large, no text, or no file at all.
    """
    place = Place(file=str(path))
    try:
        data = read_file(path, MAX_BYTES)
    except IrregularError as error:
        remedy = "name the file itself; links and devices are not followed, for recipes may come from strangers"
        message = f"the recipe cannot be read: it must be a regular file, this is {error}"
        raise RecipeError(message, code="recipe.unreadable", place=place, remedy=remedy) from error
    except OSError as error:
        message = f"the recipe cannot be read: {error.strerror}"
        raise RecipeError(message, code="recipe.unreadable", place=place) from error
    text = decoded(data, str(path))
    if not text.strip():
        remedy = "write package: with name and version"
        raise RecipeError("the file is empty", code="yaml.empty", place=replace(place, line=1, column=1), remedy=remedy)
    check_form(text, str(path))
    file = RecipeFile(path=path, folder=path.parent, is_template=True)
    return MetaText(file, text, read or _none_beside, hashlib.sha256(data).hexdigest(), ask)


def _shown(found: Metadata) -> tuple[object, ...]:
    """Return all that the next pass sees of what a pass came to."""
    return (found.number, *(found.sections.get(name) for name in ("package", "source", "requirements")))


def _none_beside(path: str) -> bytes:
    raise RecipeError(f"{path} cannot be read here", code="ask.no-file")
