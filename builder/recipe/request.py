"""What an evaluation of a recipe is asked with, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, Protocol

from builder.errors import Problem
from builder.model.answer import Answer
from builder.model.frozen import frozen
from builder.model.recipe import Output
from builder.model.rendering import Platforms, Sibling
from builder.model.variant import VariantValue
from builder.recipe.kind import Plain
from builder.recipe.trace import Trace

GitQuestion = Literal["head_rev", "latest_tag", "latest_tag_rev", "latest_tag_distance"]


class Ask(Protocol):
    """What a recipe may ask of the machine; whoever evaluates decides what to answer.

    Each method answers or raises a `UsageError` with a remedy; the evaluator adds the expression's place.
    """

    def environment(self, name: str) -> str | None:
        """Return an environment variable that the operator lets recipes see, None if it is not set."""
        ...

    def file(self, path: str) -> bytes:
        """Return the bytes of a file of the recipe's folder; ``path`` is relative to it and stays inside."""
        ...

    def git(self, question: GitQuestion, url: str) -> str:
        """Answer a question about the git repository at ``url``."""
        ...


@frozen
class Request:
    """The values that one evaluation sees.

    ``variant`` is asked by ``get`` only, for exactly the names that the recipe reads, so it may be a mapping that is
    filled on demand. ``hash`` is None until it is known: a ``build.string`` that reads ``hash`` then keeps its text.
    ``build_number``, if there is one, stands in the place of the recipe's. ``trace`` is told of every reading.
    """

    variant: Mapping[str, VariantValue]
    platforms: Platforms
    hash: str | None = None
    siblings: Mapping[str, Sibling] = field(default_factory=dict)
    ask: Ask | None = None
    build_number: int | None = None
    trace: Trace | None = None


@frozen
class Evaluated:
    """One evaluated output and what the evaluation depended on.

    ``read`` maps each name that was read and that the context does not define, normalised as a variant key, to the
    reason in words (place and expression; through which context variable). Names that are not variant keys (``linux``,
    ``target_platform``) are among them. ``free_specs`` are build and host requirements without a version, as variant
    keys; they are in ``read`` too. ``pinned`` are the siblings that `pin_subpackage` names, and whether exactly.
    ``asked`` is what `Ask` answered: the evaluation holds as long as that does.
    ``warnings`` are about what probably was not meant, ``context`` has the values of the recipe's own names,
    ``hidden`` those of them that are variant keys and do not count as such.
    """

    output: Output
    read: Mapping[str, str]
    free_specs: tuple[str, ...] = ()
    pinned: tuple[tuple[str, bool], ...] = ()
    asked: tuple[Answer, ...] = ()
    warnings: tuple[Problem, ...] = ()
    context: Mapping[str, Plain] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
