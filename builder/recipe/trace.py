"""What an evaluation saw: every reading of a name with the expression that read it, for those who explain it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from builder.model.frozen import frozen
from builder.recipe.kind import Plain
from builder.syntax.template import Condition, Template

How = Literal["read", "context", "mentioned"]
"""A name outside of the context was asked for; one of the context was; one stands in a script, in any branch of it."""


@frozen(kw_only=False)
class Sight:
    """One reading of ``name`` by an expression of the text ``what``, which stands under the key ``path``."""

    name: str
    how: How
    what: Template | Condition | None
    path: str


@dataclass(slots=True)
class Trace:
    """All readings of an evaluation in their order, and what each text that was evaluated came to, by its identity."""

    sights: list[Sight] = field(default_factory=list)
    made: dict[int, Plain] = field(default_factory=dict)
