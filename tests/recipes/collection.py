"""The collection in `recipes/` for tests: each recipe as it is written, and each output as the peer renders it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rattler_build import RenderConfig, Stage0Recipe, VariantConfig

CHECKOUT = Path(__file__).parents[2]
RECIPES = CHECKOUT / "recipes"
VARIANTS = CHECKOUT / "variants" / "linux.yaml"
PYTHON_VARIANTS = CHECKOUT / "variants" / "python.yaml"
FOLDERS = {file.parent.name: file.parent for file in sorted(RECIPES.glob("*/*/recipe.yaml"))}
NAMES = tuple(sorted(FOLDERS))


def variant_files(recipe: str) -> tuple[Path, ...]:
    """What a recipe is rendered over, as the targets of the Makefile build it."""
    return (VARIANTS, PYTHON_VARIANTS) if FOLDERS[recipe].parent.name == "python" else (VARIANTS,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package of a recipe, rendered.

    ``built_from`` is the package itself, or the staging output that it takes from; ``used`` are its variant values.
    """

    recipe: str
    name: str
    rendered: Mapping[str, Any]
    built_from: Mapping[str, Any]
    used: Mapping[str, Any]

    def __str__(self) -> str:
        compiler = self.used.get("c_compiler")
        return f"{self.name} {compiler}" if compiler else self.name

    @property
    def sources(self) -> Sequence[Mapping[str, Any]]:
        """What is fetched for it."""
        found = self.built_from.get("source", [])
        return found if isinstance(found, list) else [found]

    @property
    def tests(self) -> Sequence[Mapping[str, Any]]:
        """Its tests."""
        found: Sequence[Mapping[str, Any]] = self.rendered.get("tests", [])
        return found

    @property
    def about(self) -> Mapping[str, Any]:
        """Its description."""
        found: Mapping[str, Any] = self.rendered.get("about", {})
        return found

    def needs(self) -> Iterator[str]:
        """The names of all packages that it asks for: to be built, to run, to be tested."""
        for requirements in (self.rendered.get("requirements", {}), self.built_from.get("requirements", {})):
            for kind in ("build", "host", "run"):
                yield from map(_name, requirements.get(kind, []))
            exports = requirements.get("run_exports", {})
            for specs in exports.values() if isinstance(exports, dict) else [exports]:
                yield from map(_name, specs)
        for test in self.tests:
            yield from map(_name, test.get("requirements", {}).get("run", []))


def _name(spec: str | Mapping[str, Mapping[str, str]]) -> str:
    return spec.split()[0] if isinstance(spec, str) else next(iter(spec.values()))["name"]


@cache
def packages() -> tuple[Package, ...]:
    """Every package of the collection for linux-64, as py-rattler-build renders it."""
    return tuple(package for name in NAMES for package in _rendered(name))


def _rendered(recipe: str) -> Iterator[Package]:
    variants = VariantConfig.from_files([str(file) for file in variant_files(recipe)])
    for variant in Stage0Recipe.from_file(str(FOLDERS[recipe] / "recipe.yaml")).render(variants, RenderConfig()):
        rendered = variant.recipe.to_dict()
        staging = rendered.get("staging_caches", [])
        yield Package(
            recipe=recipe,
            name=rendered["package"]["name"],
            rendered=rendered,
            built_from=staging[0] if staging else rendered,
            used=variant.variant,
        )
