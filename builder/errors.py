"""Every error that a user can meet, with its exit code, its place and its remedy.

The tree (exit code in brackets)::

    BakehouseError
    ├── UsageError [2]         wrong use or bad input
    │   ├── RecipeError        a recipe or variant file is wrong; one problem per mistake, all of a file at once
    │   ├── SourceError        a source has the wrong bytes, or an archive breaks the member policy
    │   └── UnsolvableError    no set of packages satisfies the specs
    ├── WorkError [1]          the work itself failed
    │   ├── ScriptError        a build script ended with an error
    │   ├── CheckError         a check found what must not be in a package
    │   └── PackageTestError   a package's own tests failed
    ├── MachineError [3]       this machine cannot do it (no sandbox, no network, disk full)
    └── Interrupted [130]      the user, or a signal, stopped it

Only ``__main__`` turns these into exit codes. A foreign library's exceptions stop at the wall of the room that owns
the library and become one of these, with the original as ``__cause__``. Any other exception that leaves a room is a
defect of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_PROBLEMS = 50
"""Problems of one file that are told; more would help nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the user's input: ``line`` and ``column`` count from 1, ``frame`` is that line's text."""

    file: str
    line: int | None = None
    column: int | None = None
    frame: str | None = None

    def __str__(self) -> str:
        return ":".join([self.file, *(str(part) for part in (self.line, self.column) if part is not None)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and what to do about it.

    ``code`` is stable and dotted (``recipe.unknown-key``), ``message`` one sentence without a full stop.
    """

    code: str
    message: str
    place: Place | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.message}"


class BakehouseError(Exception):
    """Base of all: carries one or more problems; see the tree above."""

    exit_code = 2
    default_code = "error"

    def __init__(
        self, message: str = "", *, code: str | None = None, place: Place | None = None, remedy: str | None = None
    ) -> None:
        """Make an error of one problem; `of` makes one of many."""
        self.problems: tuple[Problem, ...] = (
            Problem(code=code or self.default_code, message=message, place=place, remedy=remedy),
        )
        super().__init__(message)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> BakehouseError:
        """Make one error of all ``problems`` (at least one), in their order."""
        found = tuple(problems)
        first = found[0]
        error = cls(first.message, code=first.code, place=first.place, remedy=first.remedy)
        error.problems = found
        return error

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class UsageError(BakehouseError):
    """Wrong use or bad input."""

    default_code = "usage"


class RecipeError(UsageError):
    """A recipe, variant file or collection file is wrong."""

    default_code = "recipe"


class SourceError(UsageError):
    """A source is not what the recipe says, or an archive breaks the member policy."""

    default_code = "source"


class UnsolvableError(UsageError):
    """The solver found no packages for the specs."""

    default_code = "environment.unsolvable"


class WorkError(BakehouseError):
    """The work itself failed."""

    exit_code = 1
    default_code = "work"


class ScriptError(WorkError):
    """A build script ended with an error, or broke a limit."""

    default_code = "script"


class CheckError(WorkError):
    """A check found something that must not be in a package."""

    default_code = "check"


class PackageTestError(WorkError):
    """A package's own tests failed."""

    default_code = "test"


class MachineError(BakehouseError):
    """This machine cannot do what was asked."""

    exit_code = 3
    default_code = "machine"


class Interrupted(BakehouseError):  # noqa: N818 - it is no mistake of anybody's
    """The user, or a signal, stopped the work."""

    exit_code = 130
    default_code = "interrupted"


def joined(errors: Sequence[BakehouseError]) -> BakehouseError:
    """Return one error of the problems of all ``errors`` (at least one), of the kind of the first."""
    return type(errors[0]).of(problem for error in errors for problem in error.problems)
