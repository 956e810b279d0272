from __future__ import annotations

import asyncio
import gzip
import itertools
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from builder import sandbox
from builder.archive import Member, MemberKind, UnpackLimits, lay_out, read_package, unpack
from builder.archive.oddity import OddKind
from builder.errors import BakehouseError, MachineError, SourceError
from builder.sandbox.confined import Confined, Jails, confine
from builder.sandbox.handed import Walk
from builder.sandbox.processes import family
from builder.store import Store
from tests.archive.making import T, ar, conda, folder, hardlink, info, path_entry, symlink, tar, tree, zipped

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store")
    yield store
    store.close()


def leftovers(store: Store) -> list[str]:
    """What jobs left in the store."""
    return [path.name for path in store.root.glob("sessions/*/unpacking-*/*")]


def archive(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


MEMBERS = [
    folder("x", 0o700), T("x/f", b"content", mode=0o4775), symlink("x/l", "f"), hardlink("x/h", "x/f"),
    T("x/caf\udce9", b"bytes"), T("x/con", b"odd"),
]  # fmt: skip


def test_the_same_comes_out_as_here(own: Store, tmp_path: Path) -> None:
    """Names, bytes, modes, times, warnings: behind walls nothing is other."""
    path = archive(tmp_path, "a.tar.gz", gzip.compress(tar(MEMBERS)))
    there, here = confine(own).unpack(path, tmp_path / "there"), unpack(path, tmp_path / "here")
    assert there == here
    assert {one.kind for one in there.warnings} == {OddKind.SET_BITS, OddKind.NOT_UTF8, OddKind.RESERVED}
    assert tree(tmp_path / "there") == tree(tmp_path / "here")
    for one in (tmp_path / "here").rglob("*"):
        other = (tmp_path / "there" / one.relative_to(tmp_path / "here")).lstat()
        assert (other.st_mode, other.st_mtime, other.st_nlink) == (
            one.lstat().st_mode, one.lstat().st_mtime, one.lstat().st_nlink,
        )  # fmt: skip
    assert leftovers(own) == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tar", tar([T("../x")])),
        ("a.tar", tar([T("a"), hardlink("b", "/etc/passwd")])),
        ("a.tar", tar([symlink("a", "../../x")])),
        ("a.tar.gz", gzip.compress(tar([T("a", b"x")]))[:-5]),
        ("a.zip", zipped([("../x", b"")])),
        ("a.deb", ar([(b"debian-binary", b"2.0\n")])),
        ("a.tar.gz", b"<html>no such file</html>"),
        ("empty.zip", b""),
    ],
    ids=["up", "hard link", "symlink", "cut off", "zip", "deb", "page", "empty"],
)
def test_errors_are_the_very_same(name: str, data: bytes, own: Store, tmp_path: Path) -> None:
    path = archive(tmp_path, name, data)
    with pytest.raises(BakehouseError) as here:
        unpack(path, tmp_path / "here")
    with pytest.raises(BakehouseError) as there:
        confine(own).unpack(path, tmp_path / "there")
    assert type(there.value) is type(here.value)
    assert there.value.problems == here.value.problems
    assert not (tmp_path / "there").exists()
    assert leftovers(own) == []


def walked(members: list[tuple[Member, bytes]], error: Exception | None = None) -> Walk:
    """Give members with their contents, then ``error``."""

    def walk() -> Generator[tuple[Member, Iterator[memoryview]], None, None]:
        for member, data in members:
            yield member, iter([memoryview(data)])
        if error is not None:
            raise error

    return walk


def plain(path: str, data: bytes = b"x", mode: int = 0o644) -> tuple[Member, bytes]:
    return Member(path=path, kind=MemberKind.FILE, mode=mode, size=len(data), mtime=7), data


def link(path: str, target: str) -> tuple[Member, bytes]:
    return Member(path=path, kind=MemberKind.SYMLINK, mtime=7, target=target), b""


LAID_OUT = [plain("a", b"1" * 100_000), plain("d/run", mode=0o755), link("l", "d/run"), plain("con"), plain("\udce9")]


def test_members_are_laid_out_as_here(own: Store, tmp_path: Path) -> None:
    there = confine(own).lay_out(walked(LAID_OUT), tmp_path / "there", name="x", size=9, limits=UnpackLimits())
    here = lay_out(walked(LAID_OUT)(), tmp_path / "here", name="x")
    assert there == here
    assert {one.kind for one in there.warnings} == {OddKind.NOT_UTF8, OddKind.RESERVED}
    assert tree(tmp_path / "there") == tree(tmp_path / "here")
    for one in (tmp_path / "here").rglob("*"):
        other = (tmp_path / "there" / one.relative_to(tmp_path / "here")).lstat()
        assert (other.st_mode, other.st_mtime) == (one.lstat().st_mode, one.lstat().st_mtime)
    assert leftovers(own) == []


