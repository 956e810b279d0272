"""From what an output of a ``meta.yaml`` came to, to the same value that a ``recipe.yaml`` gives."""

from __future__ import annotations

import json

from builder.model.recipe import Json, Output
from builder.recipe.v0.about import about_of
from builder.recipe.v0.build import Work, build_of
from builder.recipe.v0.keys import Keys
from builder.recipe.v0.metadata import Metadata
from builder.recipe.v0.outputs import OutputMetadata
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.requirements import requirements_of
from builder.recipe.v0.scope import Scope
from builder.recipe.v0.script import NOTHING
from builder.recipe.v0.sources import sources_of
from builder.recipe.v0.text import MetaText
from builder.syntax.legacy.data import Plain

_SHOWN = ("package", "source", "build", "requirements", "test", "app", "outputs", "about", "extra")


def package_output(output: OutputMetadata, text: MetaText, scope: Scope, remarks: Remarks) -> Output:
    """Return an output as plan, build and tests take it, without a script: outputs share their work (`staging`).

    What is wrong or without effect goes into ``remarks``.

    ``text`` is the recipe that it is of. The build string is left to identity. Nothing is raised for what only a build
    minds: such a recipe has a name all the same.
    """
    system = scope.target_platform.partition("-")[0]
    work = Work(metadata=output.metadata, text=text, parent=output.parent, system=system)
    metadata = output.metadata
    build = _section(metadata, "build", remarks)
    return Output(
        kind="package",
        name=metadata.name,
        version=metadata.version,
        skip=metadata.skip,
        source=sources_of(_sources(metadata, remarks)),
        build=build_of(build, work, NOTHING),
        requirements=requirements_of(_section(metadata, "requirements", remarks), build),
        about=about_of(_section(metadata, "about", remarks)),
        extra=tuple((key, _frozen(value)) for key, value in metadata.section("extra").items()),
        rendered=json.dumps({**_shown(output), "output": dict(output.entry)}),
    )


def _shown(output: OutputMetadata) -> dict[str, Plain]:
    """Return the sections in conda-build's order; all outputs are among those of the recipe's own only."""
    sections = output.metadata.sections
    left_out = {"outputs"} if output.parent else set()
    return {name: sections[name] for name in _SHOWN if sections.get(name) and name not in left_out}


def _section(metadata: Metadata, name: str, remarks: Remarks) -> Keys:
    return Keys(data=metadata.section(name), path=name, remarks=remarks)


def _sources(metadata: Metadata, remarks: Remarks) -> list[Keys]:
    entries = metadata.entries("source")
    return [Keys(data=one, path=f"source[{number}]", remarks=remarks) for number, one in enumerate(entries)]


def _frozen(value: Plain) -> Json:
    if isinstance(value, dict):
        return tuple((key, _frozen(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return tuple(_frozen(inner) for inner in value)
    return value
