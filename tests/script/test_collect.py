"""From what a session changed to what a script installed."""

from __future__ import annotations

from pathlib import Path

from builder.model.payload import Entry, EntryKind, Installed
from builder.sandbox import Changes
from builder.script import collect


def file(path: str) -> Entry:
    return Entry(path=path, kind=EntryKind.FILE, content=Path("/upper") / path, size=1)


def test_new_and_changed_paths_are_what_it_installed() -> None:
    changes = Changes(
        folder=Path("/upper"),
        new=(file("bin/x"), file("lib/z")),
        changed=(file("lib/a"),),
        deleted=("share/gone",),
        irregular=("run/fifo",),
    )
    assert collect(changes, log=Path("/log")) == Installed(
        folder=Path("/upper"),
        entries=(file("bin/x"), file("lib/a"), file("lib/z")),
        changed=("lib/a",),
        deleted=("share/gone",),
        irregular=("run/fifo",),
        log=Path("/log"),
    )


def test_records_of_the_environment_are_nobodys_files() -> None:
    changes = Changes(
        folder=Path("/upper"),
        new=(file("conda-meta/evil-1-0.json"), file("conda-metals")),
        changed=(file("conda-meta/history"),),
        deleted=("conda-meta/gone.json",),
        irregular=("conda-meta/fifo",),
    )
    found = collect(changes, log=None)
    assert [entry.path for entry in found.entries] == ["conda-metals"]
    assert (found.changed, found.deleted, found.irregular) == ((), (), ())


def test_nothing_is_nothing() -> None:
    assert collect(Changes(folder=Path("/upper")), log=None) == Installed(folder=Path("/upper"), entries=())
