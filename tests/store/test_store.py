from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import MachineError, SourceError
from builder.store import Making, Store, default_root
from tests.store.processes import CHECKOUT, finished, in_loop, killed, running, start

HELLO = hashlib.sha256(b"hello").hexdigest()


def leftovers(store: Store) -> list[str]:
    """Whatever lies in the sessions' folders."""
    return [path.name for path in (store.root / "sessions").glob("*/*")]


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_file_is_found_by_its_digest(store: Store) -> None:
    assert store.file(HELLO) is None
    stored = store.add_file([b"hel", b"lo"], sha256=HELLO)
    assert (stored.sha256, stored.md5, stored.size) == (HELLO, hashlib.md5(b"hello").hexdigest(), 5)
    assert store.file(HELLO) == stored.path
    assert stored.path.read_bytes() == b"hello"
    assert stat.S_IMODE(stored.path.stat().st_mode) == 0o444
    assert leftovers(store) == []


def test_a_digest_in_capitals_is_the_same(store: Store) -> None:
    assert store.add_file([b"hello"], sha256=HELLO.upper()).sha256 == HELLO


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=100), max_size=5))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]) -> None:
    store = Store(tmp_path_factory.mktemp("store"))
    stored = store.add_file(chunks, sha256=None)
    found = store.file(hashlib.sha256(b"".join(chunks)).hexdigest())
    assert found == stored.path
    assert found.read_bytes() == b"".join(chunks)
    store.close()


def test_wrong_bytes_are_not_kept(store: Store) -> None:
    with pytest.raises(SourceError, match=f"expected {HELLO}") as caught:
        store.add_file([b"hullo"], sha256=HELLO)
    assert caught.value.problems[0].code == "source.digest"
    assert store.file(HELLO) is None
    assert store.file(hashlib.sha256(b"hullo").hexdigest()) is None
    assert leftovers(store) == []


def test_a_stream_that_breaks_leaves_nothing(store: Store) -> None:
    def broken() -> Iterator[bytes]:
        yield b"hel"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        store.add_file(broken(), sha256=HELLO)
    assert store.file(HELLO) is None
    assert leftovers(store) == []


def test_the_same_file_twice(store: Store) -> None:
    first = store.add_file([b"hello"], sha256=HELLO)
    assert store.add_file([b"hello"], sha256=None) == first


def test_a_relative_root(tmp_path: Path) -> None:
    store = Store(Path(os.path.relpath(tmp_path / "s")))
    assert store.root.is_absolute()
    assert store.add_file([b"x"], sha256=None).path.resolve().is_relative_to(tmp_path / "s")
    store.close()


def test_a_process_killed_while_writing_leaves_no_file(tmp_path: Path) -> None:
    code = """
def chunks():
    yield b"hel"
    say("writing")
    sys.stdin.read()
store.add_file(chunks(), sha256=None)
"""
    assert killed(code, tmp_path) == "writing"
    store = Store(tmp_path)
    assert store.file(hashlib.sha256(b"hel").hexdigest()) is None
    assert store.add_file([b"hello"], sha256=HELLO).path.read_bytes() == b"hello"
    assert leftovers(store) == []
    store.close()


def test_eight_processes_add_the_same_file(tmp_path: Path) -> None:
    code = """
for number in range(10):
    stored = store.add_file([b"x" * 1000, str(number).encode()], sha256=None)
    assert stored.path.read_bytes() == b"x" * 1000 + str(number).encode()
store.close()
"""
    finished([start(code, tmp_path) for _ in range(8)])
    assert len(list((tmp_path / "files").glob("*/*"))) == 10
    assert list((tmp_path / "sessions").iterdir()) == []


# -- folders -----------------------------------------------------------------------------------------------------------


def fill(making: Making) -> None:
    (making.path / "sub").mkdir()
    (making.path / "sub" / "file").write_text("made")


def fail(folder: Path) -> None:
    (folder / "log").write_text("why")
    (folder / "sub").mkdir()
    (folder / "sub").chmod(0)
    _ = 1 / 0


