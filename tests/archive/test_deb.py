from __future__ import annotations

import io

import pytest

from builder.archive.deb import DataMember, open_data
from builder.archive.member import MalformedError
from tests.archive.making import ar


def data_of(members: list[tuple[bytes, bytes]]) -> DataMember:
    return open_data(io.BytesIO(ar(members)))


@pytest.mark.parametrize("before", [b"", b"x", b"xy"])
@pytest.mark.parametrize("name", [b"data.tar.xz", b"data.tar/", b"data.tar.zst"])
def test_the_data_member_is_found_behind_others(before: bytes, name: bytes) -> None:
    data = data_of(
        [(b"debian-binary", b"2.0\n"), (b"control.tar.gz", before), (name, b"payload"), (b"_extra", b"more")]
    )
    assert data.read(3) == b"pay"
    assert data.read(1000) == b"load"
    assert data.read(1000) == b""


def test_its_compression_is_told_by_its_bytes() -> None:
    assert data_of([(b"data.tar.gz", b"\xfd7zXZ\x00...")]).compression == "xz"
    assert data_of([(b"data.tar.gz", b"")]).compression is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no ar archive"),
        (b"<html>", "no ar archive"),
        (b"!<arch>\n", "no data.tar"),
        (ar([(b"debian-binary", b"2.0\n")]), "no data.tar"),
        (ar([(b"data.tar", b"")])[:40], "damaged"),
        (ar([(b"data.tar", b"")]).replace(b"`\n", b"xx"), "damaged"),
        (ar([(b"other", b"")]).replace(b"0         `", b"-5        `"), "damaged"),
        (ar([(b"other", b"")]).replace(b"0         `", b"          `"), "damaged"),
    ],
)
def test_bad_archives(data: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        open_data(io.BytesIO(data))


def test_a_part_that_is_cut_off() -> None:
    whole = ar([(b"data.tar", b"payload")])
    with pytest.raises(MalformedError, match="cut off"):
        open_data(io.BytesIO(whole[:-4]))


@pytest.mark.parametrize("names", [(b"data.tar.gz", b"data.tar.xz"), (b"control.tar", b"control.tar", b"data.tar")])
def test_parts_of_which_readers_take_one_or_the_other(names: tuple[bytes, ...]) -> None:
    """dpkg takes the first; others the last, or the one whose suffix they know."""
    with pytest.raises(MalformedError, match="parts twice"):
        open_data(io.BytesIO(ar([(name, b"") for name in names])))


def test_more_parts_than_a_package_can_have() -> None:
    with pytest.raises(MalformedError, match="more than 16 parts"):
        open_data(io.BytesIO(ar([(b"%d" % number, b"") for number in range(20)])))
