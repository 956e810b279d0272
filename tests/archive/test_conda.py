from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from builder.archive import UnpackLimits
from builder.archive.conda import METADATA, CondaFile
from builder.archive.member import MalformedError
from tests.archive.making import STEM, T, conda, info, tar, zipped

PKG, INFO = f"pkg-{STEM}.tar.zst", f"info-{STEM}.tar.zst"


def opened(path: Path) -> CondaFile:
    return CondaFile(path, UnpackLimits())


def read(path: Path) -> list[str]:
    return [member.path for member, _ in opened(path).members()]


def refused(path: Path) -> str:
    with pytest.raises(MalformedError) as caught:
        read(path)
    return str(caught.value)


def test_a_right_package(tmp_path: Path) -> None:
    path = conda(tmp_path)
    assert opened(path).stem == STEM
    assert [member.path for member, _ in opened(path).info()] == ["info/index.json", "info/paths.json"]
    assert [(member.path, b"".join(data)) for member, data in opened(path).payload()] == [("bin/hello", b"hello\n")]
    assert read(path) == ["info/index.json", "info/paths.json", "bin/hello"]


@pytest.mark.parametrize(
    "names",
    [
        ["metadata.json", PKG],
        ["metadata.json", INFO],
        [PKG, INFO],
        ["metadata.json", PKG, INFO, "pkg-foo-1.0-1.tar.zst"],
        ["metadata.json", PKG, INFO, "info-foo-1.0-1.tar.zst"],
        ["metadata.json", PKG, "info-foo-1.0-1.tar.zst"],
        ["metadata.json", PKG, INFO, "extra.txt"],
        ["metadata.json", PKG, INFO, "../x"],
        ["metadata.json", PKG, INFO, "pkg-"],
        ["metadata.json", f"pkg-{STEM}.tar.bz2", f"info-{STEM}.tar.bz2"],
        [],
    ],
)
def test_exactly_three_entries(tmp_path: Path, names: list[str]) -> None:
    """D10, D11, D14, D15."""
    assert "it must hold metadata.json, one pkg- and one info-" in refused(conda(tmp_path, names=names))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["metadata.json", PKG, INFO])
def test_an_entry_twice(tmp_path: Path, name: str) -> None:
    assert "it must hold" in refused(conda(tmp_path, names=["metadata.json", PKG, INFO, name]))


@pytest.mark.parametrize(
    "metadata",
    [
        b"",
        b"{",
        b"[]",
        b"2",
        b"{}",
        b'{"conda_pkg_format_version": 99}',
        b'{"conda_pkg_format_version": "2"}',
        b"\xff",
        b"[" * 4000,
    ],
)
def test_metadata_must_say_version_two(tmp_path: Path, metadata: bytes) -> None:
    """D14."""
    assert "format version 2" in refused(conda(tmp_path, metadata=metadata))


def test_metadata_that_is_a_book(tmp_path: Path) -> None:
    assert "too large" in refused(conda(tmp_path, metadata=METADATA + b" " * 5000))


def test_compressed_entries(tmp_path: Path) -> None:
    """D15."""
    assert "not stored" in refused(conda(tmp_path, compression=zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize("name", ["bin/x", "infos/x", "info", "./bin/x", "Info/x"])
def test_payload_in_the_info_archive(tmp_path: Path, name: str) -> None:
    """D12."""
    assert "payload file" in refused(conda(tmp_path, info_tar=tar([*info(), T(name)])))


@pytest.mark.parametrize("name", ["info/x", "./info/x", "info", "info/deep/x"])
def test_info_in_the_payload_archive(tmp_path: Path, name: str) -> None:
    """D12."""
    assert "info file" in refused(conda(tmp_path, payload=tar([T("bin/x"), T(name)])))


def test_a_payload_that_only_begins_like_info(tmp_path: Path) -> None:
    assert "infos/x" in read(conda(tmp_path, payload=tar([T("infos/x"), T("share/info/dir")])))


@pytest.mark.parametrize("data", [b"", b"<html>", b"PK\x03\x04", zipped([])[:10]])
def test_no_zip_at_all(tmp_path: Path, data: bytes) -> None:
    """D19."""
    (tmp_path / f"{STEM}.conda").write_bytes(data)
    assert "zip archive is damaged" in refused(tmp_path / f"{STEM}.conda")


def test_cut_off(tmp_path: Path) -> None:
    """D19."""
    path = conda(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    refused(path)


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = conda(tmp_path)
    data = bytearray(path.read_bytes())
    at = data.index(b"\x28\xb5\x2f\xfd") + 20
    data[at] ^= 0xFF
    path.write_bytes(data)
    assert "damaged" in refused(path) or "cut off" in refused(path)


def test_members_that_are_no_zstd(tmp_path: Path) -> None:
    path = tmp_path / f"{STEM}.conda"
    path.write_bytes(zipped([("metadata.json", METADATA), (PKG, b"plain"), (INFO, b"plain")], zipfile.ZIP_STORED))
    assert opened(path).stem == STEM
    with pytest.raises(MalformedError):
        list(opened(path).info())
