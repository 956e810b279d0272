from __future__ import annotations

import errno
import hashlib
import os
import random
import resource
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.archive.elsewhere import Line, Passing
from builder.archive.files import Files, Maker
from builder.archive.member import MalformedError
from builder.archive.tar import Pieces
from builder.errors import MachineError
from tests.archive.making import elsewhere, tree, writer

HALL, HALLS = 1 << 20, 6
DIGEST = hashlib.sha256(b"x").hexdigest()


def pieces(data: bytes, step: int = 300_000) -> Pieces:
    return iter([memoryview(data)[at : at + step] for at in range(0, len(data), step)])


def one(maker: Maker, path: str, data: bytes = b"x") -> None:
    maker.file(path, 0o644, 1, pieces(data), hashlib.sha256(data).hexdigest())


def made(root: Path, work: Callable[[Maker], None]) -> None:
    """Do ``work`` with what makes things elsewhere, to its end."""
    root.mkdir()
    with elsewhere() as passing:
        try:
            maker = passing.below(root)
            work(maker)
            maker.finish({})
        finally:
            passing.close()


@pytest.mark.parametrize("size", [0, 1, HALL - 1, HALL, HALL + 1, 2 * HALL, HALLS * HALL, 3 * HALLS * HALL + 17])
@pytest.mark.parametrize("before", [0, 1, HALL - 1, HALL])
def test_contents_of_every_length(tmp_path: Path, size: int, before: int) -> None:
    """Whatever part of a hall is left, and however often they are all filled."""
    first, data = os.urandom(before), random.Random(size).randbytes(size)

    def work(maker: Maker) -> None:
        one(maker, "first", first)
        one(maker, "f", data)
        one(maker, "last")

    made(tmp_path / "root", work)
    assert tree(tmp_path / "root") == {"first": first, "f": data, "last": b"x"}


def test_a_piece_that_is_larger_than_all_halls(tmp_path: Path) -> None:
    data = os.urandom(HALLS * HALL + 5)
    made(tmp_path / "root", lambda maker: maker.file("f", 0o600, 1, iter([memoryview(data)]), None))
    assert (tmp_path / "root" / "f").read_bytes() == data


def test_more_members_than_one_list_holds(tmp_path: Path) -> None:
    """Without contents no hall would ever be full."""

    def work(maker: Maker) -> None:
        for number in range(2500):
            maker.folder(f"d{number}")
            maker.symlink(f"d{number}/l", "x", number)

    made(tmp_path / "root", work)
    assert len(tree(tmp_path / "root")) == 5000
    assert int((tmp_path / "root" / "d2499" / "l").lstat().st_mtime) == 2499


@dataclass(frozen=True)
class Step:
    """Something to make: a file, or a link of either kind in its place."""

    path: str
    data: bytes
    mode: int
    number: int
    what: float

    def make(self, maker: Maker) -> None:
        if self.what < 0.8:
            maker.file(self.path, self.mode, self.number, pieces(self.data), None)
        elif self.what < 0.9:
            maker.symlink(self.path, "x\udce9", self.number)
        else:
            one(maker, "caf\udce9")
            maker.link(self.path, "caf\udce9")


def step(chance: random.Random, number: int) -> Step:
    """One at random: files of all sizes, often in each other's place."""
    size = int(chance.lognormvariate(8, 2.5)) % (3 * HALL)
    path, mode = f"d{chance.randrange(20)}/f{chance.randrange(30)}", chance.choice([0o644, 0o755, 0o600])
    return Step(path, chance.randbytes(size), mode, number, chance.random())


