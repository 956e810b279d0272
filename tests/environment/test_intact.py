"""Real packages and prefixes, damaged in every way that a disk or a careless hand can: each is found by its path."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.environment.intact import KINDS, Reader
from builder.environment.layer import tree_in
from builder.environment.link import KIND as ENVIRONMENTS
from builder.environment.packages import KIND as PACKAGES
from builder.store import Store
from tests.environment.test_link import linked, solved

SPECS = ("zlib", "pure", "left", "right", "hooked")


@pytest.fixture
def places(store: Store, small: Path) -> dict[str, Path]:
    """A linked environment, and the unpacked zlib."""
    prefix = linked(store, solved(store, small, *SPECS))
    unpacked = (store.root / "folders" / PACKAGES).glob("*/*/include/zlib.h")
    return {ENVIRONMENTS: prefix.folder.parent, PACKAGES: next(unpacked).parents[2]}


def own(path: Path) -> Path:
    """Give ``path`` an inode of its own: other tests, and the other places of a test, have the same."""
    data, mode = path.read_bytes(), path.stat().st_mode
    path.unlink()
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_what_was_made_is_whole(store: Store, places: dict[str, Path]) -> None:
    reader = Reader()
    for kind in KINDS:
        assert store.keys(kind)
        for key in store.keys(kind):
            assert reader.damage(kind, store.root / "folders" / kind / key) is None, key


def flip(path: Path) -> None:
    data = own(path).read_bytes()
    path.chmod(0o644)
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def cut(path: Path) -> None:
    own(path).chmod(0o644)
    os.truncate(path, 1)


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


HARM: dict[str, tuple[Callable[[Path], None], str]] = {
    "a bit": (flip, "has the sha256"),
    "an end": (cut, "has the sha256"),
    "all": (Path.unlink, "is missing"),
    "a pipe": (piped, "has the sha256"),
}


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize(("kind", "path"), [(PACKAGES, "include/zlib.h"), (ENVIRONMENTS, "prefix/include/zlib.h")])
def test_damage_is_found_by_its_path(places: dict[str, Path], kind: str, path: str, harm: str) -> None:
    inflict, words = HARM[harm]
    path = path if kind == ENVIRONMENTS else f"{tree_in(places[kind]).name}/{path}"
    inflict(places[kind] / path)
    found = Reader().damage(kind, places[kind])
    assert found is not None
    assert found.startswith(f"{path} {words}")


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("path", [".apart/plain", ".apart/{}/info/paths.json", ".apart/{}/lib/pkgconfig/zlib.pc"])
def test_damage_to_what_is_known_of_plain_files_is_found(places: dict[str, Path], path: str, harm: str) -> None:
    """No package declares it, and every environment to come depends on it."""
    folder = places[PACKAGES]
    place = own(folder / path.format(tree_in(folder).name))
    place.chmod(0o644)
    inflict, _ = HARM[harm]
    inflict(place)
    assert Reader().damage(PACKAGES, folder) is not None


def test_a_package_whose_plain_files_were_never_told_apart_is_whole(places: dict[str, Path]) -> None:
    shutil.rmtree(places[PACKAGES] / ".apart")
    assert Reader().damage(PACKAGES, places[PACKAGES]) is None


def test_what_linking_rewrote_is_compared_with_what_it_became(places: dict[str, Path]) -> None:
    rewritten = "prefix/lib/pkgconfig/zlib.pc"
    flip(places[ENVIRONMENTS] / rewritten)
    assert str(Reader().damage(ENVIRONMENTS, places[ENVIRONMENTS])).startswith(rewritten)


def test_an_inode_is_read_once_and_its_damage_found_everywhere(places: dict[str, Path]) -> None:
    header = tree_in(places[PACKAGES]) / "include/zlib.h"
    assert header.samefile(places[ENVIRONMENTS] / "prefix/include/zlib.h")
    reader = Reader()
    header.chmod(0o644)
    header.write_bytes(b"#pragma twice\n")
    before = header.stat()
    os.utime(header, ns=(0, before.st_mtime_ns))
    assert reader.damage(PACKAGES, places[PACKAGES]) is not None
    read = header.stat().st_atime_ns
    assert reader.damage(ENVIRONMENTS, places[ENVIRONMENTS]) is not None
    assert header.stat().st_atime_ns == read


@pytest.mark.parametrize("text", ["", "{", "[]", '{"paths": 3}', '{"paths": [{"sha256": "00"}]}', '{"paths": [3]}'])
def test_a_list_that_cannot_be_read_is_damage(places: dict[str, Path], text: str) -> None:
    place = own(tree_in(places[PACKAGES]) / "info/paths.json")
    place.chmod(0o644)
    place.write_text(text)
    assert "its list of files cannot be read" in str(Reader().damage(PACKAGES, places[PACKAGES]))


def test_an_empty_folder_is_damage(tmp_path: Path) -> None:
    for kind in KINDS:
        assert Reader().damage(kind, tmp_path) is not None
