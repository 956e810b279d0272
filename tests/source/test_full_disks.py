"""Disks that are full, have no inodes left, may not be written or fail: told with the reason, and nothing half done.

Each test runs in a mount namespace of its own, where a small tmpfs is the disk; errors that no tmpfs gives are given by
a filter of system calls.
"""

from __future__ import annotations

import errno
import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.store import Store
from tests.e2e.command import CHECKOUT, Bakehouse
from tests.source.server import Server

MIB = 1 << 20
BODIES = {f"/big-{n}": random.Random(n).randbytes(MIB) for n in range(12)}

STEPS = """
import json, os, pathlib, subprocess, sys
disk, store = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[1]) / "store"
def run(*words):
    done = subprocess.run([sys.executable, "-m", "builder", *words], capture_output=True, text=True)
    found.append({
        "code": done.returncode, "said": done.stderr, "files": sorted(path.name for path in store.glob("files/*/*")),
        "unfinished": [str(path) for path in store.glob("sessions/**/*")],
    })
def mount(*words):
    subprocess.run(["mount", *words, disk], check=True)
found = []
"""

FILTERED = """
import hashlib, pathlib, sys
import pyseccomp
from builder.errors import MachineError
from builder.store import Store
store = Store(pathlib.Path(sys.argv[1]))
rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for name in sys.argv[2].split(","):
    rules.add_rule(pyseccomp.ERRNO(int(sys.argv[3])), name)
rules.load()
try:
    store.add_file([b"hello"], sha256=None)
except MachineError as error:
    print(error, error.problems[0].remedy)
"""


def on_a_disk(bakehouse: Bakehouse, disk: Path, steps: str, *arguments: object) -> list[dict[str, object]]:
    """Run Python ``steps`` where the folder ``disk`` can be mounted; returns what each ``run`` in them found."""
    disk.mkdir(exist_ok=True)
    inner = [sys.executable, "-c", f"{STEPS}{steps}\nprint(json.dumps(found))", str(disk), *map(str, arguments)]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", *inner],
        capture_output=True, text=True, check=False, env=bakehouse.variables(), cwd=CHECKOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def recipe(folder: Path, base: str) -> Path:
    lines = ["package:", "  name: big", '  version: "1"', "source:"]
    for path, body in BODIES.items():
        lines += [f"  - url: {base}{path}", f"    sha256: {hashlib.sha256(body).hexdigest()}"]
    folder.mkdir()
    (folder / "recipe.yaml").write_text("\n".join([*lines, ""]))
    return folder


@pytest.fixture
def big(server: Server, tmp_path: Path) -> Path:
    for path, body in BODIES.items():
        server.serve(path, body)
    return recipe(tmp_path / "recipe", server.base)


@pytest.fixture
def bakehouse(tmp_path: Path) -> Bakehouse:
    return Bakehouse(store=tmp_path / "disk" / "store", environment=(("NO_PROXY", "*"),))


def names() -> list[str]:
    return sorted(hashlib.sha256(body).hexdigest() for body in BODIES.values())


def test_a_full_disk_is_told_and_what_was_missing_comes_once_there_is_room(
    bakehouse: Bakehouse, big: Path, server: Server, tmp_path: Path
) -> None:
    steps = """
mount("-t", "tmpfs", "-o", "size=8m", "disk")
(disk / "ballast").write_bytes(bytes(3 << 20))
run("fetch", "--no-rootfs", sys.argv[2])
run("fetch", "--no-rootfs", sys.argv[2])
(disk / "ballast").unlink()
mount("-o", "remount,size=16m", "disk")
run("fetch", "--no-rootfs", sys.argv[2])
run("cache", "verify")
"""
    full, still_full, good, verified = on_a_disk(bakehouse, tmp_path / "disk", steps, big)
    for end in (full, still_full):
        said = str(end["said"])
        assert end["code"] == 3, said
        assert f"no space left in {bakehouse.store} for a file of 1.0 MiB: its disk of 8.0 MiB has " in said
        assert "bakehouse cache gc" in said
        assert said.count("no space left") < 12, "what all say alike is said once"
        assert end["unfinished"] == []
        assert isinstance(end["files"], list)
        assert 1 <= len(end["files"]) < len(BODIES)
        assert set(end["files"]) < set(names())
    assert (good["code"], good["files"], good["unfinished"]) == (0, names(), [])
    assert (verified["code"], verified["files"]) == (0, names()), "nothing torn was published"


