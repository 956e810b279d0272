"""What a staging output left in one place, moved to another: as if its script had run there."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import MachineError
from builder.model.inside import InsidePaths, inside_paths
from builder.model.payload import Entry, EntryKind
from builder.pipeline.moving import moved
from builder.pipeline.staged import Staged
from tests.pipeline.test_staged import staged

OLD = inside_paths(PurePosixPath("/store/scratch/dough-1"))
NEW = inside_paths(PurePosixPath("/store/scratch/a-bun-with-a-longer-name-2"))


def left(folder: Path, content: bytes) -> Staged:
    """A staging output that left ``content`` in its prefix and in its work folder, and links to both."""
    made = replace(staged(folder, text=content), inside=OLD)
    prefix, work = made.installed.folder, made.source.folder
    (work / "sub").mkdir()
    (work / "sub" / "cache.txt").write_bytes(content)
    (work / "there").symlink_to(f"{OLD.work}/sub")
    (prefix / "lib" / "away").symlink_to(f"{OLD.prefix}/lib/file")
    link = Entry(path="lib/away", kind=EntryKind.SYMLINK, target=f"{OLD.prefix}/lib/file")
    return replace(made, installed=replace(made.installed, entries=(*made.installed.entries, link)))


def after(folder: Path, content: bytes, inside: InsidePaths = NEW) -> Staged:
    (folder / "into").mkdir(parents=True)
    return moved(left(folder / "task", content), inside, folder / "into")


def said_of(inside: InsidePaths) -> bytes:
    return f"{inside.prefix}/lib:{inside.work}/sub:{inside.build_prefix}/bin".encode()


def test_text_names_all_the_new_paths(tmp_path: Path) -> None:
    found = after(tmp_path, said_of(OLD))
    for file in (found.installed.folder / "lib" / "file", found.source.folder / "sub" / "cache.txt"):
        assert file.is_relative_to(tmp_path / "into")
        assert file.read_bytes() == said_of(NEW)


def test_programs_name_the_new_prefix_at_the_same_length(tmp_path: Path) -> None:
    program = b"\x7fELF\0" + said_of(OLD) + b"\0end"
    (file,) = (entry for entry in after(tmp_path, program).installed.entries if entry.kind is EntryKind.FILE)
    assert file.content is not None
    data = file.content.read_bytes()
    assert len(data) == len(program) == file.size
    assert bytes(NEW.prefix) in data
    assert bytes(OLD.prefix) not in data
    assert bytes(OLD.work) in data, "which a check for paths of the build finds"


def test_links_lead_to_the_new_paths(tmp_path: Path) -> None:
    found = after(tmp_path, b"")
    targets = {entry.path: entry.target for entry in found.installed.entries if entry.kind is EntryKind.SYMLINK}
    assert targets == {"lib/away": f"{NEW.prefix}/lib/file", "lib/link": ".//file"}
    assert str((found.installed.folder / "lib" / "away").readlink()) == f"{NEW.prefix}/lib/file"
    assert str((found.source.folder / "there").readlink()) == f"{NEW.work}/sub"


def test_times_and_modes_stay_and_so_does_what_was_staged(tmp_path: Path) -> None:
    made = left(tmp_path / "task", said_of(OLD))
    (entry,) = (one for one in made.installed.entries if one.kind is EntryKind.FILE)
    assert entry.content is not None
    os.utime(entry.content, ns=(1_500_000_000_000_000_001, 1_500_000_000_000_000_001))
    entry.content.chmod(0o555)
    (tmp_path / "into").mkdir()
    status = (moved(made, NEW, tmp_path / "into").installed.folder / "lib" / "file").stat()
    assert (status.st_mtime_ns, status.st_mode & 0o777) == (1_500_000_000_000_000_001, 0o555)
    assert entry.content.read_bytes() == said_of(OLD)


def test_sizes_are_those_of_the_moved_files(tmp_path: Path) -> None:
    for entry in after(tmp_path, said_of(OLD)).installed.entries:
        if entry.content is not None:
            assert entry.size == entry.content.stat().st_size == len(said_of(NEW))


def test_what_cannot_be_copied_is_no_defect(tmp_path: Path) -> None:
    made = left(tmp_path / "task", b"")
    os.mkfifo(made.source.folder / "pipe")
    (tmp_path / "into").mkdir()
    with pytest.raises(MachineError, match="cannot be copied") as caught:
        moved(made, NEW, tmp_path / "into")
    assert caught.value.problems[0].remedy is not None


@given(parts=st.lists(st.sampled_from([b"x", b"/", b" ", b"\n", said_of(OLD), bytes(OLD.prefix)]), max_size=8))
def test_back_and_forth_is_nothing(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    folder, text = tmp_path_factory.mktemp("moving"), b"".join(parts)
    there = replace(after(folder, text), inside=NEW)
    (folder / "back").mkdir()
    back = moved(there, OLD, folder / "back")
    assert (back.installed.folder / "lib" / "file").read_bytes() == text
    assert str((back.source.folder / "there").readlink()) == f"{OLD.work}/sub"
