"""One file of an archive, where unpacking would put it."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from builder.archive import unpack
from builder.archive.single import read_single
from builder.errors import SourceError

MOST = 1000


def tar(path: Path, *members: tuple[str, bytes | str]) -> Path:
    """Write a tar of files (bytes) and links (text; hard ones begin with ``=``)."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
                continue
            info.type = tarfile.LNKTYPE if content.startswith("=") else tarfile.SYMTYPE
            info.linkname = content.removeprefix("=")
            archive.addfile(info)
    return path


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ([("top/v.txt", b"1"), ("top/other", b"2")], b"1"),
        ([("v.txt", b"1"), ("other", b"2")], b"1"),
        ([("top/v.txt", b"1"), ("other", b"2")], None),
        ([("v.txt/v.txt", b"1")], b"1"),
        ([("top/real", b"1"), ("top/v.txt", "real")], b"1"),
        ([("real", b"1"), ("deep/one", b""), ("v.txt", "deep/../real")], b"1"),
        ([("top/real", b"1"), ("top/v.txt", "=top/real")], b"1"),
        ([("a", b""), ("v.txt", "v2"), ("v2", "v.txt")], None),
        ([("a", b""), ("v.txt", "nowhere")], None),
        ([("./top/./v.txt", b"1")], b"1"),
        ([("top/v.txt/inner", b"1")], None),
        ([("v.txt", b"1"), ("a", b""), ("v.txt", b"2")], b"2"),
        ([("real", b"1"), ("v.txt", "=real"), ("real", b"2")], b"1"),  # found by `make fuzz`
        ([("v.txt", b"1"), ("v.txt", "=v.txt"), ("a", b"")], b"1"),
    ],
)
def test_a_file_is_found_where_unpacking_puts_it(
    tmp_path: Path, members: list[tuple[str, bytes | str]], found: bytes | None
) -> None:
    archive = tar(tmp_path / "a.tar.gz", *members)
    assert read_single(archive, "v.txt", most=MOST) == found
    unpack(archive, tmp_path / "out")
    there = tmp_path / "out" / "v.txt"
    assert (there.read_bytes() if there.is_file() else None) == found


def test_a_top_folder_may_stay(tmp_path: Path) -> None:
    archive = tar(tmp_path / "a.tar.gz", ("top/v.txt", b"1"), ("top/link", "v.txt"))
    assert read_single(archive, "v.txt", most=MOST, strip=False) is None
    assert read_single(archive, "top/link", most=MOST, strip=False) == b"1"


def test_a_zip_is_read_too_and_a_wheel_keeps_its_top_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("top/v.txt", b"1")
    assert read_single(tmp_path / "a.zip", "v.txt", most=MOST) == b"1"
    assert read_single(tmp_path / "a.zip", "v.txt", most=MOST, name="a.whl") is None
    assert read_single(tmp_path / "a.zip", "top/v.txt", most=MOST, name="a.whl") == b"1"


@pytest.mark.parametrize(
    "members",
    [
        [("v.txt", b"1"), ("../out", b"2")],
        [("v.txt", "../../../etc/passwd"), ("a", b"")],
        [("v.txt", "/etc/passwd"), ("a", b"")],
        [("v.txt", b"x" * (MOST + 1)), ("a", b"")],
    ],
)
def test_what_unpacking_refuses_is_refused(tmp_path: Path, members: list[tuple[str, bytes | str]]) -> None:
    with pytest.raises(SourceError):
        read_single(tar(tmp_path / "a.tar.gz", *members), "v.txt", most=MOST)


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"<html>")
    with pytest.raises(SourceError, match=r"a\.tar\.gz: it is no archive"):
        read_single(tmp_path / "a.tar.gz", "v.txt", most=MOST)
