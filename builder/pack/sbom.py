"""The package's bill of materials: CycloneDX 1.6, from what is in the package alone, so the same at every build.

Written by hand: the library that validates it costs more start-up time than packing a small package does.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from urllib.parse import quote

from builder.model.environment import Environment, LockedPackage
from builder.model.recipe import About
from builder.model.source import SourceDigest
from builder.pack.address import public_address
from builder.pack.document import Plain, without_empty
from builder.pack.provenance import shown_address
from builder.pack.request import PackRequest

# Any fixed namespace will do: the serial number only has to be the same for the same content.
_NAMESPACE = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


def sbom(request: PackRequest) -> dict[str, Plain]:
    """Return the bill: the package, its sources, what it was linked against (host) and built with (build)."""
    itself = _itself(request)
    environments = request.all_environments
    host, build = _packages(one.host for one in environments), _packages(one.build for one in environments)
    names = {package.name for package in host}
    linked = [_package(package, "required") for package in host]
    tools = [_package(package, "excluded") for package in build if package.name not in names]
    sources = [_source(source, number) for number, source in enumerate(request.all_sources)]
    used = sorted({str(component["bom-ref"]) for component in (*linked, *sources)})
    content: dict[str, Plain] = {
        "metadata": {
            "component": itself,
            "tools": {
                "components": [
                    {"type": "application", "name": request.tool.name, "version": request.tool.version},
                ],
            },
        },
        "components": [*sources, *linked, *tools],
        "dependencies": [{"ref": itself["bom-ref"], "dependsOn": used}, *({"ref": reference} for reference in used)],
    }
    serial = uuid.uuid5(_NAMESPACE, json.dumps(content, sort_keys=True))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        **content,
    }


def _itself(request: PackRequest) -> dict[str, Plain]:
    rendering, about = request.rendering, request.rendering.output.about
    name, version = rendering.output.name, rendering.output.version
    address = _purl(name, version, {"build": rendering.build_string, "subdir": rendering.subdir})
    return {
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": version,
        **without_empty({
            "description": about.summary,
            "licenses": _licenses(about),
        }),
        "purl": address,
        **without_empty({"externalReferences": _references(about)}),
    }  # fmt: skip


def _licenses(about: About) -> list[Plain]:
    if about.license is None:
        return []
    return [{"expression": about.license} if about.license_is_spdx else {"license": {"name": about.license}}]


def _references(about: About) -> list[dict[str, Plain]]:
    named = (("website", about.homepage), ("vcs", about.repository), ("documentation", about.documentation))
    return [{"type": kind, "url": url} for kind, url in named if url]


def _packages(environments: Iterable[Environment]) -> list[LockedPackage]:
    """Return the packages of all environments, each once, by name."""
    packages = dict.fromkeys(package for environment in environments for package in environment.packages)
    return sorted(packages, key=lambda package: (package.name, package.sha256))


def _package(package: LockedPackage, scope: str) -> dict[str, Plain]:
    address = package_url(package)
    return {
        "type": "library",
        "bom-ref": address,
        "name": package.name,
        "version": package.version,
        "scope": scope,
        "hashes": [{"alg": "SHA-256", "content": package.sha256}],
        "purl": address,
    }


def package_url(package: LockedPackage) -> str:
    """Return the package URL of a locked package; its channel is left out where that lies on the machine."""
    channel = public_address(package.channel)
    qualifiers = {"build": package.build, "channel": channel or "", "subdir": package.subdir}
    return _purl(package.name, package.version, qualifiers)


def _source(source: SourceDigest, number: int) -> dict[str, Plain]:
    address = shown_address(source)
    known: dict[str, Plain] = {
        "type": "file",
        "bom-ref": f"source-{number}",
        "name": address.rstrip("/").rpartition("/")[2] or address,
    }
    if source.commit is not None:  # no digest of a file: git's ids are of commits
        return {**known, "version": source.commit, "externalReferences": [{"type": "vcs", "url": address}]}
    return {
        **known,
        "hashes": [{"alg": "SHA-256", "content": source.sha256}],
        "externalReferences": [{"type": "distribution", "url": address}],
        **({"properties": [{"name": "bakehouse:unhashed", "value": "true"}]} if source.unhashed else {}),
    }


def _purl(name: str, version: str, qualifiers: dict[str, str]) -> str:
    """Return a package URL of type conda; qualifiers are sorted, empty ones left out."""
    tail = "&".join(f"{key}={quote(value, safe=':/')}" for key, value in sorted(qualifiers.items()) if value)
    return f"pkg:conda/{quote(name, safe='')}@{quote(version, safe='')}?{tail}"
