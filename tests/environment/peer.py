"""What rattler-build makes of the same requirements: its index.json and run_exports.json, from a real build."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import rattler_build

from builder.archive import read_package
from builder.model.pin import Pin
from builder.model.recipe import (
    Build,
    IgnoreRunExports,
    Output,
    PinCompatible,
    PinSubpackage,
    Requirement,
    Requirements,
    RunExports,
)
from builder.model.rendering import Platforms, RecipeFile, Rendering, Sibling
from builder.model.variant import Variant

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What rattler-build wrote into one package."""

    name: str
    version: str
    build: str
    depends: list[str]
    constrains: list[str]
    run_exports: dict[str, tuple[str, ...]]


def build_with_peer(
    outputs: Sequence[Mapping[str, Any]],
    channel: Path,
    folder: Path,
    variants: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Built]:
    """Build the outputs of a recipe with rattler-build; returns the packages by name."""
    recipe = {"recipe": {"name": "x", "version": "1.5"}, "outputs": list(outputs)}
    config = rattler_build.VariantConfig({key: list(values) for key, values in (variants or {}).items()})
    folder.mkdir(parents=True, exist_ok=True)
    stage0 = rattler_build.Stage0Recipe.from_yaml(json.dumps(recipe), recipe_dir=folder)
    found = dict[str, Built]()
    for rendered in stage0.render(config):
        result = rendered.run_build(output_dir=folder / "out", channels=[channel.as_uri()])
        for path in result.packages:
            written = read_package(Path(path))
            index = written.index()
            found[index["name"]] = Built(
                name=index["name"], version=index["version"], build=index["build"], depends=index["depends"],
                constrains=index.get("constrains", []), run_exports=written.run_exports(),
            )  # fmt: skip
    return found


def rendering(
    output: Output, *, build: str = "h0_0", variant: Mapping[str, str] | None = None, siblings: Sequence[Sibling] = ()
) -> Rendering:
    """Return a rendering of ``output`` for Linux."""
    return Rendering(
        recipe=RecipeFile(path=Path("/r/recipe.yaml"), folder=Path("/r")),
        output=output,
        variant=Variant.of(variant or {}),
        platforms=LINUX,
        subdir="noarch" if output.build.noarch else "linux-64",
        hash="0000000",
        build_string=build,
        siblings=tuple(siblings),
    )


def package(name: str, requirements: Requirements, build: Build | None = None) -> Output:
    return Output(kind="package", name=name, version="1.5", build=build or Build(), requirements=requirements)


def as_recipe(output: Output) -> dict[str, Any]:
    """Return an output as the recipe text that it could have come from."""
    found: dict[str, Any] = {
        "package": {"name": output.name},
        "build": {"script": "true", "merge_build_and_host_envs": output.build.merge_build_and_host_envs},
        "requirements": _requirements(output.requirements),
    }
    if output.build.noarch:
        found["build"]["noarch"] = output.build.noarch
    return found


def _requirements(needs: Requirements) -> dict[str, Any]:
    return {
        "build": _texts(needs.build),
        "host": _texts(needs.host),
        "run": _texts(needs.run),
        "run_constraints": _texts(needs.run_constraints),
        "run_exports": {field.name: _texts(getattr(needs.run_exports, field.name)) for field in fields(RunExports)},
        "ignore_run_exports": {
            field.name: list(getattr(needs.ignore_run_exports, field.name)) for field in fields(IgnoreRunExports)
        },
    }


def _texts(wanted: Sequence[Requirement]) -> list[str]:
    return [_text(requirement) for requirement in wanted]


def _text(requirement: Requirement) -> str:
    if isinstance(requirement, str):
        return requirement
    assert isinstance(requirement.pin, Pin)  # the peer knows no other
    function = {PinSubpackage: "pin_subpackage", PinCompatible: "pin_compatible"}[type(requirement)]
    return f"${{{{ {function}({', '.join([repr(requirement.name), *_arguments(requirement.pin)])}) }}}}"


def _arguments(pin: Pin) -> list[str]:
    if pin.exact:
        return ["exact=True"]
    bounds = [f"{key}={getattr(pin, key)!r}" for key in ("lower_bound", "upper_bound")]
    return [*bounds, *([f"build={pin.build!r}"] if pin.build else [])]