@pytest.mark.parametrize("seed", range(8))
def test_the_same_is_made_as_here(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    steps = [step(chance, number) for number in range(400)]

    def work(maker: Maker) -> None:
        for number in range(20):
            maker.folder(f"d{number}")
        for one_of_many in steps:
            one_of_many.make(maker)
        maker.finish({f"d{number}": number for number in range(20)})

    made(tmp_path / "there", work)
    (tmp_path / "here").mkdir()
    here = Files(tmp_path / "here")
    work(here)
    here.close()
    assert tree(tmp_path / "there") == tree(tmp_path / "here")
    for path in (tmp_path / "here").rglob("*"):
        other = (tmp_path / "there" / path.relative_to(tmp_path / "here")).lstat()
        assert (other.st_mode, other.st_mtime) == (path.lstat().st_mode, path.lstat().st_mtime)


@pytest.mark.parametrize(
    "work",
    [lambda maker: maker.folder("x" * 300), lambda maker: one(maker, "no/f"), lambda maker: maker.link("a", "b")],
    ids=["folder", "file", "link"],
)
def test_what_the_disk_refuses_is_told_as_here(tmp_path: Path, work: Callable[[Maker], None]) -> None:
    (tmp_path / "here").mkdir()
    here = Files(tmp_path / "here")
    with pytest.raises(OSError, match="Errno") as ours:
        work(here)
    here.close()
    with pytest.raises(OSError, match="Errno") as theirs:
        made(tmp_path / "there", work)
    assert type(theirs.value) is type(ours.value)
    assert str(theirs.value) == str(ours.value)


def test_a_full_disk_ends_it_long_before_the_end(tmp_path: Path) -> None:
    """Whoever passes does not go on for ever with what nobody writes."""
    passed = 0

    def endless() -> Iterator[memoryview]:
        nonlocal passed
        while True:
            passed += 1
            yield memoryview(bytes(HALL))

    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * HALL, old[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            made(tmp_path / "root", lambda maker: maker.file("f", 0o644, 1, endless(), None))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert caught.value.errno == errno.EFBIG
    assert passed < 3 * HALLS


@pytest.mark.parametrize("size", [0, 5, 2 * HALL, 2 * HALLS * HALL])
def test_a_file_that_is_another(tmp_path: Path, size: int) -> None:
    with pytest.raises(MalformedError, match="'f' has not the digest that paths"):
        made(tmp_path / "root", lambda maker: maker.file("f", 0o644, 1, pieces(bytes(size)), DIGEST))


def test_who_gives_up_has_nobody_writing_behind_his_back(tmp_path: Path) -> None:
    """In the middle of a file, which is left as it is; what had been passed may be there or not."""
    (tmp_path / "root").mkdir()
    with elsewhere() as passing:
        maker = passing.below(tmp_path / "root")
        for number in range(3000):
            one(maker, f"f{number}")

        def broken() -> Iterator[memoryview]:
            yield memoryview(bytes(2 * HALL))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            maker.file("last", 0o644, 1, broken(), None)
        passing.close()
        found = tree(tmp_path / "root")
        time.sleep(0.1)
        assert tree(tmp_path / "root") == found
        assert len(found) > 2000


def test_nothing_to_do(tmp_path: Path) -> None:
    with elsewhere() as passing:
        passing.close()
    made(tmp_path / "root", lambda _: None)
    assert tree(tmp_path / "root") == {}


@pytest.fixture
def lonely() -> Iterator[tuple[Passing, int]]:
    """The end of a line whose other end can be killed."""
    line = Line()
    other = writer(line)
    yield line.passing(), other
    os.kill(other, signal.SIGKILL)
    os.waitpid(other, 0)


@pytest.mark.parametrize("number", [0, 1, 5000])
def test_a_killed_writer_is_told(lonely: tuple[Passing, int], tmp_path: Path, number: int) -> None:
    passing, other = lonely
    (tmp_path / "root").mkdir()
    maker = passing.below(tmp_path / "root")
    for one_of_many in range(number):
        one(maker, f"f{one_of_many}")
    os.kill(other, signal.SIGKILL)

    def more() -> None:
        for one_of_many in range(20):
            one(maker, f"g{one_of_many}", bytes(HALL))
        maker.finish({})

    with pytest.raises(MachineError, match="the process that writes what is unpacked has ended"):
        more()
    passing.close()


def test_a_writer_ends_with_whoever_passes(tmp_path: Path) -> None:
    """It sees the end of the pipe, even in the middle of a list."""
    (tmp_path / "root").mkdir()
    line = Line()
    other = writer(line)
    first = os.fork()
    if first == 0:
        try:
            maker = line.passing().below(tmp_path / "root")
            for number in range(1500):
                one(maker, f"f{number}")
        finally:
            os._exit(0)
    line.passing().close()
    assert os.waitpid(first, 0)[1] == 0
    assert os.waitpid(other, 0)[1] == 0