@pytest.mark.parametrize(
    ("members", "error", "said"),
    [
        ([plain("a"), plain("../x"), *[plain(f"f{number}") for number in range(5000)]], None, "has '..' in its path"),
        ([plain("a")], SourceError("the walk ends here"), "the walk ends here"),
        ([plain("a")], MachineError("the cache is damaged"), "the cache is damaged"),
        ([plain("../x")], SourceError("the walk ends here"), "has '..' in its path"),
        ([plain("x" * 9999)], None, "a path of more than 1024 bytes"),
    ],
    ids=["refused", "no source", "no machine", "the first counts", "long"],
)
def test_the_first_thing_that_is_wrong_is_told(
    own: Store, tmp_path: Path, members: list[tuple[Member, bytes]], error: BakehouseError | None, said: str
) -> None:
    with pytest.raises(type(error) if error and said == str(error) else SourceError, match=re.escape(said)):
        confine(own).lay_out(walked(members, error), tmp_path / "out", name="x", size=9, limits=UnpackLimits())
    assert not (tmp_path / "out").exists()
    assert leftovers(own) == []


def test_a_defect_of_ours_ends_the_job_first(own: Store, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        confine(own).lay_out(
            walked(LAID_OUT, ZeroDivisionError()), tmp_path / "out", name="x", size=9, limits=UnpackLimits()
        )
    assert leftovers(own) == []
    confine(own).lay_out(walked(LAID_OUT), tmp_path / "out", name="x", size=9, limits=UnpackLimits())


def test_a_walk_without_end_is_given_up(own: Store, tmp_path: Path) -> None:
    unpacker = confine(own)

    def walk() -> Generator[tuple[Member, Iterator[memoryview]], None, None]:
        for number in itertools.count():
            if number == 1000:
                unpacker.abandon()
            yield from walked([plain(f"f{number}")])()

    with pytest.raises(MachineError, match="given up"):
        unpacker.lay_out(walk, tmp_path / "out", name="x", size=9, limits=UnpackLimits())
    assert not (tmp_path / "out").exists()
    assert leftovers(own) == []


def kill_all(pid: int) -> None:
    """Kill a process and all that it has started, some of which end with the first."""
    for member in list(family(pid)):
        with suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)


def test_a_walk_begins_anew_when_the_process_is_killed(own: Store, tmp_path: Path) -> None:
    confine(own).lay_out(walked(LAID_OUT), tmp_path / "one", name="x", size=9, limits=UnpackLimits())
    jail = own.lasting(Jails, lambda: pytest.fail("there is one already")).standing()
    walks: list[int] = []

    def walk() -> Generator[tuple[Member, Iterator[memoryview]], None, None]:
        walks.append(1)
        for number in range(3000):
            if number == 1000 and len(walks) == 1:
                kill_all(jail.pid)
            yield from walked([plain(f"f{number}")])()

    found = confine(own).lay_out(walk, tmp_path / "two", name="x", size=9, limits=UnpackLimits())
    assert (found.members, len(walks), len(list((tmp_path / "two").iterdir()))) == (3000, 2, 3000)
    assert leftovers(own) == []


def test_members_are_laid_out_without_bubblewrap_too(own: Store, tmp_path: Path) -> None:
    jails = Jails(lambda: own.session_folder("unpacking"), search_path=str(tmp_path))
    try:
        Confined(jails).lay_out(walked(LAID_OUT), tmp_path / "out", name="x", size=9, limits=UnpackLimits())
    finally:
        jails.close()
    assert (tmp_path / "out" / "l").read_bytes() == b"x"


