"""A ``meta.yaml`` on the command line: what it is rendered from, which the other format has elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import Problem
from builder.matrix.v0 import LegacyConfig
from builder.matrix.v0.rendering import LegacyQuestion, render_legacy
from builder.model.rendering import Rendering
from builder.recipe.v0 import load_meta

if TYPE_CHECKING:
    from builder.cli.inputs import Inputs
    from builder.model.explanation import Explanation
    from builder.recipe.v0.asked import Told


class LegacyRecipe:
    """A `builder.cli.inputs.Recipe` in conda-build's format."""

    def __init__(self, inputs: Inputs, file: Path, ask: Told) -> None:
        """Read the recipe; raises `RecipeError` if that cannot be."""
        self._inputs, self._file = inputs, file
        self._text = load_meta(file, ask.file, ask)

    @property
    def digest(self) -> str:
        """The sha256 of its bytes."""
        return self._text.digest

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Nothing: values of this format are known only for a variant."""
        return ()

    @cached_property
    def _config(self) -> LegacyConfig:
        return self._inputs.legacy_files.config(self._inputs.variant_files(self._file))

    def variables(self) -> frozenset[str]:
        """Return what selectors of variant files looked for, and all that the recipe may see without asking."""
        return self._config.asked | self._inputs.ask(self._file).allowed

    def render(self) -> tuple[Rendering, ...]:
        """Return what it comes to over its variants."""
        return render_legacy(self._question)

    def explain(self, wanted: Callable[[Rendering], bool]) -> tuple[Explanation, ...]:
        """Return an explanation of each ``wanted`` rendering."""
        from builder.matrix.v0.explanation import explain_legacy  # nobody else needs it

        return explain_legacy(self._question, wanted)

    @property
    def _question(self) -> LegacyQuestion:
        wanted = self._inputs.selection
        return LegacyQuestion(
            text=self._text,
            config=self._config,
            platforms=self._inputs.platforms,
            environment=self._inputs.environment(self._file),
            override=wanted.override,
            limit=wanted.max_variants,
        )
