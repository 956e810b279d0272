"""``bakehouse inspect``: what a package says of itself, and what the statement beside it says of how it was made."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from builder.archive import read_package
from builder.channel.statements import place_of
from builder.cli.every import every
from builder.cli.grouping import PATH
from builder.errors import UsageError
from builder.report import write_document, write_text
from builder.report.text import size
from builder.store import digest_file

_OWN = ("keys.json", "binary.json", "sbom.cdx.json")
Document = dict[str, Any]


@click.command("inspect")
@click.argument("packages", type=PATH, nargs=-1, required=True, metavar="PACKAGE...")
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
def command(packages: tuple[Path, ...], *, as_json: bool) -> int:
    """Show what packages say of themselves, and the statements beside them of how they were made.

    \b
    Examples:
      bakehouse inspect channel/linux-64/zlib-*.conda
      bakehouse inspect channel/*/*.conda --json
    """  # noqa: D301 - \b keeps click from wrapping the examples
    for package in packages:
        if not package.is_file():
            raise UsageError(
                f"there is no package {package}", code="cli.no-package", remedy="name a package file of a channel"
            )
    found = every(_document, packages)
    if as_json:
        write_document(found, sys.stdout)
    else:
        write_text("\n\n".join("\n".join(_lines(document)) for document in found), sys.stdout)
    return 0


def _document(file: Path) -> Document:
    """Return all that is known of a package, all of which is read; metadata that others make is None without it."""
    opened, digest = read_package(file), digest_file(file)
    opened.members()
    return {
        "path": str(file),
        "sha256": digest.sha256,
        "size": digest.size,
        "index": opened.index(),
        "about": opened.value_of("about.json"),
        "run_exports": opened.value_of("run_exports.json"),
        "paths": list(opened.paths()),
        "bakehouse": {name.partition(".")[0]: opened.value_of(f"bakehouse/{name}") for name in _OWN},
        "statement": _statement(file, digest.sha256),
    }


def _statement(file: Path, sha256: str) -> Document | None:
    """Return the statement beside a package, None if there is none.

    Raises `UsageError` for one that is none, or is about other bytes.
    """
    place = place_of(file)
    if not place.is_file():
        return None
    try:
        found = json.loads(place.read_bytes())
        subject = found["subject"][0]["digest"]["sha256"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        remedy = f"remove {place}, or build the package anew"
        raise UsageError(f"{place} is no statement about a package", code="inspect.statement", remedy=remedy) from error
    if subject != sha256:
        remedy = "one of the two was replaced; build the package anew, and trust neither"
        raise UsageError(
            f"{place} is about sha256 {subject}, and the package has {sha256}", code="inspect.other", remedy=remedy
        )
    return dict(found)


def _lines(document: Document) -> Iterator[str]:
    index, keys = document["index"], _part(document["bakehouse"], "keys")
    yield f"{index['subdir']}/{Path(document['path']).name}  {size(document['size'])}"
    yield f"    sha256 {document['sha256']}"
    for kind in ("depends", "constrains"):
        yield from (f"    {kind} {spec}" for spec in index.get(kind, ()))
    yield f"    {len(document['paths'])} files, license {index.get('license') or 'unknown'}"
    for name in ("recipe_key", "build_key"):
        if keys.get(name):
            yield f"    {name.replace('_', ' ')} {keys[name]}"
    sources = (source for source in _items(keys, "sources") if isinstance(source, dict))
    yield from (f"    source {source.get('url')}{_unhashed(source)}" for source in sources)
    yield from (f"    built with {name}, never to be published" for name in _items(keys, "unpublishable"))
    if keys.get("publishable") is False:
        yield "    never to be published: nothing vouches for what it was made from"
    statement = document["statement"]
    if statement is None:
        yield "    no statement of how it was made lies beside it"
    else:
        yield from _made(_part(statement, "predicate"))


def _unhashed(source: Document) -> str:
    return ", as it came: the recipe has no sha256" if source.get("unhashed") else ""


def _made(predicate: Document) -> Iterator[str]:
    """Yield what a statement tells, as far as it is one of ours: anybody may have written it."""
    definition, details = _part(predicate, "buildDefinition"), _part(predicate, "runDetails")
    told = _part(details, "metadata")
    tool = " ".join(f"{name} {version}" for name, version in _part(_part(details, "builder"), "version").items())
    yield f"    made from {told.get('startedOn')} to {told.get('finishedOn')} by {tool or 'somebody'}"
    if back := _part(details, "bakehouse_sandbox"):
        root = " without root" if back.get("rootless") else ""
        yield f"    isolated by {back.get('name')} {back.get('version', '')}".rstrip() + root
    if machine := _part(details, "bakehouse_machine"):
        yield f"    on {machine.get('architecture')}, kernel {machine.get('kernel')}, {machine.get('cores')} cores"
    permissions = _part(_part(definition, "externalParameters"), "permissions")
    if permissions.get("network"):
        yield "    its scripts might use the network"
    for mount in _items(permissions, "mounts"):
        yield f"    its scripts saw something of the machine: {mount}"
    if twice := _part(details, "bakehouse_reproducible"):
        yield f"    built twice with the same bytes; other was: {', '.join(map(str, _items(twice, 'varied')))}"
    yield f"    of {len(_items(definition, 'resolvedDependencies'))} things with known digests; unsigned"


def _part(document: Document, key: str) -> Document:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _items(document: Document, key: str) -> list[object]:
    found = document.get(key)
    return found if isinstance(found, list) else []
