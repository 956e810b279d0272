from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from builder.store import Collected, Store
from builder.store.cleaning import collect, is_store, marker
from tests.store.processes import finished, killed, running, start

KEYS = ("a", "b", "c", "d")


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A store with four folders of 100 kB and one file; ``a`` was used longest ago."""
    store = Store(tmp_path / "filled")
    for key in KEYS:
        with store.making("trees", key) as making:
            (making.path / "file").write_bytes(os.urandom(100_000))
    store.add_file([os.urandom(100_000)], sha256=None)
    store.close()
    for age, key in enumerate(KEYS):
        os.utime(marker(store.root, "trees", key), (1000 + age, 1000 + age))
    return store.root


def kept(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "folders" / "trees").iterdir())


def test_what_was_unused_for_longest_goes_first(filled: Path) -> None:
    store = Store(filled)
    collected = store.gc(320_000)
    assert kept(filled) == ["c", "d"]
    assert collected.removed == 2
    assert collected.freed >= 200_000
    assert 300_000 <= collected.kept <= 320_000
    assert len(list((filled / "files").glob("*/*"))) == 1


def test_use_makes_young(filled: Path) -> None:
    store = Store(filled)
    assert store.folder("trees", "a") is not None
    store.close()
    Store(filled).gc(320_000)
    assert kept(filled) == ["a", "d"]


def test_nothing_goes_within_the_budget(filled: Path) -> None:
    assert Store(filled).gc(10_000_000).removed == 0
    assert kept(filled) == list(KEYS)


def test_everything_unused_goes_without_a_budget(filled: Path) -> None:
    collected = Store(filled).gc(0)
    assert collected == Collected(removed=5, freed=collected.freed, kept=0)
    files = [path for path in filled.rglob("*") if path.is_file()]
    assert [path.parent.name for path in files] == ["locks"]  # the collection's own


def test_what_a_living_session_used_stays(filled: Path) -> None:
    code = """
store.folder("trees", "a")
say("using")
sys.stdin.read()
"""
    with running(code, filled):
        Store(filled).gc(0)
        assert kept(filled) == ["a"]
    Store(filled).gc(0)
    assert kept(filled) == []


def test_what_is_being_made_stays(filled: Path) -> None:
    code = """
with store.making("trees", "new") as making:
    (making.path / "file").write_text("x")
    say(making.path)
    sys.stdin.readline()
say("made")
"""
    process = start(code, filled)
    assert process.stdout is not None
    place = Path(process.stdout.readline().strip())
    Store(filled).gc(0)
    assert (place / "file").exists()
    assert finished([process]) == ["made"]
    assert kept(filled) == ["new"]


def test_a_locked_thing_stays(filled: Path) -> None:
    store = Store(filled)
    with store.lock("trees/a"):
        store.gc(0)
    assert kept(filled) == ["a"]


def test_what_dead_sessions_left_goes(filled: Path) -> None:
    code = """
with store.scratch("t") as folder:
    say(folder)
    sys.stdin.read()
"""
    left = Path(killed(code, filled))
    assert left.exists()
    Store(filled).gc(10_000_000)
    assert not left.exists()


def test_failed_trees_count_and_go(filled: Path) -> None:
    store = Store(filled)
    with store.scratch("t") as folder:
        (folder / "big").write_bytes(os.urandom(200_000))
        place = store.keep_failed("t", folder)
    store.close()
    os.utime(place, (1, 1))
    assert Store(filled).gc(600_000).removed == 1
    assert not place.exists()
    assert kept(filled) == list(KEYS)


def test_a_collection_that_was_killed_is_finished_by_the_next(filled: Path) -> None:
    (filled / "folders" / "trees" / "a").rename(filled / "folders" / "trees" / ".a.removed")
    marker(filled, "trees", "a").rename(filled / "used" / "trees" / ".a.removed")
    store = Store(filled)
    assert store.folder("trees", "a") is None
    store.close()
    Store(filled).gc(10_000_000)
    assert kept(filled) == ["b", "c", "d"]
    assert sorted(path.name for path in (filled / "used" / "trees").iterdir()) == ["b", "c", "d"]


def test_a_collection_killed_between_marker_and_folder_loses_nothing(filled: Path) -> None:
    marker(filled, "trees", "a").rename(filled / "used" / "trees" / ".a.removed")
    store = Store(filled)
    place = store.folder("trees", "a")
    assert place is not None
    assert marker(filled, "trees", "a").exists()


def test_a_use_in_the_middle_of_a_collection_is_seen(filled: Path) -> None:
    """The reader notes its use after the collection has decided, and before it takes anything."""
    user = Store(filled)

    def locks_of(name: str) -> Path:
        if name == "trees/a" and not used:
            used.append(name)
            os.utime(marker(filled, "trees", "a"))
        return filled / "locks" / hashlib.sha256(name.encode()).hexdigest()[:32]

    used: list[str] = []
    collect(filled, 0, lock_path=locks_of)
    assert used == ["trees/a"]
    assert kept(filled) == ["a"]
    assert user.folder("trees", "a") is not None
    user.close()


def test_hard_links_count_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.making("trees", "k") as making:
        (making.path / "one").write_bytes(os.urandom(400_000))
        (making.path / "two").hardlink_to(making.path / "one")
    store.close()
    assert 400_000 <= Store(tmp_path).gc(10_000_000).kept < 500_000


def test_an_empty_store(tmp_path: Path) -> None:
    assert Store(tmp_path / "nowhere").gc(0) == Collected(removed=0, freed=0, kept=0)


def test_collections_and_users_at_once(filled: Path) -> None:
    """Whoever is given a folder finds it whole, however hard eight processes collect meanwhile."""
    using = """
for number in range(40):
    with store.making("trees", f"k{number % 4}") as making:
        if not making.ready:
            for part in range(5):
                (making.path / str(part)).write_text("x")
    place = store.folder("trees", f"k{number % 4}")
    if place is not None:
        assert len(list(place.iterdir())) == 5
"""
    collecting = """
for _ in range(40):
    store.gc(0)
"""
    finished([start(using if number % 2 else collecting, filled) for number in range(8)])


def test_what_is_a_store(tmp_path: Path) -> None:
    assert not is_store(tmp_path / "none")
    assert not is_store(tmp_path)
    (tmp_path / "files").write_text("a file")
    assert not is_store(tmp_path)
    store = Store(tmp_path / "store")
    assert not is_store(store.root)
    store.add_file([b"x"], sha256=None)
    assert is_store(store.root)
