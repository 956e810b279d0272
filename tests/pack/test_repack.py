"""A package in another packaging has the bytes that packing it so would have given."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import ArchiveMember, read_package, write_conda
from builder.errors import SourceError
from builder.model.package import Package
from builder.model.packaging import Packaging
from builder.pack import pack
from builder.pack.repack import Repacking, repack
from tests.pack.greeting import request

PACKAGINGS = (Packaging(), Packaging(level=-7), Packaging(level=19, threads=1), Packaging(file_type="tar.bz2", level=3))


def anew(package: Path, repacking: Repacking, folder: Path) -> Package:
    """Unpack a package and pack it into the folder ``new``."""
    opened = read_package(package)
    opened.extract(folder / "tree")
    return repack(folder / "tree", opened.stem, repacking, folder / "new")


@pytest.mark.parametrize("after", PACKAGINGS)
@pytest.mark.parametrize("before", PACKAGINGS)
def test_the_bytes_are_those_of_a_build(tmp_path: Path, before: Packaging, after: Packaging) -> None:
    made = request(tmp_path)
    old = pack(replace(made, packaging=before), tmp_path / "old")
    wanted = replace(made, packaging=after, recipe_key="7" * 64, build_key="8" * 64)
    expected = pack(wanted, tmp_path / "expected")
    repacking = Repacking(before=made.build_key, packaging=after, recipe_key="7" * 64, build_key="8" * 64)
    found = anew(old.path, repacking, tmp_path)
    assert found == replace(expected, path=tmp_path / "new" / expected.file_name)
    assert found.path.read_bytes() == expected.path.read_bytes()


def test_without_its_recipe_too(tmp_path: Path) -> None:
    made = replace(request(tmp_path), packaging=Packaging(with_recipe=False))
    old = pack(made, tmp_path / "old")
    bzip2 = Packaging(file_type="tar.bz2", level=9, with_recipe=False)
    expected = pack(replace(made, packaging=bzip2), tmp_path / "expected")
    repacking = Repacking(before=made.build_key, packaging=bzip2, recipe_key=made.recipe_key, build_key=made.build_key)
    found = anew(old.path, repacking, tmp_path)
    assert found.sha256 == expected.sha256


def test_what_a_recipe_says_is_no_setting(tmp_path: Path) -> None:
    """The text of the settings may stand in a recipe as well, where it stays."""
    made, after = request(tmp_path), Packaging(file_type="tar.bz2", level=9)
    note = "x\n  packaging_settings:\n    archive_type: conda\n    compression_level: 10\n"
    rendered = json.dumps({**json.loads(made.rendering.output.rendered), "extra": {"note": note}})
    output = replace(made.rendering.output, rendered=rendered)
    made = replace(made, rendering=replace(made.rendering, output=output))
    old = pack(made, tmp_path / "old")
    expected = pack(replace(made, packaging=after), tmp_path / "expected")
    repacking = Repacking(before=made.build_key, packaging=after, recipe_key=made.recipe_key, build_key=made.build_key)
    found = anew(old.path, repacking, tmp_path)
    assert read_package(found.path).read_info("recipe/rendered_recipe.yaml").count(b"archive_type: conda") == 1
    assert found.sha256 == expected.sha256


@pytest.mark.parametrize(
    "rendered", [b"", b"a: 1\n", b"\n  packaging_settings:\n    level: 1\n    x: 2\n", b"\n  packaging_settings:\n"]
)
def test_a_rendered_recipe_that_says_nothing_is_refused(tmp_path: Path, rendered: bytes) -> None:
    index = {"name": "a", "version": "1", "build": "0", "build_number": 0, "subdir": "noarch", "timestamp": 0}
    files = {
        "index.json": json.dumps(index).encode(),
        "paths.json": b'{"paths": [], "paths_version": 1}',
        "bakehouse/keys.json": json.dumps({"build_key": "6" * 64}).encode(),
        "recipe/rendered_recipe.yaml": rendered,
    }
    info = [ArchiveMember(path=f"info/{name}", content=content) for name, content in files.items()]
    write_conda(tmp_path / "a-1-0.conda", stem="a-1-0", payload=[], info=info, epoch=0)
    repacking = Repacking(before="6" * 64, packaging=Packaging(level=1), recipe_key="7" * 64, build_key="8" * 64)
    with pytest.raises(SourceError, match="does not say how it was packed"):
        anew(tmp_path / "a-1-0.conda", repacking, tmp_path)
    assert not (tmp_path / "new").exists()


def test_a_package_that_was_replaced_meanwhile_is_refused(tmp_path: Path) -> None:
    made = request(tmp_path)
    package = pack(made, tmp_path / "out")
    repacking = Repacking(before="9" * 64, packaging=Packaging(level=1), recipe_key="7" * 64, build_key="8" * 64)
    with pytest.raises(SourceError, match="another build key"):
        anew(package.path, repacking, tmp_path)


def unpacked(folder: Path, files: dict[str, bytes]) -> Path:
    """A tree as it may lie there when whoever unpacked it cannot be trusted."""
    for name, content in files.items():
        place = folder / "tree" / "info" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder / "tree"


OWN = {
    "index.json": b'{"timestamp": 0}',
    "bakehouse/keys.json": json.dumps({"build_key": "6" * 64}).encode(),
}
REPACKING = Repacking(before="6" * 64, packaging=Packaging(level=1), recipe_key="7" * 64, build_key="8" * 64)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"bakehouse/keys.json": b""}, "keys.json is no object"),
        ({"bakehouse/keys.json": b"[" * 100_000}, "keys.json is no object"),
        ({"bakehouse/keys.json": b"[]"}, "keys.json is no object"),
        ({"index.json": b"{}"}, "does not say when"),
        ({"index.json": b'{"timestamp": "1"}'}, "does not say when"),
        ({"index.json": b'{"timestamp": true}'}, "does not say when"),
    ],
)
def test_metadata_of_another_form_is_refused(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        repack(unpacked(tmp_path, OWN | files), "a-1-0", REPACKING, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("linked", ["info", "info/bakehouse", "info/bakehouse/keys.json", "info/index.json"])
def test_no_link_is_followed(tmp_path: Path, linked: str) -> None:
    """A link that leads to the like of what belongs there, but out of the tree."""
    tree = unpacked(tmp_path, OWN)
    place = tree / linked
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SourceError, match=r"it has no info/\S+, as all of ours have"):
        repack(tree, "a-1-0", REPACKING, tmp_path / "new")
