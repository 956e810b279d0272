"""Packing: a relocated payload and everything that is known about it become one package file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from builder.archive import ArchiveMember, Compression, package_record, write_conda, write_tar_bz2
from builder.model.package import Package
from builder.pack import metadata
from builder.pack.document import Plain, json_text
from builder.pack.paths import member, packed_entries, paths
from builder.pack.provenance import binaries, keys
from builder.pack.recipe import recipe_members
from builder.pack.request import PackRequest
from builder.pack.sbom import sbom
from builder.pack.tests import test_members

Look = Callable[[Sequence[ArchiveMember]], None]
"""Is shown members, those of ``info/`` at least, before anything is written, and may raise."""


def pack(request: PackRequest, out: Path, look: Look = lambda _: None) -> Package:
    """Write the package into the folder ``out``; the same request gives the same bytes on every machine.

    Raises:
        WorkError: a path or link that no package may hold, or a file that changed since it was relocated.
        RecipeError: what the recipe asks for cannot be packed.
        MachineError: the disk is full or may not be written.
    """
    rendering = request.rendering
    entries = packed_entries(request.relocated)
    packaging = request.packaging
    file = out / f"{rendering.stem}{packaging.suffix}"
    write = write_conda if packaging.file_type == "conda" else write_tar_bz2
    described = _described(request, paths(entries, request.relocated))
    content = hashlib.sha256(json_text(described)).hexdigest()
    info = [*_info(request, content), *(_json(name, value) for name, value in described.items())]
    look(info)
    written = write(
        file,
        stem=rendering.stem,
        payload=[member(entry) for entry in entries],
        info=info,
        epoch=request.epoch,
        compression=Compression(level=packaging.level, workers=packaging.threads),
    )
    return Package(
        path=file,
        file_name=file.name,
        name=rendering.output.name,
        version=rendering.output.version,
        build=rendering.build_string,
        subdir=rendering.subdir,
        sha256=written.sha256,
        md5=written.md5,
        size=written.size,
        record=package_record(file, sha256=written.sha256, md5=written.md5, size=written.size),
        recipe_key=request.recipe_key,
        build_key=request.build_key,
        content=content,
        publishable=request.publishable,
    )


def _described(request: PackRequest, listed: dict[str, Plain]) -> dict[str, Plain]:
    """Return the metadata that an installer acts on; together with the files it is what other builds can notice."""
    found: dict[str, Plain] = {"index.json": metadata.index(request), "paths.json": listed}
    if exports := metadata.run_exports(request):
        found["run_exports.json"] = exports
    if link := metadata.link(request):
        found["link.json"] = link
    return found


def _info(request: PackRequest, content: str) -> Iterator[ArchiveMember]:
    """Yield the rest of ``info/``. Nothing that a recipe says can name a file here."""
    yield _json("about.json", metadata.about(request))
    yield ArchiveMember(path="info/hash_input.json", content=metadata.hash_input(request.rendering))
    yield _json("used_build_tool.json", metadata.used_build_tool(request.tool))
    for license_file in request.relocated.licenses:
        yield ArchiveMember(path=f"info/licenses/{license_file.name}", content=license_file.content)
    if request.packaging.with_recipe and request.rendering.output.build.recipe_included:
        yield from recipe_members(request)
    yield from test_members(request)
    yield _json("bakehouse/keys.json", keys(request, content))
    yield _json("bakehouse/binary.json", binaries(request))
    yield _json("bakehouse/sbom.cdx.json", sbom(request))


def _json(name: str, value: Plain) -> ArchiveMember:
    return ArchiveMember(path=f"info/{name}", content=json_text(value))
