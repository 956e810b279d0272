"""Seals: what they let pass without reading, what they find, and what no seal is believed about."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.store import Store
from builder.store.seals import SEAL, Seals, is_sealed, seal

HELLO = hashlib.sha256(b"hello").hexdigest()


@pytest.fixture
def stored(store: Store) -> Path:
    return store.add_file([b"hello"], sha256=HELLO).path


def rewrite(path: Path, data: bytes) -> None:
    """Write in place, as a careless program with its owner's rights does."""
    path.chmod(0o644)
    path.write_bytes(data)


def forge(path: Path, data: bytes) -> None:
    """Write in place and put the seal on again."""
    rewrite(path, data)
    path.chmod(0o444)
    os.utime(path, (SEAL, SEAL))


def replace(path: Path, data: bytes) -> None:
    other = path.with_name("other")
    other.write_bytes(data)
    other.rename(path)


def cut(path: Path, _: bytes) -> None:
    path.chmod(0o644)
    os.truncate(path, 2)
    path.chmod(0o444)


def test_whole_files_are_sealed_and_not_read_again(store: Store, stored: Path) -> None:
    found = stored.stat()
    assert is_sealed(found)
    assert (stat.S_IMODE(found.st_mode), found.st_mtime) == (0o444, SEAL)
    os.utime(stored, (0, SEAL))  # a read that is noted would be later
    assert store.file(HELLO) == stored
    assert Seals().hold(stored, HELLO)


@pytest.mark.parametrize("harm", [rewrite, replace, cut])
def test_what_was_changed_is_set_aside(store: Store, stored: Path, harm: Callable[[Path, bytes], None]) -> None:
    harm(stored, b"hullo")
    assert store.torn(HELLO) is None
    assert store.file(HELLO) is None
    assert not stored.exists()
    torn = store.torn(HELLO)
    assert torn is not None
    assert torn.read_bytes() in {b"hullo", b"he"}
    assert store.add_file([b"hello"], sha256=HELLO).path == stored
    assert store.file(HELLO) == stored


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/passwd")])
def test_what_is_no_file_is_not_read(store: Store, stored: Path, make: Callable[[Path], None]) -> None:
    stored.unlink()
    make(stored)
    assert store.file(HELLO) is None
    assert not os.path.lexists(stored)