def test_no_inodes_are_left(bakehouse: Bakehouse, big: Path, tmp_path: Path) -> None:
    steps = """
mount("-t", "tmpfs", "-o", "size=64m,nr_inodes=40", "disk")
run("fetch", "--no-rootfs", sys.argv[2])
mount("-o", "remount,nr_inodes=400", "disk")
run("fetch", "--no-rootfs", sys.argv[2])
"""
    full, good = on_a_disk(bakehouse, tmp_path / "disk", steps, big)
    assert full["code"] == 3
    assert "its disk has no inodes left, of 40" in str(full["said"])
    assert full["unfinished"] == []
    assert (good["code"], good["files"], good["unfinished"]) == (0, names(), [])


def test_a_disk_that_is_mounted_for_reading(bakehouse: Bakehouse, big: Path, server: Server, tmp_path: Path) -> None:
    """What is there is used; what is not says why it cannot come."""
    steps = """
mount("-t", "tmpfs", "-o", "size=64m", "disk")
run("fetch", "--no-rootfs", sys.argv[2])
mount("-o", "remount,ro", "disk")
run("fetch", "--no-rootfs", sys.argv[2])
run("fetch", "--no-rootfs", sys.argv[3])
run("cache", "verify")
"""
    other = tmp_path / "other"
    other.mkdir()
    digest = hashlib.sha256(b"other").hexdigest()
    source = f"  url: {server.serve('/other', b'other')}\n  sha256: {digest}\n"
    (other / "recipe.yaml").write_text(f'package:\n  name: other\n  version: "1"\nsource:\n{source}')
    first, again, missing, verified = on_a_disk(bakehouse, tmp_path / "disk", steps, big, other)
    assert first["code"] == again["code"] == verified["code"] == 0
    assert missing["code"] == 3
    assert f"{bakehouse.store}" in str(missing["said"])
    assert "cannot be written: Read-only file system" in str(missing["said"])
    assert "mount it so that it can be written" in str(missing["said"])


REFUSALS: tuple[tuple[Sequence[str], int, str, str], ...] = (
    (("flock",), errno.ENOLCK, "gives no file locks: No locks available", "put it on a local disk"),
    (("flock",), errno.EOPNOTSUPP, "gives no file locks: Operation not supported", "put it on a local disk"),
    (("fsync",), errno.EIO, "fails: Input/output error", "bakehouse cache verify"),
    (("fsync",), errno.EDQUOT, "your quota on the disk of", "bakehouse cache gc"),
    (("rename", "renameat", "renameat2"), errno.ENOSPC, "no space left in", "bakehouse cache gc"),
    (("fsync",), errno.EMFILE, "too many files are open", "ulimit -n"),
    (("rename", "renameat", "renameat2"), errno.EACCES, "cannot be written: Permission denied", "belongs to you"),
)


@pytest.mark.parametrize(("calls", "number", "words", "remedy"), REFUSALS)
def test_what_a_file_system_may_refuse(
    store: Store, calls: Sequence[str], number: int, words: str, remedy: str
) -> None:
    arguments = [str(store.root), ",".join(calls), str(number)]
    done = subprocess.run(
        [sys.executable, "-c", FILTERED, *arguments], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    assert words in done.stdout
    assert remedy in done.stdout
    assert str(store.root) in done.stdout or number == errno.EMFILE
    assert list(store.root.glob("files/*/*")) == []
    store.add_file([b"hello"], sha256=None)
    assert len(list(store.root.glob("files/*/*"))) == 1
    assert len(list((store.root / "sessions").glob("*.lock"))) == 1, "what was left is gone"


@pytest.mark.parametrize("place", ["/dev/null/store", "/proc/store", "/etc/passwd"])
def test_a_place_that_can_be_no_store(place: str) -> None:
    with pytest.raises(MachineError, match=f"{place}.* cannot be written"):
        Store(Path(place)).add_file([b"hello"], sha256=None)
