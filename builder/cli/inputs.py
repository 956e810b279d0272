"""What the recipes of one selection are rendered from; what several of them share is read once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from builder.cli.asking import Asking, asking
from builder.cli.collection import Collection
from builder.cli.formats import beside_recipe, is_legacy
from builder.cli.selection import Selection
from builder.errors import Problem
from builder.matrix import VariantConfig, load_variants, variant_files
from builder.model.rendering import Platforms, Rendering
from builder.model.variant import VariantRule
from builder.recipe import Ask, RecipeText, load
from builder.syntax import Compiler

if TYPE_CHECKING:  # see `builder.cli.asking`
    from builder.cli.options import Places
    from builder.matrix.v0 import LegacyFiles
    from builder.model.explanation import Explanation
    from builder.recipe.v0.asked import Told

Wanted = Callable[[Rendering], bool]


class Recipe(Protocol):
    """A recipe that was read, whatever its format; nothing of it has been evaluated."""

    @property
    def digest(self) -> str:
        """The sha256 of its bytes."""
        ...

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What its text alone makes one think."""
        ...

    def variables(self) -> frozenset[str]:
        """Read its variant files; return the variables of the environment that they, or it, may have looked for."""
        ...

    def render(self) -> tuple[Rendering, ...]:
        """Return what it comes to over its variants."""
        ...

    def explain(self, wanted: Wanted) -> tuple[Explanation, ...]:
        """Return an explanation of each ``wanted`` rendering."""
        ...


class Inputs:
    """Reads recipes and variant files for a selection in a collection."""

    def __init__(self, selection: Selection, collection: Collection, places: Places | None = None) -> None:
        """Read nothing yet; `UsageError` for platforms that are none."""
        self.selection = selection
        self.collection = collection
        self.platforms: Platforms = selection.platforms()
        self._places = places
        self._compiler = Compiler()
        self._configs: dict[tuple[Path, ...], VariantConfig] = {}

    def recipe(self, file: Path, ask: Told | None = None) -> Recipe:
        """Read a recipe, which is told of the machine what ``ask`` says, or else what the options allow."""
        told = ask or self.ask(file)
        if is_legacy(file):
            from builder.cli.legacy import LegacyRecipe  # most collections hold recipes of one format

            return LegacyRecipe(self, file, told)
        return _CurrentRecipe(self, self.text(file), told)

    def text(self, file: Path) -> RecipeText:
        """Return the text of a ``recipe.yaml``."""
        return load(file, self._compiler, self.selection.switches)

    def variant_files(self, file: Path) -> tuple[Path, ...]:
        """Return the variant files that count for a recipe: the collection's, the one beside it, those given."""
        names = beside_recipe(file) if self.selection.recipe_variants else ()
        return (*self.collection.variants, *variant_files(file.parent, self.selection.variant_files, names))

    def config(self, file: Path) -> VariantConfig:
        """Return the values of all variant files that count for a ``recipe.yaml``."""
        files = self.variant_files(file)
        if files in self._configs:
            return self._configs[files]
        rules = self.collection.rules.union(map(VariantRule, self.selection.rules))
        config = replace(load_variants(files, self.selection.overrides(), self.platforms, os.environ), rules=rules)
        if not any(one.parent == file.parent for one in files):  # those with a file of their own are not met again
            self._configs[files] = config
        return config

    @cached_property
    def legacy_files(self) -> LegacyFiles:
        """The variant files, as they count for a ``meta.yaml``."""
        from builder.matrix.v0 import LegacyFiles

        return LegacyFiles(self.platforms, self.selection.overrides(), os.environ)

    def environment(self, file: Path) -> Mapping[str, str]:
        """Return the variables of the environment that a ``meta.yaml`` may see; the time that is built for is one."""
        from builder.recipe.v0.clock import EPOCH

        told = self.ask(file)
        return {name: told.variables[name] for name in sorted({*told.allowed, EPOCH}) if name in told.variables}

    def ask(self, file: Path) -> Asking:
        """Return what the recipe is told of the machine."""
        return asking(file, self.selection, self.collection, self._places)


class _CurrentRecipe:
    """A ``recipe.yaml``."""

    def __init__(self, inputs: Inputs, text: RecipeText, ask: Ask) -> None:
        self._inputs, self._text, self._ask = inputs, text, ask

    @property
    def digest(self) -> str:
        return self._text.digest

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return self._text.warnings

    @cached_property
    def _config(self) -> VariantConfig:
        return self._inputs.config(self._text.file.path)

    def variables(self) -> frozenset[str]:
        return self._config.asked

    def render(self) -> tuple[Rendering, ...]:
        from builder.matrix import render

        wanted = self._inputs.selection
        return render(
            self._text, self._config, self._inputs.platforms,
            ask=self._ask, override=wanted.override, limit=wanted.max_variants,
        )  # fmt: skip

    def explain(self, wanted: Wanted) -> tuple[Explanation, ...]:
        from builder.matrix.explanation import Question, explain

        question = Question(
            recipe=self._text,
            config=self._config,
            platforms=self._inputs.platforms,
            ask=self._ask,
            override=self._inputs.selection.override,
            limit=self._inputs.selection.max_variants,
        )
        return explain(question, wanted)
