"""A recipe as read: its shape is checked, its expressions are compiled, nothing is evaluated yet."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from builder.errors import Problem
from builder.model.frozen import frozen
from builder.model.rendering import RecipeFile
from builder.recipe.term import Constant, Table, Term
from builder.syntax.node import Scalar


@frozen
class TopLevel:
    """What all outputs of a recipe share: the terms of its top level; ``several`` for a recipe with ``outputs``."""

    context: Table
    sections: Table
    several: bool


@frozen
class OutputText:
    """One output of a recipe file; what the top level of the file gives to it is in ``top``.

    ``name`` is the package name as written, possibly an expression; ``index`` counts the file's outputs from 0.
    ``mentioned`` are all names that its expressions contain, taken or not, through the context too: a superset of what
    an evaluation reads, but for version-less requirements. ``where`` is its name's place.
    """

    index: int
    kind: Literal["package", "staging"]
    name: str
    mentioned: frozenset[str]
    inherits: str | None = None
    where: Scalar | None = field(default=None, repr=False, compare=False)
    sections: Table = field(default=Table(()), repr=False)
    top: TopLevel = field(default=TopLevel(context=Table(()), sections=Table(()), several=False), repr=False)


@frozen
class RecipeText:
    """A recipe file: ``digest`` is the sha256 of its bytes, ``warnings`` say what has no effect."""

    file: RecipeFile
    digest: str
    outputs: tuple[OutputText, ...]
    warnings: tuple[Problem, ...] = ()


def term_of(table: Table, key: str) -> Term:
    """Return the term under ``key``, an absent constant if there is none."""
    return next((term for name, term in table.entries if name == key), Constant(None))