def test_a_socket_is_no_file_either(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        assert not Seals().hold(tmp_path / "s", HELLO)


@pytest.mark.parametrize("mode", [0o644, 0o444])
def test_whole_files_that_have_lost_their_seal_get_it_again(store: Store, stored: Path, mode: int) -> None:
    stored.chmod(mode)
    os.utime(stored)
    assert store.file(HELLO) == stored
    assert is_sealed(stored.stat())


def test_a_forged_seal_is_believed_unless_none_is(store: Store, stored: Path) -> None:
    forge(stored, b"hullo")
    assert store.file(HELLO) == stored, "whoever may write to the store is trusted"
    careful = Store(store.root, read_always=True)
    assert careful.file(HELLO) is None
    assert careful.torn(HELLO) is not None
    careful.close()


def test_who_believes_no_seal_reads_again_after_each_change_and_only_then(store: Store, stored: Path) -> None:
    careful = Store(store.root, read_always=True)
    assert careful.file(HELLO) == stored
    os.utime(stored, ns=(0, SEAL * 10**9))
    assert careful.file(HELLO) == stored
    before = stored.stat().st_atime_ns
    assert careful.file(HELLO) == stored
    assert stored.stat().st_atime_ns == before
    forge(stored, b"hullo")
    assert careful.file(HELLO) is None
    careful.close()


def test_a_missing_file_is_not_whole(tmp_path: Path) -> None:
    for seals in (Seals(), Seals(always=True)):
        assert not seals.hold(tmp_path / "none", HELLO)
        assert not seals.read(tmp_path / "none", HELLO)


def test_sealing_a_sealed_file_touches_nothing(stored: Path) -> None:
    before = stored.stat().st_ctime_ns
    descriptor = os.open(stored, os.O_RDONLY)
    seal(descriptor)
    os.close(descriptor)
    assert stored.stat().st_ctime_ns == before


class TestVerifying:
    def test_all_whole(self, store: Store, stored: Path) -> None:
        (verified,) = store.verify()
        assert (verified.path, verified.whole) == (stored, True)
        assert list(Store(store.root.parent / "none").verify()) == []

    def test_what_is_torn_is_found_in_spite_of_a_seal_and_set_aside(self, store: Store, stored: Path) -> None:
        whole = store.add_file([b"whole"], sha256=None).path
        forge(stored, b"hullo")
        assert sorted((one.path, one.whole) for one in store.verify()) == sorted([(stored, False), (whole, True)])
        assert store.file(HELLO) is None
        torn = store.torn(HELLO)
        assert torn is not None
        assert torn.read_bytes() == b"hullo"
        assert [one.whole for one in store.verify()] == [True]

    @pytest.mark.parametrize("name", ["stranger", "0" * 64])
    def test_what_nobody_put_there_is_no_whole_file(self, store: Store, stored: Path, name: str) -> None:
        (stored.parent / name).write_bytes(b"hello")
        assert sorted(one.whole for one in store.verify()) == [False, True]
        assert [path.name for path in stored.parent.iterdir()] == [HELLO]

    def test_torn_files_go_with_gc(self, store: Store, stored: Path) -> None:
        rewrite(stored, b"hullo")
        assert store.file(HELLO) is None
        store.close()
        assert store.gc(0).removed == 1
        assert store.torn(HELLO) is None

    def test_what_cannot_be_moved_is_told(self, store: Store, stored: Path) -> None:
        rewrite(stored, b"hullo")
        (store.root / "torn").write_text("in the way")
        assert store.file(HELLO) is None
        with pytest.raises(MachineError, match="torn cannot be written"):
            list(store.verify())


class TestFolders:
    def test_they_are_listed_and_set_aside_whole(self, store: Store) -> None:
        assert store.keys("trees") == ()
        for key in ("b", "a"):
            with store.making("trees", key) as making:
                (making.path / "file").write_text(key)
        assert store.keys("trees") == ("a", "b")
        store.set_aside("trees", "a")
        store.set_aside("trees", "a")
        assert store.folder("trees", "a") is None
        assert (store.root / "torn" / "trees-a" / "file").read_text() == "a"
        with store.making("trees", "a") as making:
            assert not making.ready, "it is made anew"
        store.set_aside("trees", "a")
        assert list((store.root / "torn" / "trees-a").iterdir()) == []


class TestHeld:
    """A file that is opened when it is judged stays the one that was judged."""

    @pytest.mark.parametrize("always", [False, True])
    def test_what_takes_its_place_is_not_met(self, store: Store, stored: Path, *, always: bool) -> None:
        with Store(store.root, read_always=always).held(HELLO) as way:
            replace(stored, b"HELLO")
            assert way.read_bytes() == b"hello"
            stored.unlink()
            assert way.read_bytes() == way.read_bytes() == b"hello", "as often as it is asked for"

    @pytest.mark.parametrize("harm", [rewrite, replace, cut])
    def test_what_was_harmed_before_is_not_given(
        self, store: Store, stored: Path, harm: Callable[[Path, bytes], None]
    ) -> None:
        harm(stored, b"HELLO")
        with pytest.raises(MachineError, match="was taken away or exchanged") as caught, store.held(HELLO):
            raise AssertionError("nothing to hold")
        assert caught.value.problems[0].remedy
        assert store.torn(HELLO) is not None

    def test_what_never_was_there(self, store: Store) -> None:
        with pytest.raises(MachineError), store.held("0" * 64):
            raise AssertionError("nothing to hold")

    def test_nothing_stays_open(self, store: Store, stored: Path) -> None:
        before = len([*Path("/proc/self/fd").iterdir()])
        for _ in range(3):
            with store.held(HELLO):
                pass
        stored.unlink()
        for _ in range(3):
            with pytest.raises(MachineError), store.held(HELLO):
                pass
        assert len([*Path("/proc/self/fd").iterdir()]) == before

    @pytest.mark.parametrize("always", [False, True])
    def test_a_link_or_a_pipe_is_no_file(self, store: Store, stored: Path, tmp_path: Path, *, always: bool) -> None:
        (tmp_path / "elsewhere").write_bytes(b"hello")
        seals = Seals(always=always)
        stored.unlink()
        stored.symlink_to(tmp_path / "elsewhere")
        assert seals.opened(stored, HELLO) is None
        stored.unlink()
        os.mkfifo(stored)
        assert seals.opened(stored, HELLO) is None
