from __future__ import annotations

import bz2
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from builder.archive import MemberKind, UnpackLimits, package_record, read_package
from builder.errors import SourceError
from tests.archive.making import INDEX, STEM, T, conda, folder, hardlink, info, path_entry, symlink, tar, tree

DATA = b"hello\n"
HELLO = path_entry("bin/hello", DATA)


def payload(*members: T) -> bytes:
    return tar([T("bin/hello", DATA, mode=0o755), *members])


def bz2_package(folder: Path, members: list[T]) -> Path:
    path = folder / f"{STEM}.tar.bz2"
    path.write_bytes(bz2.compress(tar(members)))
    return path


def refused(path: Path) -> str:
    """Why a package is refused, at the latest when it is extracted; nothing is left then."""
    with pytest.raises(SourceError) as caught:
        read_package(path).extract(path.parent / "into")
    assert not (path.parent / "into").exists()
    assert path.name in str(caught.value)
    return str(caught.value)


# -- reading -----------------------------------------------------------------------------------------------------------


def test_metadata(tmp_path: Path) -> None:
    members = info([HELLO])
    members += [
        T("info/about.json", b'{"license": "MIT"}'),
        T("info/run_exports.json", b'{"weak": ["foo >=1"], "strong": []}'),
    ]
    members += [T("info/tests/0/run.sh", b"x", mode=0o755), folder("info/empty")]
    package = read_package(conda(tmp_path, info_tar=tar(members)))
    assert package.stem == STEM
    assert package.index() == INDEX
    assert package.paths() == (HELLO,)
    assert package.about() == {"license": "MIT"}
    assert package.run_exports() == {"weak": ("foo >=1",)}
    assert package.info_files() == ("about.json", "index.json", "paths.json", "run_exports.json", "tests/0/run.sh")
    assert package.read_info("tests/0/run.sh") == b"x"
    assert package.is_executable("tests/0/run.sh")
    assert not package.is_executable("index.json")
    with pytest.raises(KeyError):
        package.read_info("nothing")


def test_what_may_be_missing_is_empty(tmp_path: Path) -> None:
    package = read_package(conda(tmp_path))
    assert package.about() == {}
    assert package.run_exports() == {}


def test_run_exports_of_old_packages_are_weak(tmp_path: Path) -> None:
    members = [*info([HELLO]), T("info/run_exports.json", b'["foo >=1", "bar"]')]
    assert read_package(conda(tmp_path, info_tar=tar(members))).run_exports() == {"weak": ("foo >=1", "bar")}


def test_members_and_extraction(tmp_path: Path) -> None:
    members = [symlink("bin/l", "hello"), folder("empty"), hardlink("h", "bin/hello")]
    listed = [HELLO, path_entry("bin/l", DATA, path_type="softlink"), path_entry("h", DATA)]
    package = read_package(conda(tmp_path, payload(*members), tar(info(listed))))
    kinds = {member.path: member.kind for member in package.members()}
    assert kinds["bin/hello"] is MemberKind.FILE
    assert kinds["h"] is MemberKind.HARDLINK
    package.extract(tmp_path / "into")
    found = tree(tmp_path / "into")
    assert {name: found[name] for name in ("bin/hello", "bin/l", "empty", "h")} == {
        "bin/hello": DATA, "bin/l": "-> hello", "empty": None, "h": DATA,
    }  # fmt: skip
    assert "info/index.json" in found
    with pytest.raises(ValueError, match="not empty"):
        package.extract(tmp_path / "into")


def test_the_old_format(tmp_path: Path) -> None:
    path = bz2_package(tmp_path, [T("bin/hello", DATA), *info([HELLO])])
    package = read_package(path)
    assert (package.stem, package.index()) == (STEM, INDEX)
    assert [member.path for member in package.members()] == ["bin/hello", "info/index.json", "info/paths.json"]
    package.extract(tmp_path / "into")
    assert tree(tmp_path / "into")["bin/hello"] == DATA


