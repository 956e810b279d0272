"""What the division into CI jobs needs to know of one rendered output, whichever format its recipe has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from builder.matrix.v0.space import LegacySpace
from builder.model.frozen import frozen
from builder.recipe.v0.scope import Fixed


@frozen
class Seen:
    """One output over one variant; ``stem`` is its ``name-version-build``, empty where it stands for no package.

    ``feedstock`` is the name that conda-smithy takes for the feedstock's when this output is its first: the recipe's
    word (``extra: feedstock-name``), or what it finds in its place. ``used`` are the variant keys that the output uses,
    ``used_at_top`` those that it uses if what the recipe says beside its outputs counts too. ``space`` are the variants
    that it stands for: those with its values of the keys that its recipe uses.
    """

    stem: str
    feedstock: str
    is_noarch: bool
    used: frozenset[str]
    used_at_top: frozenset[str]
    variant: Mapping[str, Fixed]
    space: LegacySpace


@frozen
class Sight:
    """All outputs of a recipe for one platform, none of them skipped, sorted; ``space`` are all variants there are.

    ``text`` is the recipe's. ``numbers`` are the values that are whole numbers, by key: jobs hold them as such.
    """

    outputs: tuple[Seen, ...]
    space: LegacySpace
    text: str
    numbers: frozenset[tuple[str, str]] = frozenset()

    def without_noarch(self) -> Sight:
        """Return the outputs that belong to the platform."""
        return replace(self, outputs=tuple(one for one in self.outputs if not one.is_noarch))
