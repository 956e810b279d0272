"""The small info files: index.json, about.json, hash_input.json, run_exports.json, link.json, used_build_tool.json."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from builder.errors import RecipeError
from builder.model.match_spec import MatchSpec
from builder.model.recipe import Output
from builder.model.rendering import Rendering
from builder.model.target import NOARCH, target
from builder.pack.address import public_address
from builder.pack.document import Plain, without_empty
from builder.pack.request import PackRequest, Tool

_INDEX_SCHEMA = 2
_REVISION = 3
_EXPORTS_SCHEMA = 2


def index(request: PackRequest) -> dict[str, Plain]:
    """Return index.json (CEP 34, schema 2) with the keys that rattler-build writes, sorted; absent ones left out.

    A package with flags, extras or conditions is of schema 3 (CEPs 43 to 45); rattler reads ``repodata_revision``.

    Raises:
        RecipeError: a site-packages path for a package that is not Python (CEP 17).
    """
    rendering, output = request.rendering, request.rendering.output
    build, about = output.build, output.about
    if build.python.site_packages_path is not None and output.name != "python":
        raise RecipeError(
            f"{output.name} sets build.python.site_packages_path, which only the package python may",
            code="pack.site-packages",
            remedy="remove the key",
        )
    environments = request.environments
    depends = _unique(dependency.spec for dependency in environments.depends)
    constrains = _unique(dependency.spec for dependency in environments.constrains)
    extras = {group: _unique(one.spec for one in wanted) for group, wanted in environments.extras if wanted}
    is_v3 = bool(build.flags or extras) or any(map(_needs_v3, (*depends, *constrains)))
    machine = None if rendering.subdir == NOARCH else target(rendering.subdir)
    described = without_empty({
        "arch": machine.arch if machine else None,
        "platform": machine.family.name if machine else None,
        "extra_depends": extras,
        "features": " ".join(build.features),
        "flags": build.flags,
        "license": about.license,
        "license_family": about.license_family,
        "noarch": "python" if build.for_every_python else build.noarch,
        "python_site_packages_path": build.python.site_packages_path,
        "repodata_revision": _REVISION if is_v3 else None,
        "track_features": _track_features(output),
    })  # fmt: skip
    named: dict[str, Plain] = {
        "build": rendering.build_string,
        "build_number": build.number,
        "constrains": constrains,
        "depends": depends,
        "name": output.name,
        "schema_version": _REVISION if is_v3 else _INDEX_SCHEMA,
        "subdir": rendering.subdir,
        "timestamp": request.epoch * 1000,
        "version": output.version,
    }
    return dict(sorted((named | described).items()))


def about(request: PackRequest) -> dict[str, Plain]:
    """Return about.json (CEP 34): what the recipe says of the software, and the channels that were used.

    ``extra`` also holds what the user adds, such as the commit and the CI run (CEP 31).
    """
    said = request.rendering.output.about
    known = without_empty({
        "channels": public_channels(request),
        "description": said.description,
        "dev_url": said.repository,
        "doc_url": said.documentation,
        "extra": _extra(request),
        "home": said.homepage,
        "license": said.license,
        "license_family": said.license_family,
        "summary": said.summary,
    })  # fmt: skip
    return dict(sorted((known | dict(said.further)).items()))


def _extra(request: PackRequest) -> dict[str, Plain]:
    said: dict[str, Plain] = json.loads(request.rendering.output.rendered).get("extra") or {}
    return {**said, **dict(sorted(request.packaging.extra))}


def hash_input(rendering: Rendering) -> bytes:
    """Return hash_input.json: exactly the bytes whose digest is the build hash."""
    if rendering.hashed is not None:
        return rendering.hashed.encode()
    return json.dumps(dict(rendering.variant), sort_keys=True, ensure_ascii=False).encode()


def run_exports(request: PackRequest) -> dict[str, Plain]:
    """Return run_exports.json (CEP 12), of schema 2 with conditions (CEP 43); empty when there are none."""
    exports = without_empty(asdict(request.environments.run_exports))
    specs = (spec for listed in exports.values() if isinstance(listed, tuple) for spec in listed)
    return exports | {"schema_version": _EXPORTS_SCHEMA} if any(_needs_v3(str(spec)) for spec in specs) else exports


def link(request: PackRequest) -> dict[str, Plain]:
    """Return link.json: how installers lay out a package for every Python; empty for other packages."""
    if not request.rendering.output.build.for_every_python:
        return {}
    return {
        "noarch": {"type": "python", **without_empty({"entry_points": request.relocated.entry_points})},
        "package_metadata_version": 1,
    }


def used_build_tool(tool: Tool) -> dict[str, Plain]:
    """Return used_build_tool.json (CEP 40)."""
    return {"name": tool.name, "version": tool.version}


def public_channels(request: PackRequest) -> tuple[str, ...]:
    """Return the channels of the environments in order, as far as they are not on the building machine."""
    used = (package.channel for e in request.all_environments for one in (e.build, e.host) for package in one.packages)
    shown = (public_address(channel) for channel in request.channels or used)
    return tuple(dict.fromkeys(channel for channel in shown if channel is not None))


def _track_features(output: Output) -> str:
    """Return the recipe's own, and one for each step of down-prioritisation; a solver likes packages less for each."""
    steps = abs(output.build.variant.down_prioritize_variant)
    return " ".join([*output.build.track_features, *(f"{output.name}-p-{step}" for step in range(steps))])


def _needs_v3(spec: str) -> bool:
    return "[" in spec and MatchSpec.parse(spec).needs_v3


def _unique(specs: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(specs))
