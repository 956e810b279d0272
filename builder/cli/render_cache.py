"""Keeps what ``render`` showed of recipes, under the content of everything that it was made of.

A key has the recipe, the variant files, the options, the collection and this program in it. What only came up while
rendering stands in the note and is asked again: variables of the environment, files that the recipe loaded. Errors in
recipes are kept like renderings; what asked git is not kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

from builder.cli.collection import Collection
from builder.cli.formats import beside_recipe
from builder.cli.selection import Selection
from builder.cli.shown import Basis, Shown
from builder.errors import Place, Problem
from builder.model.answer import Answer
from builder.model.frozen import frozen
from builder.store.notes import Notes

_PROGRAM = (
    "errors.py", "model", "syntax", "recipe", "matrix",
    "cli/asking.py", "cli/asking_sources.py", "cli/formats.py", "cli/inputs.py", "cli/legacy.py", "cli/selection.py",
    "cli/shown.py",
)  # fmt: skip
"""What a rendering is made by, below the package's folder."""

_LARGEST = 1 << 21
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW  # who renders does not read through links either


@frozen(kw_only=False)
class Ticket:
    """The key of one recipe's note, with the digests of the files that are in it."""

    key: str
    recipe: str
    beside: tuple[str, str | None] | None


class RenderCache:
    """What is remembered of the recipes of one selection."""

    def __init__(
        self, store: Path, selection: Selection, collection: Collection, environment: Mapping[str, str]
    ) -> None:
        """Use the notes in the store at ``store``."""
        self._notes = Notes(store, "renderings")
        self._selection, self._collection = selection, collection
        self._environment, self._variables = environment, dict[str, str | None]()
        self._files = (*collection.variants, *selection.variant_files)
        self._shared = tuple(_digests(self._files))
        options = replace(selection, paths=(), recipes=(), recipe_dirs=())
        parts = (_program(), sys.version, _described(options), _described(collection), self._shared)
        self._common = hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape"))
        self._unchanged: bool | None = None

    def ticket(self, file: Path) -> Ticket | None:
        """Return the key of what is shown of the recipe in ``file``, None if there can be none."""
        path = os.fspath(file)
        recipe = _digest(path)
        if recipe is None or None in self._shared:
            return None
        beside = self._beside(path)
        if beside is not None and beside[1] is None:
            return None
        key = self._common.copy()
        key.update(repr((path, recipe, beside)).encode("utf-8", "surrogateescape"))
        return Ticket(key.hexdigest(), recipe, beside)

    def find(self, file: Path, ticket: Ticket) -> Shown | None:
        """Return what was shown under ``ticket``, if all that it asked for would be answered as it was then."""
        data = self._notes.read(ticket.key)
        if data is None:
            return None
        head, _, rest = data.partition(b"\n")
        kept = json.loads(head)
        variables, answers = kept["variables"], [Answer(*answer) for answer in kept["answers"]]
        if any(self._variable(name) != digest for name, digest in variables.items()):
            return None
        if answers and not self._still_told(file, answers):
            return None
        return Shown(
            lines=rest[: kept["lines"]].decode(),
            documents=rest[kept["lines"] :].decode(),
            warnings=tuple(map(_problem, kept["warnings"])),
            problems=tuple(map(_problem, kept["problems"])),
        )

    def keep(self, file: Path, ticket: Ticket, shown: Shown, basis: Basis) -> None:
        """Remember what was shown, unless a file changed since the ticket was made, or it would not last."""
        recipe = basis.recipe or _digest(os.fspath(file))
        if not basis.lasting or recipe != ticket.recipe or not self._same_files(file, ticket):
            return
        try:
            lines, documents = shown.lines.encode(), shown.documents.encode()
        except UnicodeEncodeError:  # the name of a file that is no text
            return
        head = {
            "variables": {name: self._variable(name) for name in sorted(basis.variables)},
            "answers": [[answer.subject, answer.question, answer.digest] for answer in basis.answers],
            "warnings": [_plain(problem) for problem in shown.warnings],
            "problems": [_plain(problem) for problem in shown.problems],
            "lines": len(lines),
        }
        self._notes.write(ticket.key, json.dumps(head).encode() + b"\n" + lines + documents)

    def _beside(self, path: str) -> tuple[str, str | None] | None:
        """Return the name and digest of the variant file beside a recipe; None if there is none, or none counts."""
        folder = os.path.dirname(path)  # noqa: PTH120 - paths are plain text here, for there are thousands
        for name in beside_recipe(Path(path)) if self._selection.recipe_variants else ():
            beside = f"{folder}/{name}" if folder else name
            if os.path.lexists(beside):
                return name, _digest(beside)
        return None

    def _same_files(self, file: Path, ticket: Ticket) -> bool:
        if self._unchanged is None:  # by now they have been read
            self._unchanged = self._shared == tuple(_digests(self._files))
        return self._unchanged and ticket.beside == self._beside(os.fspath(file))

    def _variable(self, name: str) -> str | None:
        """Return the digest of a variable of the environment, None if it is not set."""
        if name not in self._variables:
            value = self._environment.get(name)
            data = None if value is None else value.encode("utf-8", "surrogateescape")
            self._variables[name] = None if data is None else hashlib.sha256(data).hexdigest()
        return self._variables[name]

    def _still_told(self, file: Path, answers: list[Answer]) -> bool:
        from builder.cli.asking import asking  # few recipes ask
        from builder.recipe.machine import still_told

        return still_told(tuple(answers), asking(file, self._selection, self._collection))


def _digest(path: str) -> str | None:
    """Return the sha256 of a regular file of reasonable size."""
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            return None
        data = os.read(descriptor, found.st_size + 1)
        return hashlib.sha256(data).hexdigest() if len(data) == found.st_size else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _digests(files: Iterable[Path]) -> Iterator[tuple[str, str] | None]:
    for file in files:
        digest = _digest(os.fspath(file))
        yield None if digest is None else (os.fspath(file), digest)


def _program() -> str:
    """Return the digest of the modules that render: whatever changes in them, nothing old is shown."""
    package, digest = Path(__file__).parents[1], hashlib.sha256()
    for part in _PROGRAM:
        place = package / part
        for module in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(hashlib.sha256(module.read_bytes()).digest())
    return digest.hexdigest()


def _described(value: object) -> object:
    """Return a value in a form whose ``repr`` is the same in every process."""
    if is_dataclass(value):
        return [(field.name, _described(getattr(value, field.name))) for field in fields(value)]
    if isinstance(value, frozenset | set):
        return sorted(map(repr, value))
    return [_described(item) for item in value] if isinstance(value, tuple | list) else repr(value)


def _plain(problem: Problem) -> list[object]:
    place = problem.place
    where = None if place is None else [place.file, place.line, place.column, place.frame]
    return [problem.code, problem.message, where, problem.remedy]


def _problem(plain: list[object]) -> Problem:
    code, message, where, remedy = plain
    place = None
    if isinstance(where, list):
        file, line, column, frame = where
        place = Place(file=file, line=line, column=column, frame=frame)
    assert isinstance(code, str)
    assert isinstance(message, str)
    assert remedy is None or isinstance(remedy, str)
    return Problem(code=code, message=message, place=place, remedy=remedy)
