"""What ``render`` shows of one recipe, as text that can be kept and handed from process to process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import BakehouseError, Problem, RecipeError, UsageError
from builder.model.answer import Answer
from builder.model.frozen import frozen

if TYPE_CHECKING:  # what is shown once more needs nothing of what made it
    from builder.cli.inputs import Inputs
    from builder.matrix.texts import RenderingTexts
    from builder.model.recipe import GitSource, PathSource, Source
    from builder.model.rendering import Rendering
    from builder.recipe import GitQuestion
    from builder.recipe.v0.asked import Told


@frozen
class Shown:
    """One recipe: ``lines`` for people, ``documents`` as JSON, one in a line, what to warn of, and what is wrong."""

    lines: str = ""
    documents: str = ""
    warnings: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()


@frozen
class Basis:
    """What a `Shown` holds for, besides its files: it was made of a recipe with this sha256, if that could be read.

    ``variables`` are those of the environment that variant files asked for, ``answers`` what the recipe was told. It is
    not ``lasting`` if anything else may have had a say.
    """

    recipe: str | None = None
    variables: frozenset[str] = frozenset()
    answers: tuple[Answer, ...] = ()
    lasting: bool = True


def show(file: Path, inputs: Inputs) -> tuple[Shown, Basis]:
    """Render a recipe and return what is to be shown, an error too, and what that depends on."""
    basis = Basis()
    recorder = _Recorder(inputs.ask(file))
    warnings: list[Problem] = []
    try:
        recipe = inputs.recipe(file, recorder)
        warnings += recipe.warnings
        basis = Basis(lasting=False)  # for variant files that are wrong
        basis = Basis(recipe=recipe.digest, variables=recipe.variables())
        found = recipe.render()
    except BakehouseError as error:
        shown = Shown(warnings=tuple(warnings), problems=error.problems)
        return shown, recorder.completed(basis, certain=type(error) in {RecipeError, UsageError})
    warnings += dict.fromkeys(warning for one in found for warning in one.warnings)
    return shown_renderings(found, warnings), recorder.completed(basis, certain=True)


def shown_renderings(renderings: Iterable[Rendering], warnings: Iterable[Problem] = ()) -> Shown:
    """Return what is shown of renderings; staging outputs have a line and no document."""
    from builder.matrix.texts import RenderingTexts

    texts = RenderingTexts()
    packages = [one for one in renderings if one.output.kind == "package"]
    return Shown(
        lines="".join([f"{_line(one, texts)}\n" for one in renderings]),
        documents=",\n".join([texts.document(one) for one in packages]),
        warnings=tuple(warnings),
    )


def _line(rendering: Rendering, texts: RenderingTexts) -> str:
    marks = {"staging": rendering.output.kind == "staging", "skipped": rendering.output.skip}
    notes = [texts.variant(rendering), *(mark for mark, on in marks.items() if on)]
    return f"{rendering.subdir}/{rendering.stem}  {', '.join(note for note in notes if note)}".rstrip()


class _Recorder:
    """Hands a recipe's questions on and remembers the answers; what no file or variable says does not last."""

    def __init__(self, ask: Told) -> None:
        self._ask = ask
        self._answers: dict[Answer, None] = {}
        self._certain = True

    def environment(self, name: str) -> str | None:
        value = self._ask.environment(name)  # a refusal follows from the options
        self._answers[Answer("environment", name, _digest(value))] = None
        return value

    def file(self, path: str) -> bytes:
        from builder.recipe.machine import is_missing

        self._certain, before = False, self._certain
        try:
            data = self._ask.file(path)
        except UsageError as error:
            if is_missing(error):
                self._certain = before
                self._answers[Answer("file", path, None)] = None
            raise
        self._certain = before
        self._answers[Answer("file", path, _digest(data))] = None
        return data

    def git(self, question: GitQuestion, url: str) -> str:
        self._certain = False
        return self._ask.git(question, url)

    def source_file(self, sources: Sequence[Source], path: str) -> bytes | None:
        self._certain = False  # it may be fetched, or renewed, at any time
        return self._ask.source_file(sources, path)

    def description(self, source: GitSource | PathSource) -> Mapping[str, str]:
        self._certain = False
        return self._ask.description(source)

    def completed(self, basis: Basis, *, certain: bool) -> Basis:
        lasting = certain and self._certain and basis.lasting
        return Basis(recipe=basis.recipe, variables=basis.variables, answers=tuple(self._answers), lasting=lasting)


def _digest(told: str | bytes | None) -> str | None:
    from builder.recipe.machine import digest

    return digest(told)
