from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from builder.archive import UnpackLimits, is_archive
from builder.archive.formats import open_archive
from builder.archive.member import MalformedError
from builder.archive.policy import DEBIAN, PACKAGES, SOURCES
from tests.archive.making import T, ar, conda, tar, zipped

TAR = tar([T("top/a", b"x")])


@pytest.mark.parametrize(
    "name",
    ["a.tar", "a.tar.gz", "A.TGZ", "a.tar.bz2", "a.tbz2", "a.tar.xz", "a.txz", "a.tar.zst", "a.tar.lzma", "a.zip",
     "a-1-py3-none-any.whl", "a.deb", "a-1-0.conda", "a.7z", "a.tar.lz"],
)  # fmt: skip
def test_archives_by_name(name: str) -> None:
    assert is_archive(name)


@pytest.mark.parametrize("name", ["a.gz", "a.py", "tar", "a.patch", "zip", "a.tar.gz.asc", "a.jar", ""])
def test_other_files_by_name(name: str) -> None:
    assert not is_archive(name)


@pytest.mark.parametrize("pack", [lambda d: d, gzip.compress, bz2.compress, lzma.compress, zstd.compress])
@pytest.mark.parametrize("name", ["a.tar.gz", "4f00d", "a.zip"])
def test_tar_by_its_bytes_whatever_its_name(tmp_path: Path, pack: Callable[[bytes], bytes], name: str) -> None:
    (tmp_path / "file").write_bytes(pack(TAR))
    opened = open_archive(tmp_path / "file", name, UnpackLimits())
    assert [member.path for member, _ in opened.members] == ["top/a"]
    assert (opened.rules, opened.may_strip) == (SOURCES, True)


def test_zip_and_wheel(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(zipped([("top/a", b"x")]))
    for name, strips in (("a.zip", True), ("a.tar.gz", True), ("a-1-py3-none-any.whl", False)):
        opened = open_archive(tmp_path / "file", name, UnpackLimits())
        assert [member.path for member, _ in opened.members] == ["top/a"]
        assert (opened.rules, opened.may_strip) == (SOURCES, strips)


def test_debian_packages(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(ar([(b"debian-binary", b"2.0\n"), (b"data.tar.xz", lzma.compress(TAR))]))
    opened = open_archive(tmp_path / "file", "whatever", UnpackLimits())
    assert [member.path for member, _ in opened.members] == ["top/a"]
    assert (opened.rules, opened.may_strip) == (DEBIAN, False)


def test_conda_packages(tmp_path: Path) -> None:
    opened = open_archive(conda(tmp_path), "foo-1.0-0.conda", UnpackLimits())
    assert [member.path for member, _ in opened.members] == ["info/index.json", "info/paths.json", "bin/hello"]
    assert (opened.rules, opened.may_strip) == (PACKAGES, False)


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"", "a.tar.gz", "it is empty"),
        (b"<!DOCTYPE html><html>", "a.tar.gz", "no archive"),
        (b"x" * 2000, "a.tar", "no archive"),
        (b"Rar!\x1a\x07\x01\x00", "a.rar", "not read"),
    ],
)
def test_no_archives(tmp_path: Path, data: bytes, name: str, why: str) -> None:
    """C14, D19."""
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(MalformedError, match=why):
        open_archive(tmp_path / "file", name, UnpackLimits())


def test_a_compressed_file_that_is_no_tar(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(gzip.compress(b"just a text" * 100))
    with pytest.raises(MalformedError):
        list(open_archive(tmp_path / "file", "a.gz", UnpackLimits()).members)
