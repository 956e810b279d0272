"""The work that the outputs of a ``meta.yaml`` share: the recipe's own script once, then each output upon what it left.

conda-build runs the script of the recipe, then takes its outputs one by one, in the order that their requirements ask
for, else by name. Each finds what the recipe's script installed in a fresh environment of its own, and the work folder
as the one before left it. Its package holds what its ``files`` name, else what its own script added. An output that is
named as the recipe holds all that the recipe's script installed, but only if it is the first.

So the recipe's script is a staging output (CEP 41), from which the packages inherit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from builder.model.frozen import frozen
from builder.model.recipe import Build, GlobList, Inherit, Output, RunExports, Script
from builder.recipe.v0.metadata import Metadata, expanded
from builder.recipe.v0.outputs import OutputMetadata, with_versions
from builder.recipe.v0.scope import Scope
from builder.recipe.v0.script import NOTHING, script_of_output
from builder.syntax.legacy.data import Plain


@frozen
class Share:
    """What an output does of the work: its ``script``, the ``files`` that it takes, and from whom.

    What is ``merged`` has one environment for build and host.
    """

    script: Script
    files: GlobList = GlobList()
    inherit: Inherit | None = None
    merged: bool = False

    @property
    def works(self) -> bool:
        """Whether it runs anything in the work folder."""
        return self.script != NOTHING

    def of(self, output: Output) -> Output:
        """Return ``output`` with its share. Sources that were unpacked for the staging output are not its own."""
        build = in_one_environment(output.build, merged=self.merged)
        build = replace(build, script=self.script, files=self.files)
        source = () if self.inherit is not None else output.source
        return replace(output, build=build, inherit=self.inherit, source=source)


def is_divided(recipe: Metadata, outputs: Sequence[OutputMetadata]) -> bool:
    """Return whether ``outputs`` are more than the recipe by another name."""
    alone = len({one.metadata.name for one in outputs}) == 1 and all(one.parent is None for one in outputs)
    return not alone or any(script_of_output(one, recipe) is not None for one in outputs if one.entry)


def in_order(outputs: Iterable[OutputMetadata]) -> tuple[str, ...]:
    """Return the names of the outputs, each after those that it needs; where that leaves a choice, by name.

    What an output with host requirements needs to build does not count. Outputs that need each other come last.
    """
    found = list(outputs)
    waiting: dict[str, set[str]] = {one.metadata.name: set() for one in found}
    for one in found:
        waiting[one.metadata.name] |= {name for name in _needed(one.metadata) if name in waiting}
    order: list[str] = []
    while waiting:
        for name, needs in waiting.items():
            needs -= {name, *order}
        ready = sorted(name for name, needs in waiting.items() if not needs) or sorted(waiting)
        order += ready
        for name in ready:
            del waiting[name]
    return tuple(order)


def share_of(output: OutputMetadata, recipe: Metadata, scope: Scope, *, staging: str | None, first: bool) -> Share:
    """Return what ``output`` does, where the recipe's own script is the staging output of that name, if it has one."""
    script, files = script_of_output(output, recipe), files_of(output.entry.get("files"))
    merged = is_merged(output.metadata, scope)
    whole = output.parent is None and first and script is None
    packed = bool(files) or whole
    inherit = Inherit(staging=staging, run_exports=False, packed=packed) if staging is not None else None
    return Share(script=script or NOTHING, files=files, inherit=inherit, merged=merged)


def is_merged(metadata: Metadata, scope: Scope) -> bool:
    """Return whether an output has one environment for build and host, which is how recipes were written once.

    Unless it says so itself, it has none for ``host``, asks for no compiler, and is built where it runs.
    """
    said = metadata.get("build", "merge_build_host")
    if isinstance(said, bool):
        return said
    platforms, compilers = scope.platforms, f"_{scope.target_platform}"
    separate = "host" in metadata.section("requirements") or platforms.build != platforms.host
    return not separate and not any(_name(spec).endswith(compilers) for spec in metadata.requirements("build"))


def in_one_environment(build: Build, *, merged: bool) -> Build:
    """Return ``build`` with one environment or two; of one the run exports are those of a host environment."""
    return replace(build, merge_build_and_host_envs=merged, build_exports_as_host=merged)


def work_of_recipe(recipe: Metadata, outputs: Sequence[OutputMetadata], scope: Scope) -> OutputMetadata:
    """Return what the recipe's own script needs, as an output.

    Its requirements are those of the output that has the recipe's name, if there is one (the last, of several), but for
    outputs of this recipe: none of these is there yet.
    """
    names = {one.metadata.name for one in outputs}
    own = [one.metadata for one in outputs if one.parent is None]
    requirements: Plain = own[-1].sections.get("requirements") if own else recipe.sections.get("requirements")
    versioned = with_versions(expanded(requirements), scope.variant)
    kept: dict[str, Plain] = {
        kind: [spec for spec in versioned[kind] if _name(spec) not in names]
        for kind in ("build", "host")
        if kind in versioned
    }
    sections = {name: value for name, value in recipe.sections.items() if name not in {"outputs", "test"}}
    return OutputMetadata(metadata=Metadata(sections={**sections, "requirements": kept}), entry={})


def as_staging(output: Output, script: Script, *, merged: bool) -> Output:
    """Return the recipe's own work, made an `Output` as a package would be, as the staging output that it is."""
    build = in_one_environment(output.build, merged=merged)
    build = replace(build, script=script, files=GlobList(), noarch=None)
    requirements = replace(output.requirements, run=(), run_constraints=(), run_exports=RunExports())
    return replace(output, kind="staging", build=build, requirements=requirements, tests=(), inherit=None)


def files_of(value: Plain) -> GlobList:
    """Return ``files`` of an output: patterns, or a mapping of those that count and those that do not."""
    if isinstance(value, Mapping):
        return GlobList(include=_texts(value.get("include")), exclude=_texts(value.get("exclude")), by_folder=True)
    patterns = _texts(value)
    return GlobList(include=patterns, by_folder=True) if patterns else GlobList()


def _texts(value: Plain) -> tuple[str, ...]:
    many = value if isinstance(value, list) else [value]
    return tuple(str(one) for one in many if one not in (None, ""))


def _needed(metadata: Metadata) -> Iterable[str]:
    kinds = ("run", "host") if "host" in metadata.section("requirements") else ("run", "host", "build")
    return (_name(spec) for kind in kinds for spec in metadata.requirements(kind))


def _name(spec: str) -> str:
    return spec.split(" ", maxsplit=1)[0]
