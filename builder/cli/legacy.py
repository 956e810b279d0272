"""A ``meta.yaml`` on the command line: what it is rendered from, which the other format has elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from builder.cli.selection import known_platform
from builder.errors import Place, Problem
from builder.matrix.v0 import LegacyConfig, combined
from builder.matrix.v0.config import values_of
from builder.matrix.v0.rendering import LegacyQuestion, render_legacy
from builder.model.answer import Answer
from builder.model.rendering import Platforms, Rendering
from builder.recipe.machine import digest
from builder.recipe.v0 import load_meta
from builder.recipe.v0.clock import EPOCH
from builder.syntax.node import MAX_FRAME

if TYPE_CHECKING:
    from builder.cli.inputs import Inputs
    from builder.model.explanation import Explanation
    from builder.recipe.v0.asked import Told

_TARGET = "target_platform"
_ASKS = re.compile(r"""(?:\benviron(?:\.get\(|\[)|\bgetenv\()\s*['"](\w{1,128})['"]""")
_OF_BUILDS = re.compile(
    r"(?:PKG_|GIT_|CONDA_|CYGWIN_|LIBRARY_)|(?:(?:BUILD_)?PREFIX|SRC_DIR|SP_DIR|STDLIB_DIR|RECIPE_DIR|CPU_COUNT|R|PERL"
    r"|LUA|PYTHON|SCRIPTS|SUBDIR|ARCH|OSX_ARCH|SHLIB_EXT|PY3K|(?:PY|NPY|PERL|LUA|R)_VER|build_platform)$"
)
"""Variables that templates see whatever the environment has (conda-build's)."""


class LegacyRecipe:
    """A `builder.cli.inputs.Recipe` in conda-build's format."""

    def __init__(self, inputs: Inputs, file: Path, ask: Told) -> None:
        """Read the recipe; raises `RecipeError` if that cannot be."""
        self._inputs, self._file, self._ask = inputs, file, ask
        self._answers: dict[Answer, None] = {}
        self._text = load_meta(file, self._read, ask)

    @property
    def digest(self) -> str:
        """The sha256 of its bytes."""
        return self._text.digest

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The variables that conda-build would have shown to the recipe, and that are kept from it."""
        told, shown = self._inputs.ask(self._file), self._inputs.environment(self._file)
        kept = {name: place for name, place in self._asked_for() if name in told.variables and name not in shown}
        return tuple(
            Problem(
                code="ask.environment",
                message=f"the recipe asks for the environment variable {name}, which is set, and kept from recipes",
                place=place,
                remedy=f"--allow-env {name} shows it, or `environment: [{name}]` in bakehouse.yaml",
            )
            for name, place in kept.items()
        )

    def variables(self) -> frozenset[str]:
        """Return what selectors of variant files looked for, and all that the recipe may see, or asks for."""
        allowed = self._inputs.ask(self._file).allowed
        return self._config.asked | allowed | {EPOCH} | {name for name, _ in self._asked_for()}

    def _asked_for(self) -> Iterator[tuple[str, Place]]:
        """Yield the variables that the recipe's text asks for by name, but for those that builds set."""
        for number, line in enumerate(self._text.text.splitlines(), 1):
            for match in _ASKS.finditer(line):
                if not _OF_BUILDS.match(match[1]):
                    place = Place(file=str(self._file), line=number, column=match.start() + 1, frame=line[:MAX_FRAME])
                    yield match[1], place

    def render(self) -> tuple[Rendering, ...]:
        """Return what it comes to over its variants, for each platform that the variant files want."""
        found = tuple(one for question in self._questions() for one in render_legacy(question))
        if not self._answers:
            return found
        return tuple(replace(one, asked=(*one.asked, *self._answers)) for one in found)

    def explain(self, wanted: Callable[[Rendering], bool]) -> tuple[Explanation, ...]:
        """Return an explanation of each ``wanted`` rendering."""
        from builder.matrix.v0.explanation import explain_legacy  # nobody else needs it

        return tuple(one for question in self._questions() for one in explain_legacy(question, wanted))

    @cached_property
    def _config(self) -> LegacyConfig:
        return self._inputs.legacy_files.config(self._inputs.variant_files(self._file))

    def _questions(self) -> list[LegacyQuestion]:
        """Return what is to be rendered: platforms are those of variant files unless the user names one."""
        wanted, platforms = self._inputs.selection, self._inputs.platforms
        targets = values_of(self._config.values[_TARGET])
        if targets == (platforms.target,) or wanted.target_platform or wanted.host_platform:
            return [self._question(platforms, self._for(platforms.target))]
        return [
            self._question(Platforms(target=target, host=target, build=platforms.build), self._for(target))
            for target in targets
            if known_platform(_TARGET, target)
        ]

    def _for(self, target: str) -> LegacyConfig:
        """Return the configuration with no other target than this one."""
        if values_of(self._config.values[_TARGET]) == (target,):
            return self._config
        config = combined([*self._config.sources, ("--target-platform", {_TARGET: (target,)})])
        return replace(config, asked=self._config.asked, lines=self._config.lines)

    def _question(self, platforms: Platforms, config: LegacyConfig) -> LegacyQuestion:
        wanted = self._inputs.selection
        return LegacyQuestion(
            text=self._text,
            config=config,
            platforms=platforms,
            environment=self._inputs.environment(self._file),
            override=wanted.override,
            limit=wanted.max_variants,
        )

    def _read(self, path: str) -> bytes:
        """Read a file of the recipe's folder, and note that it was read."""
        data = self._ask.file(path)
        self._answers[Answer("file", path, digest(data))] = None
        return data
