"""Guesses: each kind of what builds embed is named as what it is."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest

from builder.pack import cause
from builder.pack.cause import Cause, Known, guess
from builder.pack.difference import Difference


def lines(one: str, other: str, *, reordered: bool = False) -> Difference:
    sides = one.encode(), other.encode()
    return Difference(member="m", path="p", one=one, other=other, line=1, sides=sides, reordered=reordered)


def offset(one: bytes, other: bytes) -> Difference:
    at = next(n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1])
    return Difference(member="m", path="p", offset=at, sides=(one[at:], other[at:]))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("built Sun Nov 22 02:12:38 UTC 2026", "built Tue Dec 28 09:24:40 UTC 2027", cause.TIME),
        ("2026-11-22", "2027-12-28", cause.TIME),
        ("(c) 2026 somebody", "(c) 2027 somebody", cause.TIME),
        ("stamp=1795313558", "stamp=1829985880", cause.TIME),
        ("stamp=1795313558123", "stamp=1829985880123", cause.TIME),
        ("20261122T021238", "20271228T092440", cause.TIME),
        ("22/Nov/2026", "28/Dec/2027", cause.TIME),
        ("12:01", "19:13", cause.TIME),
        ("jobs: 8", "jobs: 7", cause.PROCESSORS),
        ("make -j8 all", "make -j7 all", cause.PROCESSORS),
        ("8", "7", cause.PROCESSORS),
        ("Linux 6.1.0-13-amd64", "Linux 2.6.61-13-amd64", cause.KERNEL),
        ("declare -x A=1", "declare -x FAKETIME=+401d", cause.ENVIRONMENT),
        ("LD_LIBRARY_PATH=", "LD_PRELOAD=/x", cause.ENVIRONMENT),
        ("/tmp/tmp.pBDkHpo5M0", "/tmp/tmp.G9VxUKBwfL", cause.TEMPORARY),
        ("dir=tmpab12cd34/x", "dir=tmpzz99yy88/x", cause.TEMPORARY),
        ("seed 27029", "seed 24794", cause.RANDOM),
        ("eb7c0f64-46a9-8", "1d611a1d-7e8e-7", cause.RANDOM),
        ("id 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "id 0f8fad5b-d9cb-469f-a165-70867728950e", cause.RANDOM),
        ("at 0x7ffd1234abcd", "at 0x7ffe98765432", cause.RANDOM),
        ("0.8137519", "0.2239981", cause.RANDOM),
        ("left", "right", cause.UNKNOWN),
        ("", "more", cause.UNKNOWN),
    ],
)
def test_lines(one: str, other: str, expected: Cause) -> None:
    assert guess(lines(one, other), b"", Known(processors=(8, 7))) == expected


def test_the_number_of_processors_is_no_digit_of_another_number() -> None:
    assert guess(lines("x18", "x17"), b"", Known(processors=(8, 7))) == cause.UNKNOWN


def test_an_order_whatever_is_in_the_lines() -> None:
    assert guess(lines("2026-01-01", "2027-01-01", reordered=True), b"", Known()) == cause.ORDER


def _tar(time: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        member = tarfile.TarInfo("a")
        member.mtime = time
        archive.addfile(member)
    return out.getvalue()


def _zip(minute: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a", (2026, 1, 1, 0, minute, 0)), b"x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_tar(1), _tar(2)),
        (_zip(1), _zip(2)),
        (gzip.compress(b"x", mtime=1), gzip.compress(b"x", mtime=2)),
        (b"!<arch>\na.o/            1           ", b"!<arch>\na.o/            2           "),
    ],
    ids=["tar", "zip", "gzip", "ar"],
)
def test_times_in_archives(one: bytes, other: bytes) -> None:
    assert guess(offset(one, other), one[:512], Known()) == cause.FILE_TIME


def test_what_is_compressed_is_not_the_archives_time() -> None:
    one, other = (gzip.compress(text, mtime=1) for text in (b"left", b"right"))
    assert guess(offset(one, other), one, Known()) != cause.FILE_TIME


def test_every_guess_has_a_remedy() -> None:
    causes = [value for value in vars(cause).values() if isinstance(value, Cause)]
    assert len(causes) == 9
    assert all(one.what and one.remedy and one.remedy[-1] != "." for one in causes)
