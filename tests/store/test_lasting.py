from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builder.store import Store
from builder.store.lasting import Lasting


class Thing:
    """Counts how often it was ended, into a list that all share."""

    def __init__(self, ended: list[Thing]) -> None:
        self._ended = ended

    def close(self) -> None:
        self._ended.append(self)


class Other(Thing):
    """Another kind."""


def test_there_is_one_of_each_kind_until_all_end() -> None:
    lasting, ended = Lasting(), list[Thing]()
    thing = lasting.get(Thing, lambda: Thing(ended))
    assert lasting.get(Thing, lambda: Thing(ended)) is thing
    other = lasting.get(Other, lambda: Other(ended))
    assert other is not thing
    lasting.close()
    assert ended == [other, thing]
    lasting.close()
    assert ended == [other, thing]
    assert lasting.get(Thing, lambda: Thing(ended)) not in ended


def test_threads_get_the_same() -> None:
    lasting, made = Lasting(), list[Thing]()

    def make() -> Thing:
        made.append(Thing([]))
        return made[-1]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: lasting.get(Thing, make), range(64)))
    assert len(made) == 1
    assert set(found) == set(made)


def test_a_store_ends_what_lasts_before_its_folders_go(tmp_path: Path) -> None:
    store, there = Store(tmp_path / "store"), list[bool]()

    class Watching:
        """Looks whether the session's folder is there when it ends."""

        def __init__(self) -> None:
            self.folder = store.session_folder("watching")

        def close(self) -> None:
            there.append(self.folder.is_dir())

    watching = store.lasting(Watching, Watching)
    assert store.lasting(Watching, Watching) is watching
    store.close()
    assert there == [True]
    assert not watching.folder.exists()
