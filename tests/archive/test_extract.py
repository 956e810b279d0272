from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import pytest

from builder.archive import Member, MemberKind, UnpackLimits
from builder.archive.extract import Expected, Tree
from builder.archive.files import Files
from builder.archive.member import MalformedError
from builder.archive.policy import SOURCES, Gate
from builder.errors import SourceError
from tests.archive.making import elsewhere, tree

Extract = Callable[..., Tree]


@pytest.fixture(params=["here", "elsewhere"])
def extract(request: pytest.FixtureRequest) -> Extract:
    """Write a tree: in this process, and in another."""

    def extracted(root: Path, members: Iterable[tuple[Member, bytes]], expected: Expected = lambda *_: None) -> Tree:
        root.mkdir(exist_ok=True)
        with ExitStack() as stack:
            making = stack.enter_context(elsewhere()).below if request.param == "elsewhere" else Files
            written = stack.enter_context(Tree(root, Gate("a.tar", SOURCES, UnpackLimits()), making, expected))
            for member, data in members:
                written.add(member, iter([memoryview(data)] if data else []))
            written.finish()
        return written

    return extracted


def file(path: str, mode: int = 0o644, mtime: int = 1000) -> Member:
    return Member(path=path, kind=MemberKind.FILE, mode=mode, mtime=mtime)


def folder(path: str, mode: int = 0o755, mtime: int = 1000) -> Member:
    return Member(path=path, kind=MemberKind.DIRECTORY, mode=mode, mtime=mtime)


def link(path: str, target: str, kind: MemberKind = MemberKind.SYMLINK) -> Member:
    return Member(path=path, kind=kind, target=target, mtime=1500)


def test_every_kind(extract: Extract, tmp_path: Path) -> None:
    members = [
        (file("a/b/f"), b"data"),
        (folder("empty"), b""),
        (link("a/l", "b/f"), b""),
        (link("h", "a/b/f", MemberKind.HARDLINK), b""),
    ]
    extract(tmp_path / "x", members)
    assert tree(tmp_path / "x") == {
        "a": None, "a/b": None, "a/b/f": b"data", "a/l": "-> b/f", "empty": None, "h": b"data",
    }  # fmt: skip
    assert (tmp_path / "x" / "h").stat().st_ino == (tmp_path / "x" / "a/b/f").stat().st_ino


@pytest.mark.parametrize(
    ("given", "kept"),
    [(0o644, 0o644), (0o755, 0o755), (0o4755, 0o755), (0o6777, 0o755), (0o000, 0o600), (0o111, 0o711), (0o666, 0o644)],
)
def test_modes(extract: Extract, tmp_path: Path, given: int, kept: int) -> None:
    """C8, D8, D9: no set-user bit, nothing that others may write, everything that its owner may read and write."""
    old = os.umask(0o077)
    try:
        extract(tmp_path / "x", [(file("f", mode=given), b""), (folder("d", mode=given), b"")])
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "x/f").stat().st_mode) == kept
    assert stat.S_IMODE((tmp_path / "x/d").stat().st_mode) == 0o755


def test_times_are_kept(extract: Extract, tmp_path: Path) -> None:
    members = [
        (folder("d", mtime=50), b""),
        (file("d/f", mtime=1234), b"x"),
        (file("implied/g", mtime=77), b""),
        (link("l", "d"), b""),
    ]
    written = extract(tmp_path / "x", members)
    times = {path.name: int(path.lstat().st_mtime) for path in (tmp_path / "x").rglob("*")}
    assert times == {"d": 50, "f": 1234, "implied": 1500, "g": 77, "l": 1500}
    assert written.newest == 1500
    assert int((tmp_path / "x").stat().st_mtime) == 1500


def test_a_later_member_replaces_an_earlier_one(extract: Extract, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    members = [
        (file("a"), b"a long old content"),
        (file("a"), b"new"),
        (link("l", "a"), b""),
        (file("l"), b"was a link"),
        (file("f"), b"was a file"),
        (link("f", "a"), b""),
        (file("h"), b"old"),
        (link("h", "a", MemberKind.HARDLINK), b""),
        (link("a", "a", MemberKind.HARDLINK), b""),
    ]
    extract(tmp_path / "x", members)
    assert tree(tmp_path / "x") == {"a": b"new", "f": "-> a", "h": b"new", "l": b"was a link"}
    assert victim.read_text() == "untouched"


def test_a_replaced_file_does_not_change_its_hard_links(extract: Extract, tmp_path: Path) -> None:
    members = [(file("a"), b"old"), (link("h", "a", MemberKind.HARDLINK), b""), (file("a"), b"new")]
    extract(tmp_path / "x", members)
    assert tree(tmp_path / "x") == {"a": b"new", "h": b"old"}


def test_refused_members_touch_nothing_outside(extract: Extract, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mine")
    for bad in (file("../secret"), file(str(tmp_path / "secret")), link("h", "../secret", MemberKind.HARDLINK)):
        with pytest.raises(SourceError):
            extract(tmp_path / "x", [(bad, b"owned")])
    assert tree(tmp_path) == {"secret": b"mine", "x": None}


def test_a_file_that_somebody_put_there_is_not_followed(extract: Extract, tmp_path: Path) -> None:
    """Nobody else may write into the folder; if somebody does, a link there is replaced and never written through."""
    (tmp_path / "secret").write_text("mine")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "f").symlink_to(tmp_path / "secret")
    extract(tmp_path / "x", [(file("f"), b"data")])
    assert tree(tmp_path) == {"secret": b"mine", "x": None, "x/f": b"data"}


def test_contents_in_many_pieces(tmp_path: Path) -> None:
    pieces = [bytes([number]) * 70_000 for number in range(30)]
    (tmp_path / "x").mkdir()
    with Tree(tmp_path / "x", Gate("a", SOURCES, UnpackLimits())) as written:
        written.add(file("f"), map(memoryview, pieces))
    assert (tmp_path / "x/f").read_bytes() == b"".join(pieces)


def test_names_of_any_bytes(extract: Extract, tmp_path: Path) -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    extract(tmp_path / "x", [(file(name), b"x")])
    assert [os.fsencode(path.name) for path in (tmp_path / "x").iterdir()] == [b"caf\xe9"]


def test_a_file_is_what_is_expected_of_it(extract: Extract, tmp_path: Path) -> None:
    digests = {path: hashlib.sha256(path.encode()).hexdigest() for path in ("a", "b/c")}
    members = [(file(path, mtime=5), path.encode()) for path in ("a", "b/c", "d")]
    extract(tmp_path / "x", members, lambda path, member: digests.get(path) if member.mtime == 5 else "none")
    assert tree(tmp_path / "x") == {"a": b"a", "b": None, "b/c": b"b/c", "d": b"d"}
    with pytest.raises(MalformedError, match="'d' has not the digest that paths"):
        extract(tmp_path / "y", members, lambda path, _: digests.get(path, digests["a"]))
