"""info/recipe: the recipe as it was written, the files that it names, the recipe as it was rendered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from builder.archive import ArchiveMember
from builder.model.environment import DependencyOrigin, Environment, Environments, LockedPackage, RunDependency
from builder.model.recipe import Output, Script, ScriptTest
from builder.model.rendering import Rendering
from builder.model.source import SourceDigest
from builder.pack.address import package_address, public_address
from builder.pack.document import Plain, without_empty, yaml_text
from builder.pack.metadata import public_channels, run_exports
from builder.pack.provenance import shown_address
from builder.pack.request import PackRequest

_FOLDER = "info/recipe"
_SECTIONS = (
    "schema_version", "context", "package", "source", "build", "requirements", "tests", "about", "extra",
)  # fmt: skip
_OURS = frozenset({
    "recipe.yaml", "rendered_recipe.yaml", "variant_config.yaml",
    "meta.yaml", "meta.yaml.template", "conda_build_config.yaml",
})  # fmt: skip
_SCRIPT_SUFFIXES = ("", ".sh", ".bat")


def recipe_members(request: PackRequest) -> Iterator[ArchiveMember]:
    """Yield all of ``info/recipe/``: what the recipe names and nothing else of its folder.

    A template stands beside what came of it, as conda-build has it, but with the used keys of the variant only.
    """
    rendering = request.rendering
    written, variant = rendering.recipe.path.read_bytes(), yaml_text(dict(rendering.variant))
    template = rendering.recipe.is_template
    if template:
        yield ArchiveMember(path=f"{_FOLDER}/meta.yaml", content=yaml_text(sections(rendering.output)))
    yield ArchiveMember(path=f"{_FOLDER}/{'meta.yaml.template' if template else 'recipe.yaml'}", content=written)
    for name in named_files(rendering):
        file = rendering.recipe.folder / name
        executable = bool(file.stat().st_mode & 0o100)
        yield ArchiveMember(path=f"{_FOLDER}/{name}", content=file.read_bytes(), executable=executable)
    yield ArchiveMember(path=f"{_FOLDER}/rendered_recipe.yaml", content=yaml_text(rendered_recipe(request)))
    name = "conda_build_config.yaml" if template else "variant_config.yaml"
    yield ArchiveMember(path=f"{_FOLDER}/{name}", content=variant)


def named_files(rendering: Rendering) -> tuple[str, ...]:
    """Return the files of the recipe's folder that the output names or was told of; sorted, those that are there.

    That is its scripts, patches, licences, and what it loads.
    """
    output = rendering.output
    named = {name for script in _scripts(output) for name in script_names(script)}
    named |= {patch for source in output.source for patch in source.patches}
    named |= set(output.about.license_file)
    named |= {file for file, _ in output.build.link_scripts}
    named |= {str(PurePosixPath(answer.question)) for answer in rendering.asked if answer.subject == "file"}
    own = named - _OURS - {rendering.recipe.path.name}
    return tuple(sorted(name for name in own if _is_inside(name, rendering.recipe.folder)))


def script_names(script: Script) -> tuple[str, ...]:
    """Return the names under which the file of ``script`` may lie: ``build.sh`` when it says nothing."""
    if script.file is not None:
        return tuple(script.file + suffix for suffix in _SCRIPT_SUFFIXES)
    return () if script.content is not None else ("build.sh", "build.bat")


def _scripts(output: Output) -> Iterator[Script]:
    yield output.build.script
    yield from (test.script for test in output.tests if isinstance(test, ScriptTest) and test.script.file is not None)


def _is_inside(name: str, folder: Path) -> bool:
    """Whether ``name`` is a regular file below ``folder``, links on the way considered."""
    file = (folder / name).resolve()
    return not Path(name).is_absolute() and file.is_file() and file.is_relative_to(folder.resolve())


def rendered_recipe(request: PackRequest) -> dict[str, Plain]:
    """Return the rendered recipe (CEP 40) in rattler-build's layout, without the building machine's paths and clock."""
    return {
        "rendered_recipe_version": 1,
        "recipe": _recipe(request),
        "build_configuration": _configuration(request),
        "finalized_dependencies": _finalized(request, request.environments),
        "finalized_sources": [_source(digest) for digest in request.sources],
        **_inherited(request),
        "system_tools": {request.tool.name: request.tool.version},
        **without_empty({"extra_meta": dict(sorted(request.packaging.extra))}),
    }


def sections(output: Output) -> dict[str, Plain]:
    """Return what a template came to for an output: its entry is merged into them, pins are names."""
    rendered: dict[str, Any] = json.loads(output.rendered)
    return {name: section for name, section in rendered.items() if name not in {"output", "pins"}}


def _recipe(request: PackRequest) -> dict[str, Plain]:
    recipe: dict[str, Any] = json.loads(request.rendering.output.rendered)
    recipe["build"] = {**recipe.get("build", {}), "string": request.rendering.build_string}
    if request.inherited is not None:
        recipe["staging_caches"] = [_staging(json.loads(request.inherited.rendered))]
    first = {section: recipe[section] for section in _SECTIONS if section in recipe}
    return {**first, **recipe}


def _staging(recipe: dict[str, Any]) -> dict[str, Plain]:
    """Return a rendered staging output in rattler-build's layout, which has its name where packages have a section."""
    sections = ("source", "build", "requirements")
    return {"name": recipe["package"]["name"]} | {name: recipe[name] for name in sections if name in recipe}