def test_packages_are_extracted_and_compared(own: Store, tmp_path: Path) -> None:
    path = conda(tmp_path)
    confine(own).extract(path, tmp_path / "there")
    read_package(path).extract(tmp_path / "here")
    assert tree(tmp_path / "there") == tree(tmp_path / "here")
    renamed = path.rename(tmp_path / "foo-2.0-0.conda")
    with pytest.raises(SourceError, match=r"foo-2\.0-0\.conda: "):
        confine(own).extract(renamed, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_single_files_are_read(own: Store, tmp_path: Path) -> None:
    path = archive(tmp_path, "source", gzip.compress(tar([T("x/f", bytes(range(256))), T("x/d/g", b"")])))
    reader = confine(own)
    assert reader.read_single(path, "f", most=256, name="a.tar.gz") == bytes(range(256))
    assert reader.read_single(path, "x/f", most=256, name="a.tar.gz", strip=False) == bytes(range(256))
    assert reader.read_single(path, "nothing", most=256) is None
    with pytest.raises(SourceError, match="more than 9 bytes"):
        reader.read_single(path, "f", most=9)


def test_arguments_reach_the_other_side(own: Store, tmp_path: Path) -> None:
    path = archive(tmp_path, "stored", tar([T("x/a"), T("x/A")]))
    assert confine(own).unpack(path, tmp_path / "kept", strip=False, name="a.tar").members == 2
    assert sorted(tree(tmp_path / "kept")) == ["x", "x/A", "x/a"]
    with pytest.raises(SourceError, match=r"a\.tar: member 'x/A' and 'x/a' are one"):
        confine(own).unpack(path, tmp_path / "blind", name="a.tar", case_blind=True)
    with pytest.raises(SourceError, match="one more than the 1 members"):
        confine(own).unpack(path, tmp_path / "few", limits=UnpackLimits(members=1))
    assert confine(own).unpack(path, tmp_path / "more", name="a.tar", limits=UnpackLimits(members=2)).members == 2
    with pytest.raises(ValueError, match="is not empty"):
        confine(own).unpack(path, tmp_path / "kept")
    with pytest.raises(FileNotFoundError):
        confine(own).unpack(tmp_path / "absent.tar", tmp_path / "absent")


def test_who_comes_first_says_how_much_an_archive_may_hold(own: Store, tmp_path: Path) -> None:
    path = archive(tmp_path, "a.tar", tar([T("x/f", b"1"), T("x/g", b"2")]))
    assert confine(own, limits=UnpackLimits(members=1)).limits.members == 1
    for reader in (confine(own), confine(own, limits=UnpackLimits(members=5))):
        with pytest.raises(SourceError, match="one more than the 1 members that are allowed") as caught:
            reader.unpack(path, tmp_path / "few")
        assert "--archive-limit members=…" in str(caught.value.problems[0].remedy)
        with pytest.raises(SourceError, match="one more than the 1 members"):
            reader.read_single(path, "g", most=9)


def test_one_process_serves_all_and_ends_with_the_store(own: Store, tmp_path: Path) -> None:
    path = archive(tmp_path, "a.tar", tar([T("x/f", b"x")]))
    outs = [tmp_path / str(number) for number in range(8)]
    workers = [threading.Thread(target=confine(own).unpack, args=(path, out)) for out in outs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all((out / "f").read_bytes() == b"x" for out in outs)
    jail = own.lasting(Jails, lambda: pytest.fail("there is one already")).standing()
    own.close()
    assert not Path(f"/proc/{jail.pid}").exists()
    confine(own).unpack(path, tmp_path / "again")
    assert (tmp_path / "again" / "f").exists()


def test_a_process_that_was_killed_is_started_again(own: Store, tmp_path: Path) -> None:
    path = archive(tmp_path, "a.tar", tar([T("x/f", b"x")]))
    confine(own).unpack(path, tmp_path / "one")
    jail = own.lasting(Jails, lambda: pytest.fail("there is one already")).standing()
    kill_all(jail.pid)
    confine(own).unpack(path, tmp_path / "two")
    assert (tmp_path / "two" / "f").exists()
    assert own.lasting(Jails, lambda: pytest.fail("there is one already")).standing() is not jail


def test_memory_is_limited(own: Store, tmp_path: Path) -> None:
    """The dictionary alone takes more than there is; whoever reads it here would have to give it."""
    import lzma

    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20}]
    data = bytearray(lzma.compress(tar([T("x/f", b"x")]), format=lzma.FORMAT_ALONE, filters=filters))
    data[1:5] = (1400 << 20).to_bytes(4, "little")
    path = archive(tmp_path, "a.tar.lzma", bytes(data))
    with pytest.raises(SourceError, match=r"a\.tar\.lzma: .*(memory|damaged|no archive)"):
        confine(own).unpack(path, tmp_path / "out")
    assert leftovers(own) == []


