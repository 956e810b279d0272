"""Writes a package of ours in another format or at another level: the bytes that a build would have given."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from builder.archive import ArchiveMember, Compression, MemberKind, OpenPackage, write_conda, write_tar_bz2
from builder.errors import SourceError
from builder.model.frozen import frozen
from builder.model.package import Package
from builder.model.packaging import Packaging
from builder.pack.document import json_text
from builder.pack.reading import read_back

_KEYS = "info/bakehouse/keys.json"
_RENDERED = "info/recipe/rendered_recipe.yaml"


@frozen
class Repacking:
    """What changes in the package that now has the build key ``before``: its ``packaging``, and so its keys."""

    before: str
    packaging: Packaging
    recipe_key: str
    build_key: str


def repack(opened: OpenPackage, wanted: Repacking, out: Path, scratch: Path) -> Package:
    """Write the package ``opened``, which is one of ours, anew into the folder ``out``; ``scratch`` must be empty.

    Its payload and metadata stay but for the keys and the settings in the rendered recipe, which name the packaging.

    Raises:
        SourceError: it is another package, is not as its paths.json says, or does not name its packaging as ours do.
        MachineError: the disk is full or may not be written.
    """
    opened.extract(scratch)
    packaging = wanted.packaging
    changed = {_KEYS: _keys(scratch / _KEYS, wanted)}
    if (scratch / _RENDERED).is_file():
        changed[_RENDERED] = _rendered((scratch / _RENDERED).read_bytes(), packaging)
    members = list(_members(scratch, changed))
    file = out / f"{opened.stem}{packaging.suffix}"
    write = write_conda if packaging.file_type == "conda" else write_tar_bz2
    write(
        file,
        stem=opened.stem,
        payload=[member for member in members if not member.path.startswith("info/")],
        info=[member for member in members if member.path.startswith("info/")],
        epoch=int(opened.index()["timestamp"]) // 1000,
        compression=Compression(level=packaging.level, workers=packaging.threads),
    )
    return read_back(file)


def _keys(file: Path, wanted: Repacking) -> bytes:
    old = json.loads(file.read_bytes())
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


def _members(root: Path, changed: dict[str, bytes]) -> Iterator[ArchiveMember]:
    """Yield everything below ``root``, some of it with another content."""
    for folder, folders, names in os.walk(root):
        for name in (*names, *(one for one in folders if Path(folder, one).is_symlink())):
            file = Path(folder, name)
            path = file.relative_to(root).as_posix()
            if file.is_symlink():
                yield ArchiveMember(path=path, kind=MemberKind.SYMLINK, target=str(file.readlink()))
            else:
                executable = bool(file.stat().st_mode & 0o100)
                yield ArchiveMember(path=path, content=changed.get(path, file), executable=executable)
