"""The JSON of ``build --render-only``: renderings in the shape that rattler-build prints, without machine and clock."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from builder.matrix.identity import language_prefix
from builder.matrix.keys import variant_key
from builder.matrix.peer_recipe import peer_recipe
from builder.model.environment import DependencyOrigin, Environment, Environments, LockedPackage, RunDependency
from builder.model.frozen import frozen
from builder.model.inside import InsidePaths
from builder.model.match_spec import MatchSpec
from builder.model.packaging import Packaging
from builder.model.recipe import PinCompatible, PinSubpackage, Requirement, Requirements
from builder.model.rendering import Rendering
from builder.model.solving import SolveRules
from builder.model.target import VirtualPackage

Document = dict[str, Any]

_EXPORTED = {DependencyOrigin.BUILD_RUN_EXPORT: "build", DependencyOrigin.HOST_RUN_EXPORT: "host"}


@frozen
class Setting:
    """What a build would be made with, as far as rattler-build prints it.

    ``channels`` are addresses, by the channels that a variant names itself; ``virtual`` the virtual packages of each
    platform, ``epoch`` a time in seconds since 1970, ``tool`` a name and its version. ``prefix`` stands before default
    build strings.
    """

    channels: Mapping[tuple[str, ...], tuple[str, ...]]
    rules: SolveRules
    packaging: Packaging
    inside: InsidePaths
    virtual: Mapping[str, tuple[VirtualPackage, ...]]
    epoch: int
    tool: tuple[str, str]
    prefix: str | None = None


def peer_documents(
    renderings: Sequence[Rendering], setting: Setting, solved: Mapping[str, Environments] | None = None
) -> list[Document]:
    """Return a document for each package among ``renderings`` that is not skipped, in their order.

    ``solved`` are the environments of renderings by identity, where they are known.
    """
    staging = {one.identity: one for one in renderings if one.output.kind == "staging"}
    packages = [one for one in renderings if one.output.kind == "package" and not one.output.skip]
    known: dict[object, dict[str, Document]] = {}
    documents = []
    for one in packages:
        own = {"name": one.output.name, "version": one.output.version, "build_string": one.build_string}
        siblings = known.setdefault(one.recipe.path, {})
        siblings[one.output.name] = own
        environments = (solved or {}).get(one.identity)
        documents.append({
            "recipe": peer_recipe(one, staging[one.staging] if one.staging is not None else None),
            "build_configuration": _configuration(one, setting, dict(sorted(siblings.items()))),
            "finalized_dependencies": _finalized(one, environments) if environments is not None else None,
            "finalized_sources": None,
            "system_tools": {setting.tool[0]: setting.tool[1]},
            "extra_meta": dict(setting.packaging.extra),
        })  # fmt: skip
    return documents


def _configuration(rendering: Rendering, setting: Setting, subpackages: Document) -> Document:
    platforms, inside = rendering.platforms, setting.inside
    merged = rendering.output.build.merge_build_and_host_envs
    noarch, before = rendering.output.build.noarch, "" if setting.prefix is None else f"{setting.prefix}_"
    prefix = before + language_prefix(rendering.variant, noarch)
    newest = {"exclude_newer": setting.rules.said} if setting.rules.newest else {}
    return {
        "target_platform": rendering.subdir,
        "host_platform": _platform(platforms.host, setting),
        "build_platform": _platform(platforms.build, setting),
        "variant": dict(rendering.variant),
        "hash": {"hash": rendering.hash} | ({"prefix": prefix} if prefix else {}),
        "directories": {
            "host_prefix": str(inside.prefix),
            "build_prefix": str(inside.prefix if merged else inside.build_prefix),
            "work_dir": str(inside.work),
            "build_dir": str(inside.work.parent),
        },
        "channels": list(setting.channels[rendering.channel_sources]),
        "channel_priority": setting.rules.channel_priority,
        "solve_strategy": "highest",
        **newest,
        "timestamp": datetime.fromtimestamp(setting.epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "subpackages": subpackages,
        "packaging_settings": {
            "archive_type": setting.packaging.file_type.replace(".", "_"),
            "compression_level": setting.packaging.level,
        },
    }


def _platform(subdir: str, setting: Setting) -> Document:
    virtual = [f"{one.name}={one.version}={one.build}" for one in setting.virtual[subdir]]
    return {"platform": subdir, "virtual_packages": virtual}


def _finalized(rendering: Rendering, found: Environments) -> Document:
    """Return what the solves decided, each spec with who asked for it."""
    needs = rendering.output.requirements
    exported = {one.spec: one for one in (*found.depends, *found.constrains) if one.origin in _EXPORTED}
    exports = {
        "noarch": found.run_exports.noarch,
        "strong": found.run_exports.strong,
        "strong_constraints": found.run_exports.strong_constrains,
        "weak": found.run_exports.weak,
        "weak_constraints": found.run_exports.weak_constrains,
    }
    shown = {kind: list(specs) for kind, specs in exports.items() if specs}
    return {
        "build": _environment(found.build, needs.build, rendering, exported),
        "host": _environment(found.host, needs.host, rendering, exported),
        "run": {
            "depends": [_dependency(one, needs.run) for one in found.depends],
            "constraints": [_dependency(one, needs.run_constraints) for one in found.constrains],
            **({"extra_depends": _extras(found, needs)} if found.extras else {}),
            **({"run_exports": shown} if shown else {}),
        },
    }


def _extras(found: Environments, needs: Requirements) -> dict[str, list[Document]]:
    """Return the groups of optional dependencies, sorted by name."""
    asked = dict(needs.extras)
    return {group: [_dependency(one, asked.get(group, ())) for one in specs] for group, specs in sorted(found.extras)}


def _environment(
    environment: Environment, asked: Sequence[Requirement], rendering: Rendering, exported: Mapping[str, RunDependency]
) -> Document | None:
    """Return a solved environment, its specs in the order of the recipe and then those that came along."""
    if not environment.specs and not environment.packages:
        return None
    names = [MatchSpec.parse(one).name if isinstance(one, str) else one.name for one in asked]
    texts = {str(MatchSpec.parse(one)) for one in asked if isinstance(one, str)}

    def place(spec: str) -> tuple[int, str]:
        name = MatchSpec.parse(spec).name
        return (names.index(name) if name in names else len(names)), spec

    def shown(spec: str) -> Document:
        name = MatchSpec.parse(spec).name
        if spec in texts:
            return {"source": spec}
        if spec in exported and name not in names:
            return _exported(exported[spec])
        pinned = next((one for one in asked if not isinstance(one, str) and one.name == name), None)
        if pinned is not None:
            return _pin(pinned, spec)
        return {"variant": name, "spec": spec} if variant_key(name) in rendering.variant else {"source": spec}

    return {
        "specs": [shown(spec) for spec in sorted(environment.specs, key=place)],
        "resolved": [_resolved(package) for package in environment.packages],
    }


def _dependency(dependency: RunDependency, asked: Sequence[Requirement]) -> Document:
    if dependency.origin in _EXPORTED:
        return _exported(dependency)
    pins = (one for one in asked if not isinstance(one, str) and one.name == dependency.source)
    pinned = next(pins, None) if dependency.origin is DependencyOrigin.PIN else None
    return {"source": dependency.spec} if pinned is None else _pin(pinned, dependency.spec)


def _exported(dependency: RunDependency) -> Document:
    return {"spec": dependency.spec, "from": _EXPORTED[dependency.origin], "run_export": dependency.source}


def _pin(pinned: PinSubpackage | PinCompatible, spec: str) -> Document:
    kind = "pin_subpackage" if isinstance(pinned, PinSubpackage) else "pin_compatible"
    bounds = {"lower_bound": pinned.pin.lower_bound, "upper_bound": pinned.pin.upper_bound}
    given = {"exact": True} if pinned.pin.exact else {key: bound for key, bound in bounds.items() if bound is not None}
    return {kind: pinned.name, **given, "spec": spec}


def _resolved(package: LockedPackage) -> Document:
    record: Document = json.loads(package.record)
    channel = package.url.removesuffix(f"{package.subdir}/{package.file_name}")
    return record | {"fn": package.file_name, "url": package.url, "channel": channel}
