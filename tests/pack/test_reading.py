from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.archive import ArchiveMember, write_conda
from builder.errors import SourceError
from builder.pack import pack, read_back
from tests.pack.greeting import request

INDEX = {"name": "foo", "version": "1.0", "build": "0", "build_number": 0, "subdir": "noarch", "depends": []}


def foreign(folder: Path, keys: bytes | None) -> Path:
    """A package that is not ours, perhaps with a file in the place of our keys."""
    info = [
        ArchiveMember(path="info/index.json", content=json.dumps(INDEX).encode()),
        ArchiveMember(path="info/paths.json", content=b'{"paths": [], "paths_version": 1}'),
    ]
    if keys is not None:
        info.append(ArchiveMember(path="info/bakehouse/keys.json", content=keys))
    write_conda(folder / "foo-1.0-0.conda", stem="foo-1.0-0", payload=[], info=info, epoch=0)
    return folder / "foo-1.0-0.conda"


def test_what_was_packed_is_read_back(tmp_path: Path) -> None:
    package = pack(request(tmp_path), tmp_path / "out")
    assert read_back(package.path) == package


@pytest.mark.parametrize(
    "keys",
    [None, b"", b"{", b"[]", b"null", b'{"recipe_key": 1, "build_key": null}', b'{"recipe_key": ["x"]}', b"\xff"],
)
def test_a_package_of_others_has_no_keys(tmp_path: Path, keys: bytes | None) -> None:
    package = read_back(foreign(tmp_path, keys))
    assert (package.name, package.version, package.build, package.subdir) == ("foo", "1.0", "0", "noarch")
    assert (package.recipe_key, package.build_key) == ("", "")
    assert package.size == package.path.stat().st_size


def test_no_package(tmp_path: Path) -> None:
    (tmp_path / "foo-1.0-0.conda").write_bytes(b"<html>")
    with pytest.raises(SourceError):
        read_back(tmp_path / "foo-1.0-0.conda")
