"""Remembers what computations gave, so that none runs twice on the same values; it never asks for more than they did.

A recipe is evaluated for thousands of variants, and most parts of it read few of their values. What a part reads may
depend on what it has read, so its results are the leaves of a tree: which value it read first, which one then, what it
gave. Looking a result up reads the same values in the same order, and whatever else the computation did is done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from builder.errors import Problem
from builder.model.answer import Answer
from builder.syntax.template import Condition, Template

T = TypeVar("T")

Source = Literal["context", "variant"]
Token = object
"""Stands for a value: equal tokens are of the same value and type."""

Reading = tuple[Source, str, Token]
"""From where a value was read, under which name, and which one it was."""

_ROOT: Token = None
_SHOWN = 60


@dataclass(slots=True, eq=False)
class Note:
    """That a text, under the key ``path``, has read ``name``; without a text ``path`` says why in words."""

    name: str
    what: Template | Condition | None
    path: str
    _reason: str | None = None

    @property
    def reason(self) -> str:
        """Why ``name`` counts as read: the key, the place and the text that read it."""
        if self._reason is None:
            self._reason = self.path if self.what is None else self._described(self.what)
        return self._reason

    def _described(self, what: Template | Condition) -> str:
        text = " ".join(what.where.text.split())
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        return f"{self.path} at {what.where.place}: {shown}"


@dataclass(slots=True)
class Journal:
    """What evaluating has done besides giving values, in order."""

    readings: list[Reading] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def lengths(self) -> tuple[int, int, int, int]:
        """Return where this journal ends, for `since`."""
        return len(self.readings), len(self.notes), len(self.answers), len(self.warnings)

    def since(self, lengths: tuple[int, int, int, int]) -> Journal:
        """Return what was done since then; each value is read once."""
        readings, notes, answers, warnings = lengths
        read = self.readings[readings:]
        return Journal(
            list(dict.fromkeys(read)) if len(read) > 1 else read,
            self.notes[notes:],
            self.answers[answers:],
            self.warnings[warnings:],
        )

    def forget_context(self) -> None:
        """Keep of the readings those that the context itself was made of."""
        self.readings = [reading for reading in self.readings if reading[0] != "context"]

    def repeat(self, done: Journal) -> None:
        """Do all of ``done`` once more."""
        self.readings += done.readings
        self.notes += done.notes
        self.answers += done.answers
        self.warnings += done.warnings


@dataclass(slots=True)
class Leaf(Generic[T]):
    """A result, and what its computation did besides."""

    result: T
    done: Journal


@dataclass(slots=True)
class _Fork(Generic[T]):
    """One step of the tree: what is read next, and where each of its values leads."""

    source: Source
    name: str
    ways: dict[Token, _Fork[T] | T] = field(default_factory=dict)


class Recall(Generic[T]):
    """The results of one computation; it must give the same whenever it reads the same."""

    __slots__ = ("_ways", "of")

    def __init__(self, of: object) -> None:
        """Begin with nothing; ``of`` is what is computed, kept so that its identity stays its own."""
        self.of = of
        self._ways: dict[Token, _Fork[T] | T] = {}

    def find(self, read: Callable[[Source, str], Token]) -> T | None:
        """Return the result that ``read`` leads to, None if the computation has not been there."""
        here = self._ways.get(_ROOT)
        while isinstance(here, _Fork):
            here = here.ways.get(read(here.source, here.name))
        return here

    def keep(self, readings: Iterable[Reading], result: T) -> None:
        """Remember ``result`` under what was read on the way to it."""
        ways, way = self._ways, _ROOT
        for source, name, value in readings:
            fork = ways.get(way)
            if fork is None:
                fork = ways[way] = _Fork(source, name)
            assert isinstance(fork, _Fork), "a computation reads the same after the same"
            ways, way = fork.ways, value
        ways[way] = result


def token(value: object) -> Token:
    """Return what stands for a value of an expression: Python takes ``1``, ``1.0`` and ``True`` for equal."""
    kind = value.__class__
    if kind is str:
        return value
    if kind is bool or kind is int or kind is float or value is None:
        return (kind, value)
    return (kind, repr(value))


class Once:
    """What functions made of objects, each made once."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        """Begin with nothing."""
        self._made: dict[tuple[object, ...], tuple[object, tuple[object, ...]]] = {}

    def __call__(self, make: Callable[..., T], *given: object) -> T:
        """Return what ``make`` makes of ``given``; of the very same objects it makes nothing twice."""
        key = (make, *map(id, given))
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = (make(*given), given)  # while they are held, nothing else has their identities
        return found[0]  # type: ignore[return-value]
