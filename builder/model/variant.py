"""A variant: chosen values of variant keys, each remembering where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from enum import StrEnum

from builder.model.frozen import frozen

VariantValue = str | int | bool
"""What a variant key holds. Floats are read as text (``3.10`` stays ``3.10``), as rattler-build 0.73 does."""

BESIDE_RECIPES = ("variants.yaml", "conda_build_config.yaml")
"""The variant files that are found beside a recipe; the first that is there is taken."""


class VariantRule(StrEnum):
    """What variant files may say that conda-build does and rattler-build ignores; applied only when asked for."""

    PIN_RUN_AS_BUILD = "pin_run_as_build"
    IGNORE_VERSION = "ignore_version"


@frozen
class Origin:
    """Where a value was set: a file's line, an option, or a default of ours."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@frozen(kw_only=False)
class Variant(Mapping[str, VariantValue]):
    """An immutable, hashable, picklable mapping from normalised key to value, sorted by key."""

    pairs: tuple[tuple[str, VariantValue], ...] = ()
    origins: tuple[tuple[str, Origin], ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, values: Mapping[str, VariantValue], origins: Mapping[str, Origin] | None = None) -> Variant:
        """Make a variant of ``values``; ``origins`` of absent keys are dropped."""
        names, kept = sorted(values), origins or {}
        pairs, where = [(name, values[name]) for name in names], [(name, kept[name]) for name in names if name in kept]
        return cls(tuple(pairs), tuple(where))

    def __getitem__(self, key: str) -> VariantValue:
        for name, value in self.pairs:
            if name == key:
                return value
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def origin(self, key: str) -> Origin | None:
        """Return where ``key`` was set, if anybody remembers."""
        return dict(self.origins).get(key)
