"""Templates of a whole ``meta.yaml``, in Jinja's own language: lenient while names are still missing, then strict.

The text comes from strangers: templates run in Jinja's sandbox, see plain data and the functions that the caller
offers, load no files, and may not write without end.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping, Sequence
from types import CodeType
from typing import Any

from jinja2 import Template
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.runtime import StrictUndefined, Undefined

from builder.errors import BakehouseError, Place, RecipeError
from builder.model.frozen import frozen
from builder.syntax.legacy.bounds import Meter
from builder.syntax.legacy.sandbox import Sandbox
from builder.syntax.node import MAX_FRAME

MAX_RENDERED = 4 << 20
"""Characters of a rendered recipe; the largest of conda-forge have some 100,000."""

_FAULTS = (
    ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, SyntaxError, TypeError, ValueError,
)  # fmt: skip
"""What the code of a template may raise beside Jinja's own errors, and the compiler for one that nests too deep."""

Names = Mapping[str, Any]


@frozen
class Rendered:
    """A rendered text, and the names that were used without being there: none when it was strict."""

    text: str
    undefined: frozenset[str] = frozenset()


class Templates:
    """The templates of one file; a text is compiled once, however often it is rendered."""

    def __init__(self, file: str) -> None:
        """Take the name of the file that errors show."""
        self._file = file
        self._missed: set[str] = set()
        self._meter = Meter()
        self._lenient = Sandbox(self._meter, _forgiving(self._missed))
        self._strict = Sandbox(self._meter, StrictUndefined)
        self._compiled: dict[str, CodeType] = {}
        self._templates: dict[tuple[str, bool], Template] = {}

    def render(self, text: str, names: Names, *, lenient: bool, numbers: Sequence[int] = ()) -> Rendered:
        """Return ``text`` rendered with ``names``. Raises `RecipeError` with the line of the template.

        ``numbers`` are those that its lines have in the file, if they are not just counted. When it is ``lenient``, a
        missing name stands for nothing whatever is done with it, and is reported.
        """
        self._missed.clear()
        self._meter.restart()
        try:
            pieces = self._template(text, lenient=lenient).generate(names)
            return Rendered(text=self._bounded(pieces), undefined=frozenset(self._missed))
        except (TemplateError, *_FAULTS) as error:
            raise self._error(error, text, numbers) from error

    def _template(self, text: str, *, lenient: bool) -> Template:
        key = text, lenient
        if key not in self._templates:
            if text not in self._compiled:
                self._compiled[text] = self._strict.compile(text)  # the code is the same, what is missing is not
            sandbox = self._lenient if lenient else self._strict
            self._templates[key] = Template.from_code(sandbox, self._compiled[text], sandbox.make_globals(None))
        return self._templates[key]

    def _bounded(self, pieces: Iterable[str]) -> str:
        found: list[str] = []
        length = 0
        for piece in pieces:
            length += len(piece)
            if length > MAX_RENDERED:
                message = f"the template writes more than {MAX_RENDERED:,} characters"
                remedy = "a recipe has some 10,000 characters"
                raise RecipeError(message, code="recipe.template", place=Place(file=self._file, line=1), remedy=remedy)
            found.append(piece)
        return "".join(found)

    def _error(self, error: Exception, text: str, numbers: Sequence[int]) -> RecipeError:
        """Say what went wrong, at the template's line if Jinja knows it."""
        steps = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
        line = error.lineno if isinstance(error, TemplateSyntaxError) else next(reversed(steps), None)
        place = Place(file=self._file)
        if line is not None:
            lines = text.splitlines() or [""]
            line = min(line, len(lines))
            number = numbers[line - 1] if line <= len(numbers) else line
            place = Place(file=self._file, line=number, column=1, frame=lines[line - 1][:MAX_FRAME])
        code, remedy = _told(error)
        missed = f"; not defined: {', '.join(sorted(self._missed)[:9])}" if self._missed else ""
        message = f"the template cannot be rendered: {error}{missed}"
        return RecipeError(message, code=code, place=place, remedy=remedy)


def _told(error: Exception) -> tuple[str, str]:
    """Return the code of an error, and what to do: that of whoever answered the template, if it has a remedy."""
    cause = error.__cause__
    if isinstance(cause, BakehouseError) and cause.problems[0].remedy:
        return cause.problems[0].code, cause.problems[0].remedy
    if isinstance(error, UndefinedError):
        return "recipe.undefined", "define it with {% set %} or in a variant file"
    if isinstance(error, SecurityError):
        return (
            "recipe.template",
            "templates see plain values and conda-build's functions, and do a bounded amount of work",
        )
    return "recipe.template", "correct the expression or statement of this line; the language is Jinja's"


def _forgiving(missed: set[str]) -> type[Undefined]:
    """Return what stands for missing names in lenient templates; those that are used are put into ``missed``.

    conda-build's rule: anything done with one gives another, but for an attribute, which is None; as text it is empty,
    as a number 0.
    """

    class Forgiving(Undefined):
        __slots__ = ()

        def _again(self, *_: Any, **__: Any) -> Any:
            missed.add(str(self._undefined_name))
            return Forgiving(self._undefined_hint, name=self._undefined_name)

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _again
        __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pos__ = __neg__ = __call__ = __getitem__ = _again
        __lt__ = __le__ = __gt__ = __ge__ = __complex__ = __pow__ = __rpow__ = _again

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            missed.add(str(self._undefined_name))

        def __str__(self) -> str:
            missed.add(str(self._undefined_name))
            return ""

        __repr__ = __str__

        def __int__(self) -> int:  # type: ignore[override]
            missed.add(str(self._undefined_name))
            return 0

        def __float__(self) -> float:  # type: ignore[override]
            return float(int(self))

    return Forgiving