def _finalized(request: PackRequest, environments: Environments) -> dict[str, Plain]:
    """Return environments, every package with its digest, and what came of them."""
    return {
        "build": _environment(environments.build),
        "host": _environment(environments.host),
        "run": {
            "depends": [_dependency(dependency, request) for dependency in environments.depends],
            "constraints": [_dependency(dependency, request) for dependency in environments.constrains],
            **without_empty(
                {
                    "extra_depends": {
                        group: [_dependency(one, request) for one in wanted] for group, wanted in environments.extras
                    },
                }
            ),
            **without_empty({"run_exports": run_exports(request)}),
        },
    }


def _inherited(request: PackRequest) -> dict[str, Plain]:
    """Return the same of the staging output, under the names that rattler-build gives to it."""
    if request.inherited is None:
        return {}
    return {
        "finalized_cache_dependencies": _finalized(request, request.inherited.environments),
        "finalized_cache_sources": [_source(digest) for digest in request.inherited.sources],
    }


def _configuration(request: PackRequest) -> dict[str, Plain]:
    rendering = request.rendering
    platforms = rendering.platforms
    subpackages = {
        sibling.name: {"name": sibling.name, "version": sibling.version, "build_string": sibling.build_string}
        for sibling in rendering.siblings
    }
    own = rendering.output
    subpackages[own.name] = {"name": own.name, "version": own.version, "build_string": rendering.build_string}
    return {
        "target_platform": rendering.subdir,
        "host_platform": {"platform": platforms.host, "virtual_packages": []},
        "build_platform": {"platform": platforms.build, "virtual_packages": []},
        "variant": dict(rendering.variant),
        "hash": {"hash": rendering.hash},
        "channels": public_channels(request),
        "channel_priority": request.rules.channel_priority,
        "solve_strategy": "highest",
        **({"exclude_newer": request.rules.said} if request.rules.newest else {}),
        "timestamp": datetime.fromtimestamp(request.epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "subpackages": dict(sorted(subpackages.items())),
        "packaging_settings": {
            "archive_type": "conda" if request.packaging.file_type == "conda" else "tar_bz2",
            "compression_level": request.packaging.level,
        },
    }


def _environment(environment: Environment) -> Plain:
    if not environment.specs and not environment.packages:
        return None
    return {
        "specs": [{"source": spec} for spec in environment.specs],
        "resolved": [_resolved(package) for package in environment.packages],
    }


def _resolved(package: LockedPackage) -> dict[str, Plain]:
    record: Mapping[str, Any] = json.loads(package.record)
    known: dict[str, Plain] = {
        "build": package.build,
        "build_number": package.build_number,
        "depends": package.depends,
        "name": package.name,
        "sha256": package.sha256,
        "size": package.size,
        "subdir": package.subdir,
        "version": package.version,
        "fn": package.file_name,
        "url": package_address(package.url, package.subdir, package.file_name),
        "channel": public_address(package.channel) or "local",
    }
    optional = without_empty({"constrains": package.constrains, "noarch": package.noarch})
    return {**record, **known, **optional}


def _dependency(dependency: RunDependency, request: PackRequest) -> dict[str, Plain]:
    sides = {DependencyOrigin.BUILD_RUN_EXPORT: "build", DependencyOrigin.HOST_RUN_EXPORT: "host"}
    origin = dependency.origin
    if origin is DependencyOrigin.STAGING and request.inherited is not None:
        theirs = (*request.inherited.environments.depends, *request.inherited.environments.constrains)
        same = (one.origin for one in theirs if (one.spec, one.source) == (dependency.spec, dependency.source))
        origin = next(same, origin)
    if origin in sides:
        return {"run_export": dependency.source, "spec": dependency.spec, "from": sides[origin]}
    return {"source": dependency.spec}


def _source(digest: SourceDigest) -> dict[str, Plain]:
    if digest.commit is not None:
        return {"git": shown_address(digest), "rev": digest.commit}
    return {digest.kind: shown_address(digest), "sha256": digest.sha256}
