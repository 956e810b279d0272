from __future__ import annotations

import itertools
import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

from builder.store.session import Session, sweep, tidy
from tests.store.processes import killed, running

BEGIN = """
with store.scratch("work") as folder:
    (folder / "file").write_text("unfinished")
    say(folder)
    sys.stdin.read()
"""


def test_nothing_is_made_before_the_first_use(tmp_path: Path) -> None:
    session = Session(tmp_path / "sessions")
    assert not (tmp_path / "sessions").exists()
    folder = session.begin()
    assert folder.is_dir()
    assert session.begin() == folder
    session.close()
    assert list((tmp_path / "sessions").iterdir()) == []


def test_a_closed_session_begins_again(tmp_path: Path) -> None:
    session = Session(tmp_path / "sessions")
    first = session.begin()
    session.close()
    session.close()
    assert session.begin() != first
    session.close()


def test_folders_and_files_are_fresh_and_have_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    session = Session(tmp_path / "sessions")
    old = os.umask(0o077)
    try:
        folders = {session.fresh_folder("x" * 300, 0o755) for _ in range(5)}
        files = {session.fresh_file("name") for _ in range(5)}
    finally:
        os.umask(old)
    assert len(folders) == len(files) == 5
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o755}
    assert all(file.stat().st_size == 0 for file in files)
    session.close()
    assert not any(path.exists() for path in folders | files)


def test_other_users_cannot_look_in(tmp_path: Path) -> None:
    session = Session(tmp_path / "sessions")
    assert stat.S_IMODE(session.begin().stat().st_mode) == 0o700
    session.close()


def test_what_a_killed_process_left_goes_when_the_next_begins(tmp_path: Path) -> None:
    left = Path(killed(BEGIN, tmp_path))
    assert (left / "file").read_text() == "unfinished"
    session = Session(tmp_path / "sessions")
    own = session.begin()
    assert not left.exists()
    assert {path.name for path in (tmp_path / "sessions").iterdir()} == {own.name, f"{own.name}.lock"}
    session.close()


def test_what_a_killed_process_left_goes_without_a_session_too(tmp_path: Path) -> None:
    with running(BEGIN, tmp_path):
        left = Path(killed(BEGIN, tmp_path))
        assert tidy(tmp_path / "sessions")
        assert not left.exists()
        assert len(list((tmp_path / "sessions").iterdir())) == 2
        assert not tidy(tmp_path / "sessions")


def test_where_nobody_was_ever_there_is_nothing_to_tidy(tmp_path: Path) -> None:
    assert not tidy(tmp_path / "sessions")
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_process_has_stays(tmp_path: Path) -> None:
    with running(BEGIN, tmp_path):
        session = Session(tmp_path / "sessions")
        own = session.begin()
        others = [path for path in (tmp_path / "sessions").iterdir() if path.is_dir() and path != own]
        assert len(others) == 1
        assert len(list(others[0].rglob("file"))) == 1
        session.close()


def test_sweeping_tells_since_when_the_oldest_session_lives(tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    assert sweep(sessions) is None
    old, young = Session(sessions), Session(sessions)
    started = old.begin()
    young.begin()
    os.utime(started.with_name(started.name + ".lock"), (1000, 1000))
    assert sweep(sessions) == 1000
    old.close()
    since = sweep(sessions)
    assert since is not None
    assert since > 1000
    young.close()
    assert sweep(sessions) is None


def test_a_dead_session_with_read_only_folders_goes_too(tmp_path: Path) -> None:
    code = """
with store.scratch("work") as folder:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a").chmod(0o500)
    say(folder)
    sys.stdin.read()
"""
    left = Path(killed(code, tmp_path))
    sweep(tmp_path / "sessions")
    assert not left.exists()
    assert list((tmp_path / "sessions").iterdir()) == []


def test_a_folder_that_a_dying_child_still_writes_to_waits_for_the_next_sweep(tmp_path: Path) -> None:
    left = Path(killed(BEGIN, tmp_path)).parent
    inner = left / "inner"
    inner.mkdir()
    enough, started = threading.Event(), threading.Event()

    def write() -> None:
        for number in itertools.count():
            with suppress(FileNotFoundError):
                (inner / str(number)).touch()
            started.set()
            if enough.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    started.wait()
    sweep(left.parent)
    enough.set()
    writer.join()
    sweep(left.parent)
    assert list(left.parent.iterdir()) == []


def test_a_folder_without_its_lock_file_goes_as_well(tmp_path: Path) -> None:
    """As a power failure may leave it."""
    left = Path(killed(BEGIN, tmp_path)).parent
    left.with_name(left.name + ".lock").unlink()
    with running(BEGIN, tmp_path):
        session = Session(tmp_path / "sessions")
        own = session.begin()
        assert not left.exists()
        assert len([path for path in (tmp_path / "sessions").iterdir() if path.is_dir() and path != own]) == 1
        session.close()