def test_weaker_walls_are_told_once_or_refused(own: Store, tmp_path: Path) -> None:
    path = archive(tmp_path, "a.tar", tar([T("x/f", b"x")]))
    told: list[str] = []

    def room() -> Path:
        return own.session_folder("unpacking")

    jails = Jails(room, tell=told.append, search_path=str(tmp_path))
    try:
        Confined(jails).unpack(path, tmp_path / "one")
        jails.close()
        Confined(jails).unpack(path, tmp_path / "two")
    finally:
        jails.close()
    assert len(told) == 1
    assert told[0].startswith("archives are unpacked without bubblewrap")
    with pytest.raises(MachineError, match="bwrap is not on this machine"):
        Confined(Jails(room, strict=True, search_path=str(tmp_path))).unpack(path, tmp_path / "three")


def large_members(chance: random.Random) -> list[T]:
    """Some 6 MB of all kinds, in folders, with sizes from nothing to more than two processes have between them."""
    sizes = [0, 1, 5_000, 1 << 20, 3 << 20, *(chance.randrange(20_000) for _ in range(120))]
    files = [T(f"x/d{number % 7}/f{number}", chance.randbytes(size)) for number, size in enumerate(sizes)]
    return [*MEMBERS, *files, symlink("x/d0/l", "f0"), hardlink("x/d1/h", "x/d2/f2"), T("x/d0/f0", b"again")]


@pytest.mark.parametrize("processors", [1, 2])
def test_large_archives_come_out_the_same_by_two_processes(
    own: Store, tmp_path: Path, processors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(processors)))
    path = archive(tmp_path, "a.tar", tar(large_members(random.Random(1))))
    there, here = confine(own).unpack(path, tmp_path / "there"), unpack(path, tmp_path / "here")
    assert there == here
    assert tree(tmp_path / "there") == tree(tmp_path / "here")
    for one in (tmp_path / "here", *(tmp_path / "here").rglob("*")):
        other = (tmp_path / "there" / one.relative_to(tmp_path / "here")).lstat()
        assert (other.st_mode, other.st_mtime, other.st_nlink) == (
            one.lstat().st_mode, one.lstat().st_mtime, one.lstat().st_nlink,
        )  # fmt: skip
    assert leftovers(own) == []


def large_package(folder: Path, name: str = "bin/0", said: bytes | None = None) -> Path:
    """Write a package of 4 MB whose list says of ``name`` that it is ``said``."""
    chance = random.Random(2)
    files = {f"bin/{number}": chance.randbytes(40_000) for number in range(100)}
    entries = [path_entry(path, said if said is not None and path == name else data) for path, data in files.items()]
    return conda(folder, tar([T(path, data) for path, data in files.items()]), tar(info(entries)))


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are two processors, whatever this machine has."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})


def test_large_packages_are_compared_by_two_processes(two: None, own: Store, tmp_path: Path) -> None:
    path = large_package(tmp_path)
    assert path.stat().st_size > 3 << 20
    confine(own).extract(path, tmp_path / "there")
    read_package(path).extract(tmp_path / "here")
    assert tree(tmp_path / "there") == tree(tmp_path / "here")
    for name in ("bin/0", "bin/99"):
        path = large_package(tmp_path, name, bytes(40_000))
        with pytest.raises(SourceError, match=f"foo-1.0-0.conda: '{name}' has not the digest that paths") as caught:
            confine(own).extract(path, tmp_path / "other")
        assert caught.value.problems[0].code == "archive.package"
        assert not (tmp_path / "other").exists()
    assert leftovers(own) == []


FULL = """
import subprocess, sys
from pathlib import Path
from builder.errors import BakehouseError
from builder.sandbox.confined import confine
from builder.store import Store
archive, disk = map(Path, sys.argv[1:])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "disk", disk], check=True)
store = Store(disk / "store")
try:
    confine(store).unpack(archive, disk / "out")
except BakehouseError as error:
    print(error.problems[0].code, error)
print([path.name for path in store.root.glob("sessions/*/unpacking-*/*")], (disk / "out").exists())
store.close()
"""


def test_a_full_disk_is_told_by_two_processes_as_by_one(tmp_path: Path) -> None:
    path = archive(tmp_path, "a.tar", tar(large_members(random.Random(1))))
    (tmp_path / "disk").mkdir()
    for processors in ("0", "0,1"):
        front = f"import os; os.sched_getaffinity = lambda _: {{{processors}}}\n"
        words: list[str | Path] = ["unshare", "--mount", sys.executable, "-c", front + FULL, path, tmp_path / "disk"]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=CHECKOUT)
        assert done.stdout.startswith("machine.disk-full no space left in "), done.stderr
        assert done.stdout.endswith("\n[] False\n")