def test_members_with_a_dot_in_front(tmp_path: Path) -> None:
    """Packages made by `tar .` are in old channels."""
    members = [T(f"./{member.name}", member.data) for member in info([HELLO])]
    path = bz2_package(tmp_path, [folder("./"), T("./bin/hello", DATA), *members])
    read_package(path).extract(tmp_path / "into")
    assert tree(tmp_path / "into")["bin/hello"] == DATA


# -- refusing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"name": "bar"},
        {"version": "2"},
        {"build": "1"},
        {"name": "../../x"},
        {"name": None},
        {"build": ""},
        {"version": 1},
    ],
)
def test_the_file_name_is_that_of_the_index(tmp_path: Path, change: dict[str, Any]) -> None:
    """D16."""
    assert "not the file's name" in refused(conda(tmp_path, info_tar=tar(info([HELLO], {**INDEX, **change}))))


def test_a_renamed_package(tmp_path: Path) -> None:
    """D16."""
    path = conda(tmp_path)
    for name in ("foo-1.0-1.conda", "bar.conda"):
        renamed = path.rename(tmp_path / name)
        refused(renamed)
        path = renamed


@pytest.mark.parametrize("change", [{"build_number": "0"}, {"build_number": None}, {"subdir": None}, {"subdir": 1}])
def test_an_index_without_what_an_index_needs(tmp_path: Path, change: dict[str, Any]) -> None:
    assert "no build_number or no subdir" in refused(conda(tmp_path, info_tar=tar(info([HELLO], {**INDEX, **change}))))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("name", ["index.json", "paths.json"])
def test_metadata_that_is_no_json(tmp_path: Path, name: str, data: bytes) -> None:
    members = [member for member in info([HELLO]) if member.name != f"info/{name}"]
    assert f"info/{name}" in refused(conda(tmp_path, info_tar=tar([*members, T(f"info/{name}", data)])))


@pytest.mark.parametrize("name", ["index.json", "paths.json"])
def test_missing_metadata(tmp_path: Path, name: str) -> None:
    members = [member for member in info([HELLO]) if member.name != f"info/{name}"]
    assert f"it has no info/{name}" in refused(conda(tmp_path, info_tar=tar(members)))


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        ([], "'bin/hello' is not listed"),
        ([HELLO, path_entry("bin/other", b"")], "'bin/other', which is not there"),
        ([path_entry("bin/hello", b"HELLO\n")], "not the digest"),
        ([{**HELLO, "size_in_bytes": 7}], "has 6 bytes, and paths.json says 7"),
        ([HELLO, path_entry("../../etc/cron.d/x", b"")], "lists '../../etc/cron.d/x'"),
        ([HELLO, path_entry("/etc/x", b"")], "lists '/etc/x'"),
        ([HELLO, path_entry("info/index.json", b"")], "lists 'info/index.json'"),
        ([HELLO, path_entry("a//b", b"")], "lists 'a//b'"),
    ],
)
def test_paths_json_must_be_true(tmp_path: Path, listed: list[dict[str, object]], why: str) -> None:
    """D17."""
    path = conda(tmp_path, info_tar=tar(info(listed)))
    assert why in refused(path)
    with pytest.raises(SourceError):
        read_package(path).members()


def test_every_link_must_be_listed(tmp_path: Path) -> None:
    path = conda(tmp_path, payload(symlink("bin/l", "hello")), tar(info([HELLO])))
    assert "'bin/l' is not listed" in refused(path)


@pytest.mark.parametrize(
    "document", [b"{}", b'{"paths": {}}', b'{"paths": [1]}', b'{"paths": [{}]}', b'{"paths": [{"_path": 1}]}']
)
def test_a_list_of_paths_that_is_none(tmp_path: Path, document: bytes) -> None:
    members = [T("info/index.json", json.dumps(INDEX).encode()), T("info/paths.json", document)]
    assert "lists no paths" in refused(conda(tmp_path, info_tar=tar(members)))


