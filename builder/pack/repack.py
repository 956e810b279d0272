"""Writes a package of ours in another format or at another level: the bytes that a build would have given."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from builder.archive import ArchiveMember, Compression, MemberKind, write_conda, write_tar_bz2
from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.model.package import Package
from builder.model.packaging import Packaging
from builder.pack.document import json_text
from builder.pack.pack import Look
from builder.pack.reading import read_back

_INDEX = "info/index.json"
_KEYS = "info/bakehouse/keys.json"
_RENDERED = "info/recipe/rendered_recipe.yaml"

Json = dict[str, Any]


@frozen
class Repacking:
    """What changes in the package that now has the build key ``before``: its ``packaging``, and so its keys."""

    before: str
    packaging: Packaging
    recipe_key: str
    build_key: str


def repack(tree: Path, stem: str, wanted: Repacking, out: Path, look: Look = lambda _: None) -> Package:
    """Write the package ``stem``, one of ours that lies unpacked in the folder ``tree``, anew into the folder ``out``.

    Its payload and metadata stay but for the keys and the settings in the rendered recipe, which name the packaging.
    Whoever unpacked it need not be trusted: nothing is read but regular files of the tree.

    Raises:
        SourceError: it is another package, or does not name its packaging as ours do.
        MachineError: the disk is full or may not be written.
    """
    packaging = wanted.packaging
    found = {member.path: member for member in _members(tree)}
    changed = {_KEYS: _keys(_object(found, _KEYS), wanted)}
    if _RENDERED in found:
        changed[_RENDERED] = _rendered(_content(found, _RENDERED), packaging)
    time = _object(found, _INDEX).get("timestamp")
    if type(time) is not int:
        raise SourceError(f"its {_INDEX} does not say when it was made", code="pack.repack")
    members = [replace(one, content=changed.get(path, one.content)) for path, one in found.items()]
    look(members)
    file = out / f"{stem}{packaging.suffix}"
    write = write_conda if packaging.file_type == "conda" else write_tar_bz2
    write(
        file,
        stem=stem,
        payload=[member for member in members if not member.path.startswith("info/")],
        info=[member for member in members if member.path.startswith("info/")],
        epoch=time // 1000,
        compression=Compression(level=packaging.level, workers=packaging.threads),
    )
    return read_back(file)


def _object(found: Mapping[str, ArchiveMember], path: str) -> Json:
    """Return what a JSON file of the package says."""
    try:
        document = json.loads(_content(found, path))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise SourceError(f"its {path} is no object in JSON", code="pack.repack")
    return document


def _content(found: Mapping[str, ArchiveMember], path: str) -> bytes:
    member = found.get(path)
    if member is None or not isinstance(member.content, Path):
        raise SourceError(f"it has no {path}, as all of ours have", code="pack.repack")
    return member.content.read_bytes()


def _keys(old: Json, wanted: Repacking) -> bytes:
    if old.get("build_key") != wanted.before:
        raise SourceError("it has another build key by now", code="pack.repack")
    return json_text({**old, "build_key": wanted.build_key, "recipe_key": wanted.recipe_key})


def _rendered(old: bytes, packaging: Packaging) -> bytes:
    """Return the rendered recipe with other settings; nothing that a recipe says stands so far to the left."""
    before, title, after = old.partition(b"\n  packaging_settings:\n")
    lines = after.split(b"\n", 2)
    if not title or len(lines) != 3 or not lines[0].startswith(b"    archive_type: "):
        raise SourceError("its rendered recipe does not say how it was packed", code="pack.repack")
    return before + title + packaging_settings(packaging) + lines[2]


def packaging_settings(packaging: Packaging) -> bytes:
    """Return the lines of ``packaging_settings`` as `builder.pack.recipe` has them written."""
    archive_type = "conda" if packaging.file_type == "conda" else "tar_bz2"
    return f"    archive_type: {archive_type}\n    compression_level: {packaging.level}\n".encode()


def _members(root: Path) -> Iterator[ArchiveMember]:
    """Yield every file and link below ``root``; no link is followed."""
    for folder, folders, names in os.walk(root):
        for name in (*names, *(one for one in folders if Path(folder, one).is_symlink())):
            file = Path(folder, name)
            path = file.relative_to(root).as_posix()
            if file.is_symlink():
                yield ArchiveMember(path=path, kind=MemberKind.SYMLINK, target=str(file.readlink()))
            else:
                yield ArchiveMember(path=path, content=file, executable=bool(file.stat().st_mode & 0o100))