def test_a_killed_writer_is_no_fault_of_the_archive(two: None, own: Store, tmp_path: Path) -> None:
    unpacker = confine(own)
    small = archive(tmp_path, "small.tar", tar([T("x/f", b"x")]))
    unpacker.unpack(small, tmp_path / "small")
    jail = own.lasting(Jails, lambda: pytest.fail("there is one already")).standing()
    idle = set(family(jail.pid))

    def kill() -> None:
        begun(own)
        os.kill(max(set(family(jail.pid)) - idle), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(MachineError, match="the process that writes what is unpacked has ended") as caught:
        unpacker.unpack(long_archive(tmp_path), tmp_path / "out")
    killer.join()
    assert "dmesg" in str(caught.value.problems[0].remedy)
    assert not (tmp_path / "out").exists()
    assert leftovers(own) == []
    assert unpacker.unpack(small, tmp_path / "again").members == 1


def test_it_is_started_while_others_go_on(own: Store, tmp_path: Path) -> None:
    path = archive(tmp_path, "a.tar", tar([T("x/f", b"x")]))
    unpacker = confine(own)
    jails = own.lasting(Jails, lambda: pytest.fail("there is one already"))
    for _ in range(3):
        unpacker.begin()
    jail = jails.standing()
    unpacker.begin()
    assert unpacker.unpack(path, tmp_path / "out").members == 1
    assert jails.standing() is jail
    unpacker.begin()
    own.close()  # it waits for whoever starts it
    assert not Path(f"/proc/{jail.pid}").exists()
    assert not [thread for thread in threading.enumerate() if thread.name == "jail"]


def test_what_cannot_be_started_is_told_when_it_is_asked_for(own: Store, tmp_path: Path) -> None:
    path = archive(tmp_path, "a.tar", tar([T("x/f", b"x")]))
    jails = Jails(lambda: own.session_folder("unpacking"), strict=True, search_path=str(tmp_path))
    jails.begin()
    with pytest.raises(MachineError, match="bwrap is not on this machine"):
        Confined(jails).unpack(path, tmp_path / "out")


def long_archive(folder: Path) -> Path:
    return archive(folder, "long.tar", tar([T(f"x/{number}", b"") for number in range(20_000)]))


def begun(store: Store) -> None:
    while not list(store.root.glob("sessions/*/unpacking-*/job-*/.unpack-*/tree/x")):
        time.sleep(0.005)


def test_who_cancels_does_not_wait_for_the_end(own: Store, tmp_path: Path) -> None:
    path, unpacker = long_archive(tmp_path), confine(own)

    async def work() -> None:
        task = asyncio.ensure_future(unpacker.in_thread(unpacker.unpack, path, tmp_path / "out"))
        await asyncio.to_thread(begun, own)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert leftovers(own) == []
        assert not (tmp_path / "out").exists()

    asyncio.run(work())
    with pytest.raises(MachineError, match="given up"):
        unpacker.unpack(path, tmp_path / "out")
    small = archive(tmp_path, "a.tar", tar([T("x/f", b"x")]))
    assert confine(own).unpack(small, tmp_path / "other").members == 1  # others are not concerned


KILLED = """
import sys
from pathlib import Path
from builder.sandbox.confined import confine
from builder.store import Store
confine(Store(Path(sys.argv[1]))).unpack(Path(sys.argv[2]), Path(sys.argv[3]))
"""


def _lives(pid: int) -> bool:
    """Whether a process has not ended; whoever adopts it may never collect it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_killed_parent_leaves_no_process_and_nothing_that_is_not_swept(own: Store, tmp_path: Path) -> None:
    path = long_archive(tmp_path)
    words = [sys.executable, "-c", KILLED, str(own.root), str(path), str(tmp_path / "out")]
    with subprocess.Popen(words) as parent:
        begun(own)
        chain = list(family(parent.pid))
        parent.kill()
    deadline = time.monotonic() + 10
    while [pid for pid in chain if _lives(pid)] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [pid for pid in chain if _lives(pid)]
    assert leftovers(own)
    with own.scratch("next"):  # the next session begins, and sweeps
        assert leftovers(own) == []
    assert not (tmp_path / "out").exists()


def test_whoever_unpacks_imports_nothing_that_starts_sandboxes() -> None:
    asked = "import sys, builder.sandbox.confined; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    modules = set(done.stdout.split())
    assert "builder.sandbox.jailer" in modules
    assert not modules & {"asyncio", "builder.sandbox.bubblewrap", "builder.sandbox.engine", "builder.sandbox.find"}


def test_a_room_has_what_it_says() -> None:
    assert [name for name in sandbox.__all__ if not hasattr(sandbox, name)] == []
    assert not hasattr(sandbox, "find_sandboxes")
