"""Staging outputs in the store: whole or absent, the same when they come back, told when somebody damaged them."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.model.environment import (
    DependencyOrigin,
    Environment,
    Environments,
    LockedPackage,
    ResolvedRunExports,
    RunDependency,
)
from builder.model.finding import Finding, Severity
from builder.model.payload import Entry, EntryKind, Installed
from builder.model.source import SourceDigest, SourceTree
from builder.pipeline.staged import Staged, keep, load
from builder.store import Store
from tests.e2e.command import CHECKOUT

KEY = "a" * 64
ZLIB = LockedPackage(
    name="zlib", version="1.3", build="h0_0", build_number=0, subdir="linux-64", file_name="zlib-1.3-h0_0.conda",
    url="https://example.org/zlib.conda", channel="https://example.org", sha256="b" * 64, size=5, depends=("libgcc >=12",),
    constrains=("other <1",), record='{"name":"zlib"}',
)  # fmt: skip


def staged(folder: Path, *, text: bytes = b"left by the script") -> Staged:
    """What a task would hand over: its files lie in its own folder."""
    prefix, work = folder / "upper", folder / "work"
    (prefix / "lib").mkdir(parents=True)
    work.mkdir()
    (prefix / "lib" / "file").write_bytes(text)
    (prefix / "lib" / "file").chmod(0o755)
    (work / "source.c").write_text("int main;")
    entries = (
        Entry(path="empty/folder", kind=EntryKind.DIRECTORY),
        Entry(path="lib/file", kind=EntryKind.FILE, content=prefix / "lib" / "file", executable=True, size=len(text)),
        Entry(path="lib/link", kind=EntryKind.SYMLINK, target=".//file"),
    )
    return Staged(
        build_key=KEY,
        environments=Environments(
            build=Environment(specs=("zlib >=1",), packages=(ZLIB,)),
            host=Environment(),
            depends=(RunDependency(spec="zlib >=1.3", origin=DependencyOrigin.HOST_RUN_EXPORT, source="zlib"),),
            constrains=(RunDependency(spec="x <2", origin=DependencyOrigin.RECIPE),),
            run_exports=ResolvedRunExports(weak=("zlib >=1.3",)),
        ),
        installed=Installed(
            folder=prefix, entries=entries, changed=("etc/x",), deleted=("y",), irregular=("fifo", "\\xff")
        ),
        source=SourceTree(
            folder=work,
            digests=(SourceDigest(url="https://example.org/s", sha256="c" * 64, kind="url"),),
            newest=1_600_000_000,
            findings=(Finding(check="source", severity=Severity.WARNING, message="odd", remedy="repack it"),),
        ),
        owners=(("lib/libz.so", "zlib"),),
        rendered='{"package":{"name":"oven"}}',
    )


def test_what_comes_back_is_what_was_kept(store: Store, tmp_path: Path) -> None:
    made = staged(tmp_path / "task")
    kept = asyncio.run(keep(store, made))
    found = load(store, KEY)
    assert found == kept
    assert found is not None
    assert found.environments == made.environments
    assert found.owners == made.owners
    assert found.source == replace(made.source, folder=found.source.folder)
    plain = [replace(entry, content=None) for entry in found.installed.entries]
    assert plain == [replace(entry, content=None) for entry in made.installed.entries]
    assert (found.installed.changed, found.installed.deleted) == (("etc/x",), ("y",))
    assert found.installed.irregular == ("fifo", "\\xff")
    assert found.inside == made.inside


def test_the_files_lie_in_the_store_with_bytes_modes_and_links(store: Store, tmp_path: Path) -> None:
    kept = asyncio.run(keep(store, staged(tmp_path / "task")))
    place = kept.installed.folder
    assert place.is_relative_to(store.root)
    assert (place / "lib" / "file").read_bytes() == b"left by the script"
    assert (place / "lib" / "file").stat().st_mode & 0o777 == 0o755
    assert (place / "lib" / "link").readlink() == Path("file")
    assert (place / "empty" / "folder").is_dir()
    assert (kept.source.folder / "source.c").read_text() == "int main;"
    assert [entry.content for entry in kept.installed.entries if entry.content] == [place / "lib" / "file"]
    assert not (tmp_path / "task" / "work").exists(), "moved, not copied"


def test_another_key_is_another_output(store: Store, tmp_path: Path) -> None:
    assert load(store, KEY) is None
    asyncio.run(keep(store, staged(tmp_path / "task")))
    assert load(store, "f" * 64) is None


def test_who_comes_second_gets_what_the_first_one_kept(store: Store, tmp_path: Path) -> None:
    one, two = staged(tmp_path / "one"), staged(tmp_path / "two", text=b"the same work, done again")

    async def both() -> list[Staged]:
        return list(await asyncio.gather(keep(store, one), keep(store, two)))

    first, second = asyncio.run(both())
    assert first == second
    (file,) = [entry.content for entry in first.installed.entries if entry.content]
    assert file.read_bytes() in {b"left by the script", b"the same work, done again"}
    assert file.stat().st_size == next(entry.size for entry in first.installed.entries if entry.content)


PROCESS = """
import asyncio, sys
from pathlib import Path
from builder.pipeline.staged import keep
from builder.store import Store
from tests.pipeline.test_staged import staged
store = Store(Path(sys.argv[1]))
print(asyncio.run(keep(store, staged(Path(sys.argv[2]), text=sys.argv[2].encode()))).installed.folder.joinpath("lib/file").read_text())
store.close()
"""


def test_two_processes_keep_one(store: Store, tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, store.root, tmp_path / name],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two", "three")
    ]
    said = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(said) == 1, "all see the same bytes"


def test_an_interrupted_move_leaves_nothing(store: Store, tmp_path: Path) -> None:
    made = staged(tmp_path / "task")
    (tmp_path / "task" / "upper" / "lib" / "file").unlink()
    with pytest.raises(FileNotFoundError):
        asyncio.run(keep(store, made))
    assert load(store, KEY) is None


@pytest.mark.parametrize("damage", ["no document", "no JSON", "half a document", "other shape", "a file is gone"])
def test_damage_is_told_with_place_and_remedy(store: Store, tmp_path: Path, damage: str) -> None:
    kept = asyncio.run(keep(store, staged(tmp_path / "task")))
    folder = kept.installed.folder.parent
    document = folder / "staged.json"
    text = document.read_text()
    match damage:
        case "no document":
            document.unlink()
        case "no JSON":
            document.write_text(text[: len(text) // 2])
        case "half a document":
            document.write_text(json.dumps({"entries": []}))
        case "other shape":
            document.write_text("[]")
        case _:
            (folder / "prefix" / "lib" / "file").unlink()
    with pytest.raises(MachineError, match="staging output in the store is damaged") as caught:
        load(store, KEY)
    assert str(folder) in str(caught.value.problems[0].remedy)
    shutil.rmtree(folder)
    assert load(store, KEY) is None, "after the remedy it is simply not there"
