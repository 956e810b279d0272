"""From what an output of a ``meta.yaml`` came to, to the same value that a ``recipe.yaml`` gives."""

from __future__ import annotations

from builder.model.recipe import Json, Output
from builder.recipe.v0.about import about_of
from builder.recipe.v0.build import Work, build_of
from builder.recipe.v0.keys import Keys
from builder.recipe.v0.metadata import Metadata
from builder.recipe.v0.outputs import OutputMetadata
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.rendered import rendered
from builder.recipe.v0.requirements import requirements_of
from builder.recipe.v0.scope import Scope
from builder.recipe.v0.script import NOTHING
from builder.recipe.v0.sources import sources_of
from builder.recipe.v0.tests import tests_of
from builder.recipe.v0.text import MetaText
from builder.syntax.legacy.data import Plain

KNOWN = (
    "name", "version", "number", "string", "entry_points", "script", "script_interpreter", "build", "requirements",
    "test", "about", "extra", "files", "type", "run_exports", "target", "noarch", "noarch_python",
    "python_version_independent", "track_features", "features",
)  # fmt: skip
_PACKAGES = frozenset({"conda", "conda_v2"})


def package_output(output: OutputMetadata, text: MetaText, scope: Scope, remarks: Remarks) -> Output:
    """Return an output as plan, build and tests take it, without a script: outputs share their work (`staging`).

    ``text`` is the recipe that it is of. What is wrong or without effect goes into ``remarks``; nothing is raised, for
    a recipe that cannot be built has a name all the same. The build string is left to identity.
    """
    metadata = output.metadata
    work = Work(metadata=metadata, text=text, parent=output.parent, system=scope.target_platform.partition("-")[0])
    build = _section(output, "build", remarks)
    requirements = requirements_of(_section(output, "requirements", remarks), build)
    _look_at_entries(output, remarks)
    return Output(
        kind="package",
        name=metadata.name,
        version=metadata.version,
        skip=metadata.skip,
        source=sources_of(_sources(metadata, remarks)),
        build=build_of(build, work, NOTHING),
        requirements=requirements,
        tests=tests_of(_section(output, "test", remarks), work),
        about=about_of(_section(output, "about", remarks)),
        extra=tuple((key, _frozen(value)) for key, value in metadata.section("extra").items()),
        rendered=rendered(output, requirements),
    )


def _section(output: OutputMetadata, name: str, remarks: Remarks) -> Keys:
    own = output.parent is not None and name in output.entry
    path = f"outputs[{output.metadata.name}].{name}" if own else name
    return Keys(data=output.metadata.section(name), path=path, remarks=remarks)


def _sources(metadata: Metadata, remarks: Remarks) -> list[Keys]:
    entries = metadata.entries("source")
    return [Keys(data=one, path=f"source[{number}]", remarks=remarks) for number, one in enumerate(entries)]


def _look_at_entries(output: OutputMetadata, remarks: Remarks) -> None:
    """Say what an entry of ``outputs`` asks for in vain, and which entries are no packages."""
    name = output.metadata.name
    entry = Keys(data=output.entry, path=f"outputs[{name}]", remarks=remarks)
    entry.unknown(KNOWN)
    if output.parent is None and "test" in entry:
        remarks.ignored(entry.at("test"), "the output that is named as the recipe has the recipe's tests")
    if "extra" in entry:
        remarks.ignored(entry.at("extra"), "all outputs have the recipe's")
    if "target" in entry:
        remarks.ignored(entry.at("target"), "build for another platform with --target-platform")
    for other in output.metadata.entries("outputs"):
        kind = str(other.get("type") or "conda")
        if kind not in _PACKAGES:
            path = f"outputs[{other.get('name') or kind}].type"
            remarks.ignored(path, f"{kind} is no conda package, and only those are built")


def _frozen(value: Plain) -> Json:
    if isinstance(value, dict):
        return tuple((key, _frozen(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return tuple(_frozen(inner) for inner in value)
    return value
