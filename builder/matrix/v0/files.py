"""Reads variant files for ``meta.yaml`` recipes: each file once, whatever number of recipes it counts for.

Files are read by conda-build's rules: lines with selectors, every value a text. One that is written as rattler-build's
(``if`` in a list, ``${{``), and is not called ``conda_build_config.yaml``, is read by the rules of those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from builder.errors import RecipeError
from builder.matrix.files import SELECTOR_FILE, bytes_of, load_variants
from builder.matrix.identity import value_text
from builder.matrix.special import FROM_OUTSIDE
from builder.matrix.v0.config import LegacyConfig, Spec, combined, defaults
from builder.model.frozen import frozen
from builder.model.rendering import Platforms
from builder.recipe.v0.scope import Fixed, Scope
from builder.syntax.legacy.lines import Selected, select_lines, split_lines
from builder.syntax.node import Mapping as MappingNode
from builder.syntax.node import Node, Scalar, kind_of
from builder.syntax.reader import decoded, read_text

OPTION = "--variant"
EMPTY: tuple[Fixed, ...] = ("", (), {})
"""What a key has that says nothing."""

_WRITTEN_FOR_V1 = re.compile(r"^\s*-\s+if\s*:|\$\{\{|^[\w-]+\s*:\s*\[[^#\n]*(#[^\[\n]*)?$", re.MULTILINE)
"""Conditions, expressions, and lists in brackets: conda-build takes these for selectors."""


@frozen(kw_only=False)
class SpecFile:
    """What one file says, and by key the line of each value."""

    spec: Spec
    lines: Mapping[str, tuple[int, ...]]


class LegacyFiles:
    """Variant files for one platform, as ``environment`` makes their selectors come out."""

    def __init__(
        self, platforms: Platforms, overrides: Mapping[str, Sequence[str]], environment: Mapping[str, str]
    ) -> None:
        """Read nothing yet; ``overrides`` count more than any file."""
        self._platforms, self._environment = platforms, environment
        self._given = defaults(platforms)
        self._scope = Scope(self._given, platforms, environment)
        self._options: Spec = {key: tuple(values) for key, values in overrides.items()}
        self._files: dict[Path, SpecFile] = {}
        self._asked: set[str] = set(self._given)  # a variable of that name would hide the key from selectors
        self._config = lru_cache(maxsize=8)(self._combined)  # most recipes have no file of their own

    def config(self, files: Sequence[Path]) -> LegacyConfig:
        """Return the configuration of ``files``, the last one counting most, and of the values that the user asked for.

        Selectors see the defaults and the variables of the environment. Raises `RecipeError` with its places.
        """
        return self._config(tuple(files))

    def _combined(self, files: tuple[Path, ...]) -> LegacyConfig:
        found = {str(file): self._file(file) for file in files}
        sources = [("", self._given), *((name, one.spec) for name, one in found.items())]
        if self._options:
            sources.append((OPTION, self._options))
        lines = {name: one.lines for name, one in found.items()}
        return replace(combined(sources), asked=frozenset(self._asked | self._scope.asked), lines=lines)

    def _file(self, file: Path) -> SpecFile:
        if file not in self._files:
            self._files[file] = self._read(file)
        return self._files[file]

    def _read(self, file: Path) -> SpecFile:
        text = decoded(bytes_of(file), str(file))
        if file.name == SELECTOR_FILE or not _WRITTEN_FOR_V1.search(text):
            return _parsed(text, str(file), self._scope.holds)
        config = load_variants([file], {}, self._platforms, self._environment)
        self._asked |= config.asked
        named = {key: found for key, found in config.values.items() if key not in FROM_OUTSIDE}
        spec: dict[str, Fixed] = {key: tuple(map(value_text, found.values)) for key, found in named.items()}
        said: dict[str, Fixed] = {
            "zip_keys": config.zip_keys,
            "pin_run_as_build": config.pin_run_as_build,
            "extend_keys": tuple(sorted(config.extend_keys)),
            "ignore_version": tuple(sorted(config.ignore_version)),
        }
        spec |= {key: value for key, value in said.items() if value}
        lines = {key: tuple(origin.line or 0 for origin in found.origins) for key, found in named.items()}
        return SpecFile(spec, lines)


def read_config(
    files: Sequence[Path], overrides: Mapping[str, Sequence[str]], platforms: Platforms, environment: Mapping[str, str]
) -> LegacyConfig:
    """Return what `LegacyFiles` gives for one recipe."""
    return LegacyFiles(platforms, overrides, environment).config(files)


def read_spec(file: Path, holds: Callable[[str], bool]) -> Spec:
    """Return what one variant file says in the lines whose selector holds. Raises `RecipeError` with its places."""
    return _parsed(decoded(bytes_of(file), str(file)), str(file), holds).spec


def _parsed(text: str, file: str, holds: Callable[[str], bool]) -> SpecFile:
    selected = select_lines(split_lines(text), holds, file)
    if not selected.text.strip():
        return SpecFile({}, {})
    root = read_text(selected.text, file)
    if not isinstance(root, MappingNode):
        message = f"a variant file is a mapping of keys to values, this is {kind_of(root)}"
        raise RecipeError(message, code="variant.shape", place=root.place, remedy="write `python: ['3.12']`")
    entries = [(key.text, value, fixed_value(value)) for key, value in root.entries]
    kept = [(key, node, value) for key, node, value in entries if value not in EMPTY]
    lines = {key: tuple(_lines(node, selected)) for key, node, _ in kept}
    return SpecFile({key: value for key, _, value in kept}, lines)


def fixed_value(node: Node) -> Fixed:
    """Return what a file has for a key, all of it text; a mapping's keys that say nothing are left out."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, MappingNode):
        found = {key.text: fixed_value(value) for key, value in node.entries}
        return {key: value for key, value in found.items() if value not in EMPTY}
    return tuple(fixed_value(item) for item in node.items)


def _lines(node: Node, selected: Selected) -> Iterator[int]:
    """Yield the line in the file of each value of a key."""
    for item in (node,) if isinstance(node, Scalar | MappingNode) else node.items:
        line = item.place.line
        yield selected.numbers[line - 1] if line is not None else 0
