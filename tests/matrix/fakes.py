"""A recipe made of Python functions, for tests of what the matrix does with what a recipe reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from builder.errors import Place
from builder.matrix.branches import DEFAULT_LIMIT, Expansion
from builder.matrix.config import Values, VariantConfig
from builder.matrix.renderer import Renderer
from builder.matrix.space import Space
from builder.model.recipe import Output
from builder.model.rendering import Platforms, RecipeFile, Rendering
from builder.model.variant import Origin, VariantValue
from builder.recipe import Evaluated, OutputText

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
FILE = RecipeFile(path=Path("/recipes/fake/recipe.yaml"), folder=Path("/recipes/fake"))


class Reader:
    """What a fake output sees: it records what is read, like the evaluator."""

    def __init__(self, variant: Mapping[str, VariantValue], build_hash: str | None) -> None:
        self._variant = variant
        self.hash = build_hash
        self.read: dict[str, str] = {}
        self.free_specs: list[str] = []
        self.pinned: list[tuple[str, bool]] = []

    def __call__(self, name: str, why: str = "an expression") -> VariantValue | None:
        self.read[name] = why
        return self._variant.get(name)

    def free(self, name: str) -> str:
        """A requirement without a version."""
        self(name, f"the requirement {name}")
        self.free_specs.append(name)
        return name

    def pin(self, name: str, *, exact: bool = True) -> None:
        """A `pin_subpackage`."""
        self.pinned.append((name, exact))


Maker = Callable[[Reader], Output]


class Evaluator:
    """Evaluates fake outputs and counts how often."""

    def __init__(self, makers: Sequence[Maker]) -> None:
        self._makers = makers
        self.count = 0

    def __call__(self, output: OutputText, variant: Mapping[str, VariantValue], build_hash: str | None) -> Evaluated:
        self.count += 1
        reader = Reader(variant, build_hash)
        made = self._makers[output.index](reader)
        return Evaluated(
            output=made, read=reader.read, free_specs=tuple(reader.free_specs), pinned=tuple(reader.pinned)
        )


def config(
    values: Mapping[str, Sequence[VariantValue]], *zip_keys: tuple[str, ...], target: str = "linux-64"
) -> VariantConfig:
    """A configuration of ``values`` for a target platform."""
    origin = Origin(source="variants.yaml", line=1)
    found = {key: Values(tuple(given), (origin,) * len(given)) for key, given in values.items()}
    made = VariantConfig(values=found, zip_keys=zip_keys, zip_places=(None,) * len(zip_keys), known=frozenset(found))
    for key in ("target_platform", "build_platform"):
        made = made.with_key(key, target if key == "target_platform" else "linux-64", Origin(source=f"--{key}"))
    return made.checked()


def texts(makers: Sequence[Maker]) -> tuple[OutputText, ...]:
    """The outputs as the recipe would list them."""
    return tuple(
        OutputText(index=index, kind="package", name=f"output {index}", mentioned=frozenset())
        for index in range(len(makers))
    )


def renderer(
    evaluate: Evaluator, given: VariantConfig, *, limit: int = DEFAULT_LIMIT, platforms: Platforms = LINUX
) -> Renderer:
    """A renderer over fake outputs."""
    place = Place(file=str(FILE.path))
    expansion = Expansion(space=Space(given), evaluate=evaluate, subdir=platforms.target, place=place, limit=limit)
    return Renderer(file=FILE, platforms=platforms, expansion=expansion)


def rendered(makers: Sequence[Maker], given: VariantConfig) -> list[Rendering]:
    """Render fake outputs over a configuration."""
    return renderer(Evaluator(makers), given).render(texts(makers))


def used(rendering: Rendering) -> dict[str, VariantValue]:
    """The used variant without the target platform."""
    return {key: value for key, value in rendering.variant.items() if key != "target_platform"}
