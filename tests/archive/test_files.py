from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.archive.files import Files, compared, wrong_digest
from builder.archive.member import MalformedError
from builder.archive.tar import Pieces
from tests.archive.making import tree


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    (tmp_path / "root").mkdir()
    found = Files(tmp_path / "root")
    yield found
    found.close()


def content(*pieces: bytes) -> Pieces:
    return iter([memoryview(piece) for piece in pieces])


def test_what_it_makes(files: Files, tmp_path: Path) -> None:
    files.folder("a")
    files.folder("a/b")
    files.file("a/b/f", 0o755, 7, content(b"one", b"two"), None)
    files.file("a/empty", 0o644, 8, content(), hashlib.sha256().hexdigest())
    files.symlink("l", "a/b", 9)
    files.link("a/h", "a/b/f")
    files.finish({"a": 10, "a/b": 11, ".": 12})
    root = tmp_path / "root"
    assert tree(root) == {
        "a": None, "a/b": None, "a/b/f": b"onetwo", "a/empty": b"", "a/h": b"onetwo", "l": "-> a/b",
    }  # fmt: skip
    assert {path.relative_to(root).as_posix(): int(path.lstat().st_mtime) for path in (root, *root.rglob("*"))} == {
        ".": 12, "a": 10, "a/b": 11, "a/b/f": 7, "a/empty": 8, "a/h": 7, "l": 9,
    }  # fmt: skip
    assert stat.S_IMODE((root / "a/b/f").stat().st_mode) == 0o755
    assert (root / "a/h").samefile(root / "a/b/f")


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o777])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    (tmp_path / "root").mkdir()
    old = os.umask(umask)
    try:
        files = Files(tmp_path / "root")
        files.folder("d")
        files.file("d/f", 0o755, 0, content(b"x"), None)
        files.close()
    finally:
        os.umask(old)
    for name in ("d", "d/f"):
        assert stat.S_IMODE((tmp_path / "root" / name).stat().st_mode) == 0o755


def test_what_is_in_the_way_is_replaced(files: Files, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    files.file("g", 0o644, 0, content(b"other"), None)
    makes: list[Callable[[], None]] = [
        lambda: files.file("f", 0o644, 0, content(b"new"), None),
        lambda: files.symlink("f", "x", 0),
        lambda: files.link("f", "g"),
    ]
    for make in makes:
        (tmp_path / "root" / "f").unlink(missing_ok=True)
        (tmp_path / "root" / "f").symlink_to(victim)
        make()
        assert victim.read_text() == "untouched"
    assert tree(tmp_path / "root") == {"f": b"other", "g": b"other"}


def test_what_cannot_be_made(files: Files) -> None:
    with pytest.raises(FileNotFoundError):
        files.file("no/folder", 0o644, 0, content(b""), None)
    with pytest.raises(OSError, match="File name too long"):
        files.folder("x" * 300)
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(MalformedError):
        files.file("f", 0o644, 0, content(b"data"), "0" * 64)
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def passed(pieces: list[bytes], digest: str) -> bytes:
    return b"".join(compared("f", content(*pieces), digest))


@given(st.lists(st.binary(max_size=5000), max_size=6))
def test_the_digest_is_that_of_all_pieces(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert passed(pieces, hashlib.sha256(data).hexdigest()) == data
    with pytest.raises(MalformedError, match="'f' has not the digest"):
        passed(pieces, hashlib.sha256(data + b"more").hexdigest())


def test_long_names_are_cut_where_people_read_them() -> None:
    assert len(wrong_digest("x" * 5000)) < 300
