"""Notes: whole or not there, whatever was done to them, and never an error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.store import Notes, Store
from builder.store.notes import notes
from tests.store.processes import finished, start

KEY = "ab" + "0" * 62
OTHER = "ab" + "1" * 62


@pytest.fixture
def kept(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "store", "songs")


def only_file(root: Path) -> Path:
    (path,) = notes(root)
    return path


def test_what_is_written_is_read(kept: Notes) -> None:
    assert kept.read(KEY) is None
    kept.write(KEY, b"one")
    assert kept.read(KEY) == b"one"
    assert kept.read(OTHER) is None
    kept.write(KEY, b"")
    assert kept.read(KEY) == b""


def test_kinds_do_not_meet(tmp_path: Path) -> None:
    Notes(tmp_path, "songs").write(KEY, b"one")
    assert Notes(tmp_path, "poems").read(KEY) is None


def test_nothing_is_made_by_reading(tmp_path: Path) -> None:
    assert Notes(tmp_path / "store", "songs").read(KEY) is None
    assert not (tmp_path / "store").exists()


@given(data=st.binary(max_size=300), cut=st.integers(0, 400), change=st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_a_torn_or_changed_note_is_none(tmp_path_factory: pytest.TempPathFactory, data: bytes, cut: int, change: int) -> None:  # fmt: skip
    root = tmp_path_factory.mktemp("store")
    kept = Notes(root, "songs")
    kept.write(KEY, data)
    path = only_file(root)
    whole = path.read_bytes()
    if cut < len(whole):
        path.write_bytes(whole[:cut])
        assert kept.read(KEY) is None
    path.write_bytes(whole + b"x")
    assert kept.read(KEY) is None
    place = change % len(whole)
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    assert kept.read(KEY) is None
    path.write_bytes(whole)
    assert kept.read(KEY) == data


def test_a_note_under_another_key_is_none(kept: Notes, tmp_path: Path) -> None:
    kept.write(KEY, b"one")
    path = only_file(tmp_path / "store")
    path.rename(path.with_name(OTHER[2:]))
    assert kept.read(OTHER) is None


def test_a_link_a_folder_and_a_pipe_are_none(kept: Notes, tmp_path: Path) -> None:
    kept.write(KEY, b"one")
    path = only_file(tmp_path / "store")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert kept.read(KEY) is None
    path.unlink()
    path.mkdir()
    assert kept.read(KEY) is None
    kept.write(KEY, b"two")
    path.rmdir()
    os.mkfifo(path)
    assert kept.read(KEY) is None


def test_what_cannot_be_written_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    kept = Notes(tmp_path / "file", "songs")
    kept.write(KEY, b"one")
    assert kept.read(KEY) is None


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys; from pathlib import Path; from builder.store import Notes\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "kept = Notes(Path(sys.argv[1]), 'songs')\n"
        f"kept.write({KEY!r}, b'x' * 5000)\n"
        f"assert kept.read({KEY!r}) is None\n"
        f"kept.write({KEY!r}, b'x' * 500)\n"
        f"assert kept.read({KEY!r}) == b'x' * 500\n"
    )
    finished([start(script, tmp_path)])
    assert [path.name for path in notes(tmp_path)] == [KEY[2:]]


def test_many_writers_of_one_key_leave_one_whole_note(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from builder.store import Notes\n"
        "kept = Notes(Path(sys.argv[1]), 'songs')\n"
        "for number in range(200):\n"
        f"    kept.write({KEY!r}, sys.argv[2].encode() * 3000)\n"
        f"    found = kept.read({KEY!r})\n"
        "    assert found is not None and len(set(found)) == 1, found and len(found)\n"
    )
    finished([start(script, tmp_path, letter) for letter in "abc"])
    assert len(list(notes(tmp_path))) == 1
    assert Notes(tmp_path, "songs").read(KEY) in {letter * 3000 for letter in (b"a", b"b", b"c")}


def test_gc_takes_notes_that_nobody_read_for_longest(tmp_path: Path) -> None:
    kept = Notes(tmp_path, "songs")
    for age, key in enumerate((KEY, OTHER)):
        kept.write(key, b"x" * 100_000)
        path = tmp_path / "notes" / "songs" / key[:2] / key[2:]
        os.utime(path, (1000 + age, 1000 + age))
    assert kept.read(KEY) is not None, "which makes it the younger one"
    collected = Store(tmp_path).gc(150_000)
    assert collected.removed == 1
    assert kept.read(KEY) is not None
    assert kept.read(OTHER) is None
    assert Store(tmp_path).gc(0).kept == 0
    assert list(notes(tmp_path)) == []


def test_gc_takes_what_killed_writers_left(tmp_path: Path) -> None:
    kept = Notes(tmp_path, "songs")
    kept.write(KEY, b"one")
    left = only_file(tmp_path).with_name("left.1.tmp")
    left.write_bytes(b"half")
    os.utime(left, (1000, 1000))
    Store(tmp_path).gc(0)
    assert not left.exists()
