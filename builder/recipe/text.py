"""A recipe as read: its shape is checked, its expressions are compiled, nothing is evaluated yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from builder.model.rendering import RecipeFile


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputText:
    """One output of a recipe file, with the top level already merged into it.

    ``name`` is the package name as written, possibly an expression; ``index`` counts the file's outputs from 0.
    ``mentioned`` are all names that its expressions contain, taken or not, through the context too: a superset of what
    an evaluation reads, plus the names of version-less build and host requirements that are written out.
    """

    index: int
    kind: Literal["package", "staging"]
    name: str
    mentioned: frozenset[str]
    inherits: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeText:
    """A recipe file: ``digest`` is the sha256 of its bytes."""

    file: RecipeFile
    digest: str
    outputs: tuple[OutputText, ...]