@pytest.mark.parametrize(
    "members",
    [
        [T("../x")],
        [T("/x")],
        [symlink("l", "/etc"), T("l/x")],
        [symlink("l", "/etc/passwd")],
        [symlink("l", "../x")],
        [hardlink("h", "/etc/passwd")],
        [hardlink("h", "../x")],
        [T("c", type=tarfile.CHRTYPE)],
        [T("f", type=tarfile.FIFOTYPE)],
        [T("bin/hello", DATA)],
        [T("a//b")],
        [T("caf\udce9")],
    ],
)
def test_members_that_no_package_may_hold(tmp_path: Path, members: list[T]) -> None:
    """D1-D7, D13, D20."""
    assert "member" in refused(conda(tmp_path, payload(*members), tar(info([HELLO]))))


def test_a_duplicate_in_the_info_archive(tmp_path: Path) -> None:
    """D13."""
    assert "twice" in refused(conda(tmp_path, info_tar=tar([*info([HELLO]), T("info/index.json", b"{}")])))


def test_modes_are_cleaned(tmp_path: Path) -> None:
    """D8, D9."""
    data = tar([T("bin/hello", DATA, mode=0o6777)])
    read_package(conda(tmp_path, data)).extract(tmp_path / "into")
    assert (tmp_path / "into/bin/hello").stat().st_mode & 0o7777 == 0o755


def test_an_info_folder_that_is_too_large(tmp_path: Path) -> None:
    members = [*info([HELLO]), *(T(f"info/{number}", bytes(1 << 20)) for number in range(5))]
    path = conda(tmp_path, info_tar=tar(members))
    with pytest.raises(SourceError, match="3000000 bytes that are allowed"):
        read_package(path, limits=UnpackLimits(size=3_000_000))
    with pytest.raises(SourceError, match="expands more than 200 times"):
        read_package(path, limits=UnpackLimits(ratio_from=1_000_000))


@pytest.mark.parametrize("name", ["foo-1.0-0.zip", "foo-1.0-0", "foo-1.0-0.tar.gz"])
def test_other_names(tmp_path: Path, name: str) -> None:
    path = conda(tmp_path).rename(tmp_path / name)
    with pytest.raises(SourceError, match=r"ends with \.conda or \.tar\.bz2"):
        read_package(path)


@pytest.mark.parametrize("name", [f"{STEM}.conda", f"{STEM}.tar.bz2"])
@pytest.mark.parametrize("data", [b"", b"<html>", b"PK\x03\x04garbage", b"BZh9garbage"])
def test_no_packages(tmp_path: Path, name: str, data: bytes) -> None:
    """D19."""
    (tmp_path / name).write_bytes(data)
    refused(tmp_path / name)


# -- the index record --------------------------------------------------------------------------------------------------


def test_the_record_is_canonical(tmp_path: Path) -> None:
    members = [*info([HELLO], {**INDEX, "license": "MÏT"}), T("info/run_exports.json", b'{"weak": ["foo >=1"]}')]
    path = conda(tmp_path, info_tar=tar(members))
    record = package_record(path, sha256="1" * 64, md5="2" * 32, size=7)
    assert record == (
        '{"build":"0","build_number":0,"depends":[],"license":"MÏT","md5":"' + "2" * 32 + '","name":"foo",'
        '"run_exports":{"weak":["foo >=1"]},"sha256":"' + "1" * 64 + '","size":7,"subdir":"linux-64","version":"1.0"}'
    )
    assert package_record(read_package(path), sha256="1" * 64, md5="2" * 32, size=7) == record


def test_a_record_without_run_exports_has_no_such_key(tmp_path: Path) -> None:
    assert "run_exports" not in package_record(conda(tmp_path), sha256="", md5="", size=0)
