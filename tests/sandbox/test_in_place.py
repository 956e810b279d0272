"""What a script changes in place in an environment reaches neither the shared cache nor a sibling."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.environment import Solver, link
from builder.model.environment import LinkedPrefix
from builder.sandbox import Bind, Overlay
from builder.store import Store
from tests.environment.packages import Made, channel
from tests.sandbox.conftest import Bench, bench_for

EDITS = {
    "opened": "printf X | dd of=lib/opened conv=notrunc 2>/dev/null",
    "appended": "echo bad >> lib/appended",
    "rewritten": "echo bad > lib/rewritten",
    "sed": "sed -i s/good/bad/ lib/sed",
    "chmod": "chmod 777 lib/chmod",
    "moved": "mv lib/moved lib/elsewhere",
    "moved-over": "echo bad > new; mv -f new lib/moved-over",
    "hard-linked": "ln lib/hard-linked lib/second; echo bad >> lib/second",
    "linked": "ln -s linked lib/third; echo bad >> lib/third",
    "through-a-folder": "ln -s lib other; echo bad > other/through-a-folder",
    "mapped": "$SRC_DIR/mapped lib/mapped",
    "truncated": "truncate -s 0 lib/truncated",
    "dated": "touch -d 2001-01-01 lib/dated",
    "removed": "rm lib/removed",
    "folder": "rm lib/folder; mkdir lib/folder; echo bad > lib/folder/file",
    "prefixed": "sed -i s/good/bad/ lib/prefixed",
}
"""Ways to change a file, each on one of its own; ``prefixed`` holds the prefix, so that it is no link to the cache."""

_UNSEEN = {"dated", "moved", "removed", "folder"}
_PLACEHOLDER = "/opt/placehold" + "_placehold" * 20


def mapper() -> bytes:
    """Return a program for x86-64 that maps the file of its first argument and writes into the map."""
    code = bytes.fromhex(
        "488b7c2410 b802000000 be02000000 0f05 85c0 782f"  # open(argv[1], O_RDWR)
        "4189c0 31ff be00100000 ba03000000 41ba01000000 4531c9 b809000000 0f05"  # mmap(0, 4096, 3, MAP_SHARED, fd, 0)
        "4885c0 7807 c60058 31ff eb05 bf01000000 b83c000000 0f05"  # write, exit
    )
    size = 120 + len(code)
    header = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    )
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 4096) + code


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store")
    yield store
    store.close()


def linked(store: Store, folder: Path, bench: Bench) -> LinkedPrefix:
    """Link an environment of one package that has a file for each of the edits."""
    files = {f"lib/{name}": b"good\n" for name in EDITS} | {"lib/prefixed": f"good {_PLACEHOLDER}\n".encode()}
    place = channel(folder / "channel", Made(name="a", files=files, prefixed={"lib/prefixed": (_PLACEHOLDER, "text")}))

    async def main() -> LinkedPrefix:
        environment = await Solver([str(place)], store).solve(["a"], subdir="linux-64")
        return await link(environment, bench.inside.prefix, store)

    return asyncio.run(main())


def state(*folders: Path) -> dict[str, tuple[object, ...]]:
    """Return all that can be told of every file below ``folders``, but the time at which it was last read."""
    found = dict[str, tuple[object, ...]]()
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path)] = (status.st_mode, status.st_ino, status.st_nlink, status.st_size, status.st_mtime_ns, content)
    return found


def upper(bench: Bench, prefix: LinkedPrefix, name: str) -> Overlay:
    return Overlay(lower=(prefix.folder,), upper=bench.folder / f"task-{name}" / "host", inside=bench.inside.prefix)


@pytest.fixture(params=["overlay", "copy", "none", "docker", "docker copy"])
def way(request: pytest.FixtureRequest, rootfs: Path, tmp_path: Path) -> Bench:
    """Every way to run commands, with overlays and with copies."""
    engine = request.getfixturevalue("docker_engine") if request.param.startswith("docker") else ""
    return bench_for(request.param, rootfs, tmp_path, engine)


def test_a_change_in_place_is_the_tasks_own_alone(way: Bench, shared: Store, tmp_path: Path) -> None:
    prefix = linked(shared, tmp_path, way)
    assert (prefix.folder / "lib" / "sed").stat().st_nlink > 1, "it is a link to the cache, where it could be poisoned"
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "mapped").write_bytes(mapper())
    (tools / "mapped").chmod(0o755)
    kept = (tmp_path / "store" / "folders" / "environments", tmp_path / "store" / "folders" / "unpacked")
    before = state(*kept)
    mine, sibling = upper(way, prefix, "mine"), upper(way, prefix, "sibling")
    script = "set -e; cd $PREFIX\n" + "\n".join(EDITS.values())
    env = {"PREFIX": str(way.inside.prefix), "SRC_DIR": str(way.inside.recipe)}
    ran = way.run(script, mine, Bind(source=tools, inside=way.inside.recipe), env=env)
    assert ran.exit.code == 0, ran.text
    assert state(*kept) == before
    changes = way.sandbox.changes(mine)
    assert {entry.path for entry in changes.changed} == {f"lib/{name}" for name in EDITS.keys() - _UNSEEN}
    assert set(changes.deleted) == {"lib/moved", "lib/removed", "lib/folder"}
    seen = way.run("cd $PREFIX; cat lib/*; stat -c %a lib/chmod; ls -d lib/elsewhere other", sibling, env=env)
    good = [line for line in seen.lines if line.startswith("good")]
    assert len(good) == len(EDITS)
    assert "bad" not in seen.text
    assert not way.sandbox.changes(sibling).changed
    assert state(*kept) == before
