"""One rendering with all that its explanation is made of: the recipe's text, and an evaluation that told it read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from builder.matrix.config import VariantConfig
from builder.matrix.siblings import Finished, Need
from builder.matrix.space import Assignment, Space
from builder.model.frozen import frozen
from builder.model.rendering import Override, Rendering
from builder.recipe import OutputText
from builder.recipe.located import Item, items, part
from builder.recipe.term import Term
from builder.recipe.text import term_of
from builder.recipe.trace import Trace

REQUIREMENTS = ("build", "host", "run", "run_constraints")
EXPORTS = ("weak", "strong", "weak_constraints", "strong_constraints", "noarch")


@frozen
class Case:
    """A rendering to be explained; ``assigned`` are the keys that its evaluation asked for, ``chosen`` its siblings."""

    rendering: Rendering
    text: OutputText
    assigned: Assignment
    chosen: Mapping[Need, Finished]
    trace: Trace
    space: Space
    config: VariantConfig
    override: Override

    def own(self, *keys: str) -> Term:
        """Return the output's own term under ``keys``: for a recipe of one output, that of the recipe."""
        shared = not self.text.top.several and keys[0] != "package"
        return part(term_of(self.text.top.sections if shared else self.text.sections, keys[0]), *keys[1:])

    def top(self, *keys: str) -> Term:
        """Return the recipe's own term under ``keys``."""
        return part(term_of(self.text.top.sections, keys[0]), *keys[1:])

    def build(self, *keys: str) -> tuple[tuple[str, Term], ...]:
        """Return the terms below ``build`` that may have given a value, the output's own first, with their paths."""
        path = ".".join(("build", *keys))
        found = [(self.path(path), self.own("build", *keys))]
        shared = self.text.top.several and self.text.kind == "package"
        return (*found, (path, self.top("build", *keys))) if shared else tuple(found)

    def path(self, path: str) -> str:
        """Return a path of the output as one of the recipe."""
        return f"outputs[{self.text.index}].{path}" if self.text.top.several else path

    def required(self, *sections: str) -> Iterator[tuple[str, Item]]:
        """Yield the requirements that the evaluation took, with the path of their list."""
        for section in sections:
            path = f"requirements.{section}"
            for item in items(self.own("requirements", *section.split(".")), self.trace):
                yield self.path(path), item

    def pins(self) -> Iterator[tuple[str, Item]]:
        """Yield the requirements and run exports, pins among them."""
        yield from self.required(*REQUIREMENTS, "run_exports", *(f"run_exports.{kind}" for kind in EXPORTS))
