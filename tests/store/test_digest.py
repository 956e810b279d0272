from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import SourceError
from builder.store import Digest, digest_file
from builder.store.digest import Digester


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_pieces_have_the_digest_of_the_whole(pieces: list[bytes]) -> None:
    digester = Digester()
    for piece in pieces:
        digester.update(piece)
    whole = b"".join(pieces)
    assert digester.digest() == Digest(
        sha256=hashlib.sha256(whole).hexdigest(), md5=hashlib.md5(whole).hexdigest(), size=len(whole)
    )


@pytest.mark.parametrize("size", [0, 1, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 3 << 18])
def test_a_file_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    (tmp_path / "file").write_bytes(data)
    found = digest_file(tmp_path / "file")
    assert (found.sha256, found.size) == (hashlib.sha256(data).hexdigest(), size)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        digest_file(tmp_path / "nothing")


def test_what_is_expected_may_be_nothing_or_in_capitals() -> None:
    found = Digester().digest()
    found.expect(None)
    found.expect(found.sha256.upper())
    with pytest.raises(SourceError, match=r"sha256 is e3b0.* \(0 bytes\), expected 0000"):
        found.expect("0" * 64)