def test_a_folder_is_made_once(store: Store) -> None:
    assert store.folder("trees", "k") is None
    with store.making("trees", "k") as making:
        assert not making.ready
        assert list(making.path.iterdir()) == []
        assert stat.S_IMODE(making.path.stat().st_mode) == 0o755
        fill(making)
        assert store.folder("trees", "k") is None
    place = store.folder("trees", "k")
    assert place is not None
    assert (place / "sub" / "file").read_text() == "made"
    with store.making("trees", "k") as again:
        assert again == Making(path=place, ready=True)
    assert leftovers(store) == []


def test_an_exception_removes_what_was_begun(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.making("trees", "k") as making:
        fail(making.path)
    assert store.folder("trees", "k") is None
    assert leftovers(store) == []
    with store.making("trees", "k") as making:
        assert not making.ready


def test_kinds_do_not_meet(store: Store) -> None:
    with store.making("trees", "k"):
        pass
    assert store.folder("staging", "k") is None


@pytest.mark.parametrize("key", ["", "..", ".hidden", "a/b", "/a", "a\0b", "-rf", "x" * 201, "a\n", "ä"])
def test_a_key_is_a_plain_name(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        store.folder("trees", key)
    with pytest.raises(ValueError, match="cannot name"):
        store.folder(key, "k")
    with pytest.raises(ValueError, match="cannot name"):
        store.file(key)
    with pytest.raises(ValueError, match="cannot name"):
        store.making("trees", key).__enter__()


def test_files_are_no_kind_of_folder(store: Store) -> None:
    with pytest.raises(ValueError, match="no kind"):
        store.folder("files", "k")


def test_a_process_killed_while_making_leaves_no_folder(tmp_path: Path) -> None:
    code = """
with store.making("trees", "k") as making:
    (making.path / "half").write_text("half")
    say(making.path)
    sys.stdin.read()
"""
    left = Path(killed(code, tmp_path))
    assert (left / "half").exists()
    store = Store(tmp_path)
    assert store.folder("trees", "k") is None
    with store.making("trees", "k") as making:
        assert not making.ready
        assert list(making.path.iterdir()) == []
    assert not left.exists()
    store.close()


def test_eight_processes_make_one_folder_once(tmp_path: Path) -> None:
    code = """
for number in range(5):
    with store.making("trees", f"k{number}") as making:
        if not making.ready:
            say(number)
            for part in range(20):
                (making.path / str(part)).write_text("x")
    place = store.folder("trees", f"k{number}")
    assert len(list(place.iterdir())) == 20
store.close()
"""
    said = finished([start(code, tmp_path) for _ in range(8)])
    assert sorted(" ".join(said).split()) == ["0", "1", "2", "3", "4"]
    assert list((tmp_path / "sessions").iterdir()) == []


def test_threads_make_one_folder_once(store: Store) -> None:
    made: list[int] = []

    def work(number: int) -> None:
        with store.making("trees", "k") as making:
            if not making.ready:
                made.append(number)
                fill(making)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


@in_loop
async def test_coroutines_make_one_folder_once(tmp_path: Path) -> None:
    store = Store(tmp_path)

    async def work() -> bool:
        async with store.making_async("trees", "k") as making:
            if not making.ready:
                await asyncio.sleep(0.02)
                fill(making)
            return making.ready

    assert sorted(await asyncio.gather(*(work() for _ in range(6)))) == [False, True, True, True, True, True]
    store.close()


@in_loop
async def test_a_cancelled_making_leaves_nothing_and_frees_the_lock(tmp_path: Path) -> None:
    store = Store(tmp_path)
    begun = asyncio.Event()

    async def work() -> None:
        async with store.making_async("trees", "k") as making:
            fill(making)
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert leftovers(store) == []
    async with store.making_async("trees", "k") as making:
        assert not making.ready
    assert store.folder("trees", "k") is not None
    store.close()


@in_loop
async def test_waiting_for_another_process_does_not_block_the_loop(tmp_path: Path) -> None:
    code = """
with store.making("trees", "k") as making:
    say("making")
    sys.stdin.readline()
"""
    store = Store(tmp_path)
    with running(code, tmp_path) as other:
        waiting = asyncio.create_task(store.making_async("trees", "k").__aenter__())
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert not waiting.done()
        assert other.stdin is not None
        other.stdin.write("\n")
        other.stdin.flush()
        assert (await waiting).ready
    store.close()


# -- locks -------------------------------------------------------------------------------------------------------------


def test_is_locked_sees_this_process_too(store: Store) -> None:
    assert not store.is_locked("name")
    with store.lock("name"):
        assert store.is_locked("name")
        assert not store.is_locked("another name")
    assert not store.is_locked("name")


@pytest.mark.parametrize("name", ["", "a/b", "\n", "x" * 5000, "../../x", "ä"])
def test_any_text_can_name_a_lock(store: Store, name: str) -> None:
    with store.lock(name):
        assert [path.parent.name for path in store.root.rglob("*") if path.is_file()] == ["locks"]


# -- scratch -----------------------------------------------------------------------------------------------------------


def test_scratch_is_fresh_private_and_gone_afterwards(store: Store) -> None:
    with store.scratch("linux-64/foo-1.0-h123_0") as first, store.scratch("linux-64/foo-1.0-h123_0") as second:
        assert first != second
        assert first.name.startswith("linux-64_foo-1.0-h123_0-")
        assert stat.S_IMODE(first.stat().st_mode) == 0o700
        (first / "file").write_text("x")
    assert not first.exists()
    assert not second.exists()


def test_a_folder_of_the_session_lasts_as_long_as_it_does(store: Store) -> None:
    first, second = store.session_folder("a name/with more"), store.session_folder("a name/with more")
    assert first != second
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    (first / "file").write_text("x")
    assert len(leftovers(store)) == 2
    store.close()
    assert not first.exists()
    assert leftovers(store) == []


@pytest.mark.parametrize("key", ["", "..", "../../x", "\0", "a" * 500, "ä ö", "\n"])
def test_any_text_can_name_scratch(store: Store, key: str) -> None:
    with store.scratch(key) as folder:
        assert folder.parent.parent == store.root / "sessions"
        assert len(folder.name) < 200
    assert store.failed_place(key).parent == store.root / "failed"


def test_a_failed_tree_is_kept_where_it_was_said(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.scratch("foo", keep=True) as folder:
        fail(folder)
    assert (store.failed_place("foo") / "log").read_text() == "why"
    assert not folder.exists()


def test_a_failed_tree_is_not_kept_when_nobody_asked(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.scratch("foo"):
        _ = 1 / 0
    assert not store.failed_place("foo").exists()


def test_the_newest_five_failed_trees_are_kept(store: Store) -> None:
    for number in range(7):
        with store.scratch(f"t{number}") as folder:
            (folder / "log").write_text(str(number))
            place = store.keep_failed(f"t{number}", folder)
            os.utime(place, (number, number))
    assert sorted(path.name for path in (store.root / "failed").iterdir()) == ["t2", "t3", "t4", "t5", "t6"]


def test_a_task_that_fails_again_has_its_newest_tree(store: Store) -> None:
    for number in range(2):
        with store.scratch("t") as folder:
            (folder / "log").write_text(str(number))
            store.keep_failed("t", folder)
    assert (store.failed_place("t") / "log").read_text() == "1"


@in_loop
async def test_scratch_in_a_coroutine(tmp_path: Path) -> None:
    store = Store(tmp_path)
    async with store.scratch_async("foo") as folder:
        (folder / "file").write_text("x")
    assert not folder.exists()

    async def failing() -> None:
        async with store.scratch_async("foo", keep=True) as folder:
            fail(folder)

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert (store.failed_place("foo") / "log").read_text() == "why"
    store.close()


@in_loop
async def test_a_cancelled_task_keeps_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    begun = asyncio.Event()

    async def work() -> None:
        async with store.scratch_async("foo", keep=True):
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert leftovers(store) == []
    assert not store.failed_place("foo").exists()
    store.close()


def test_closing_removes_scratch_and_the_store_goes_on(store: Store) -> None:
    with store.scratch("foo") as folder:
        store.close()
        assert not folder.exists()
    assert store.add_file([b"hello"], sha256=HELLO).path.exists()


# -- the machine -------------------------------------------------------------------------------------------------------

FULL = """
from pathlib import Path
import sys
from builder.errors import MachineError
from builder.store import Store
store = Store(Path(sys.argv[1]) / "store")

def tell(what, act):
    try:
        act()
    except MachineError as error:
        print(what, error.problems[0].code, str(sys.argv[1]) in str(error))

def folder():
    with store.making("trees", "k") as making:
        for number in range(100):
            (making.path / str(number)).write_bytes(bytes(100_000))

def scratch():
    with store.scratch("t") as work:
        for number in range(100):
            (work / str(number)).write_bytes(bytes(100_000))

tell("file", lambda: store.add_file((bytes(100_000) for _ in range(100)), sha256=None))
tell("folder", folder)
tell("scratch", scratch)
print(store.folder("trees", "k"), list((store.root / "files").glob("*/*")), list((store.root / "sessions").glob("*/*")))
small = store.add_file([b"small"], sha256=None)
print(small.path.read_bytes())
"""


def test_a_full_disk_is_an_error_of_the_machine_and_leaves_nothing(tmp_path: Path) -> None:
    """On a file system of one megabyte, in a mount namespace of its own."""
    script = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable, FULL]
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert run.stdout.splitlines() == [
        "file machine.disk-full True",
        "folder machine.disk-full True",
        "scratch machine.disk-full True",
        "None [] []",
        "b'small'",
    ], run.stderr


def test_a_root_that_may_not_be_written_is_an_error_of_the_machine() -> None:
    code = """
import os, sys, tempfile  # tempfile: whoever we become may not read our Python
from pathlib import Path
from builder.errors import MachineError
from builder.store import Store
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
store = Store(Path("/usr/nowhere"))
for act in (lambda: store.add_file([b""], sha256=None), lambda: store.lock("x").__enter__(), lambda: store.gc(0)):
    try:
        act()
    except MachineError as error:
        print(error.problems[0].code)
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["machine.not-writable"] * 3, run.stderr


def test_an_error_of_another_place_is_not_blamed_on_the_store(store: Store) -> None:
    with pytest.raises(PermissionError), store.making("trees", "k"):
        raise PermissionError(13, "Permission denied", "/etc/shadow")
    with pytest.raises(MachineError), store.making("trees", "k") as making:
        raise PermissionError(13, "Permission denied", str(making.path / "file"))


def test_the_store_of_another_user_can_be_read() -> None:
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    store = Store(root)
    try:
        stored = store.add_file([b"hello"], sha256=HELLO)
        with store.making("trees", "k") as making:
            fill(making)
        code = f"""
import os
os.setgroups([]); os.setgid(65534); os.setuid(65534)
assert store.file("{HELLO}").read_bytes() == b"hello"
with store.making("trees", "k") as making:
    assert making.ready
    say((making.path / "sub" / "file").read_text())
"""
        if os.getuid() != 0:
            code = "\n".join(line for line in code.splitlines() if "setuid" not in line)
        assert finished([start(code, root)]) == ["made"]
        assert stored.path.exists()
    finally:
        subprocess.run(["rm", "-rf", root], check=True)


def test_the_default_root_is_named_after_us() -> None:
    assert default_root().parts[-2:] == ("bakehouse", "store")


# -- who uses a failed tree --------------------------------------------------------------------------------------------


def _fail(store: Store, key: str, content: str) -> Path:
    with store.scratch("fails") as folder:
        (folder / "file").write_text(content)
        return store.keep_failed(key, folder)


def test_a_failed_tree_in_use_is_neither_replaced_nor_removed(store: Store) -> None:
    place = _fail(store, "one", "first")
    with store.lock_if_free(store.failed_lock("one")) as free:
        assert free
        _fail(store, "one", "second")
        for number in range(9):
            _fail(store, f"other {number}", "x")
        store.forget_failed("one")
        store.close()
        store.gc(0)
        assert (place / "file").read_text() == "first"
    _fail(store, "one", "third")
    assert (place / "file").read_text() == "third"
    store.forget_failed("one")
    assert not place.exists()
    store.forget_failed("one")


def test_a_lock_that_is_held_is_not_waited_for(store: Store) -> None:
    with store.lock_if_free("x") as first, store.lock_if_free("x") as second:
        assert (first, second) == (True, False)
        assert store.is_locked("x")
    with store.lock_if_free("x") as third:
        assert third
    assert not store.is_locked("x")
