"""Reads and merges variant files: ``variants.yaml`` and ``conda_build_config.yaml``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.errors import MachineError, Place, RecipeError, UsageError
from builder.matrix.config import VariantConfig
from builder.matrix.parse import MAX_KEYS, FileScope, VariantFile
from builder.matrix.special import FROM_OUTSIDE
from builder.model.rendering import Platforms
from builder.model.target import platform_variables
from builder.model.variant import BESIDE_RECIPES, Origin
from builder.syntax import Compiler
from builder.syntax.file import IrregularError, read_file
from builder.syntax.legacy.language import OF_VARIANTS
from builder.syntax.legacy.lines import select_in_place
from builder.syntax.legacy.selector import Selectors
from builder.syntax.reader import MAX_BYTES, decoded, read_text

SELECTOR_FILE = "conda_build_config.yaml"


def variant_files(
    recipe_folder: Path, given: Sequence[Path] = (), names: Sequence[str] = BESIDE_RECIPES
) -> tuple[Path, ...]:
    """Return the variant files for a recipe in the order in which they count: the one beside it, then those given.

    Beside it is the first of ``names`` that is there.
    """
    beside = next((recipe_folder / name for name in names if os.path.lexists(recipe_folder / name)), None)
    return (beside, *given) if beside else tuple(given)


def load_variants(
    files: Sequence[Path],
    overrides: Mapping[str, Sequence[str]],
    platforms: Platforms,
    environment: Mapping[str, str] | None = None,
) -> VariantConfig:
    """Read and merge variant files, later ones over earlier ones, ``--variant`` options over all.

    A file with the name ``conda_build_config.yaml`` has line selectors, which may ask for variables of ``environment``;
    any other is typed YAML. ``target_platform`` and ``build_platform`` are always those of ``platforms``. Raises
    `RecipeError` with everything that is wrong in the files.
    """
    names = _names(platforms)
    selectors = Selectors(names, environment or {}, language=OF_VARIANTS)
    scope = FileScope(names)
    compiler = Compiler()
    config = VariantConfig()
    for file in files:
        config = config.merged(_read(file, selectors, scope, compiler))
    for key, value in zip(FROM_OUTSIDE, (platforms.target, platforms.build), strict=True):
        config = config.with_key(key, value, Origin(source=f"--{key.replace('_', '-')}"))
    count = len(config.values) - len(FROM_OUTSIDE)
    if count > MAX_KEYS:
        raise UsageError(
            f"the variant files have {count:,} keys, at most {MAX_KEYS:,} are allowed",
            code="variant.too-many-keys",
            place=Place(file=str(files[-1])),
            remedy="give fewer or smaller files",
        )
    return replace(config.overridden(overrides).checked(), asked=frozenset(selectors.asked))


def _names(platforms: Platforms) -> dict[str, str | bool]:
    # Where host and target differ, rattler-build reads variant files as if the host were the target.
    named = {"target_platform": platforms.target, "host_platform": platforms.target, "build_platform": platforms.build}
    return {**platform_variables(platforms.target), **named}


def _read(file: Path, selectors: Selectors, scope: FileScope, compiler: Compiler) -> VariantConfig:
    name = str(file)
    text = decoded(bytes_of(file), name)
    selected = file.name == SELECTOR_FILE
    if selected:
        text = select_in_place(text, selectors.holds, name)
    try:
        root = read_text(text, name)
    except RecipeError as error:
        if error.problems[0].code == "yaml.empty":
            return VariantConfig()
        raise
    return VariantFile(name=name, selected=selected, scope=scope, compiler=compiler.for_file()).config(root)


def bytes_of(file: Path) -> bytes:
    """Return the file's bytes; a link, a device or a pipe is refused unread."""
    place = Place(file=str(file))
    try:
        return read_file(file, MAX_BYTES)
    except IrregularError as error:
        raise RecipeError(
            f"a variant file must be a regular file, this is {error}",
            code="variant.not-a-file",
            place=place,
            remedy="give the file itself; links and devices are not followed, for recipes may come from strangers",
        ) from error
    except FileNotFoundError as error:
        raise UsageError(f"there is no variant file {file}", code="variant.no-file", place=place) from error
    except OSError as error:
        raise MachineError(f"the variant file {file} cannot be read: {error.strerror}", place=place) from error
