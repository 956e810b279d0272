"""Somebody exchanges files between the look and the use, as fast as they can: what is used is what was looked at.

What counts is the copy that was hashed while it was made, in a folder that only this user can enter. Who may write to
the store itself is trusted with all of it: see docs/reference/store.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builder.environment.packages import PackageStore
from builder.errors import SourceError
from builder.model.environment import LockedPackage
from builder.source.connection import TransferError
from builder.source.transfer import Transfer
from builder.store import Store, remove_tree
from tests.environment.packages import Made, channel
from tests.environment.test_packages import locked

ROUNDS = 1000

RACER = """
import os, sys
place, good, evil = sys.argv[1:]
print("racing", flush=True)
while True:
    for one in (evil, good):
        os.link(one, place + ".next")
        os.replace(place + ".next", place)
        with open(place, "rb") as file:  # and in place, halfway
            file.read(1)
"""

SCRIBBLER = """
import os, sys
place, good, evil = (sys.argv[1], *(open(name, "rb").read() for name in sys.argv[2:]))
print("racing", flush=True)
while True:
    for one in (evil, good):
        with open(place, "r+b") as file:
            file.write(one[: len(one) // 2])
            file.flush()
            file.write(one[len(one) // 2 :])
            file.truncate()
"""


@contextmanager
def racing(program: str, place: Path, good: Path, evil: Path) -> Iterator[None]:
    """Let another process exchange ``place`` between ``good`` and ``evil`` for the length of the block."""
    with subprocess.Popen([sys.executable, "-c", program, place, good, evil], stdout=subprocess.PIPE) as racer:
        assert racer.stdout is not None
        racer.stdout.readline()
        try:
            yield
        finally:
            racer.kill()


@pytest.mark.parametrize("program", [RACER, SCRIBBLER], ids=["exchanged", "rewritten"])
def test_a_package_of_a_folder_is_what_its_record_says_or_refused(store: Store, tmp_path: Path, program: str) -> None:
    own = channel(tmp_path / "own", Made(name="a", files={"bin/a": b"good"}))
    other = channel(tmp_path / "evil", Made(name="a", files={"bin/a": b"EVIL"}))
    package = locked(store, str(own), "a")
    place = own / "linux-64" / package.file_name
    good, evil = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(place.read_bytes())
    evil.write_bytes((other / "linux-64" / package.file_name).read_bytes())
    wanted, taken, refused = hashlib.sha256(good.read_bytes()).hexdigest(), 0, 0
    assert package.sha256 == wanted

    async def rounds() -> tuple[int, int]:
        taken = refused = 0
        packages = PackageStore(store)
        for number in range(ROUNDS):
            folder = tmp_path / f"round-{number}"
            folder.mkdir()
            try:
                archive = await packages.archive(package, folder)
            except SourceError:
                refused += 1
            else:
                assert hashlib.sha256(archive.read_bytes()).hexdigest() == wanted
                taken += 1
            remove_tree(folder)
        return taken, refused

    with racing(program, place, good, evil):
        taken, refused = asyncio.run(rounds())
    assert taken + refused == ROUNDS
    assert refused, "the racer never won, so nothing was tried"


@pytest.mark.parametrize("program", [RACER, SCRIBBLER], ids=["exchanged", "rewritten"])
def test_a_local_source_is_what_its_hash_says_or_refused(store: Store, tmp_path: Path, program: str) -> None:
    place, good, evil = (tmp_path / name for name in ("place", "good", "bad"))
    good.write_bytes(b"good" * 30_000)
    evil.write_bytes(b"EVIL" * 30_000)
    os.link(good, place) if program == RACER else place.write_bytes(good.read_bytes())
    wanted = hashlib.sha256(good.read_bytes()).hexdigest()

    async def rounds() -> tuple[int, int]:
        taken = refused = 0
        async with Transfer(store, retries=()) as transfer:
            for _ in range(ROUNDS):
                try:
                    stored = await transfer.save(place.as_uri(), wanted)
                except TransferError:
                    refused += 1
                else:
                    assert hashlib.sha256(stored.path.read_bytes()).hexdigest() == wanted
                    taken += 1
        return taken, refused

    with racing(program, place, good, evil):
        taken, refused = asyncio.run(rounds())
    assert taken + refused == ROUNDS
    assert refused, "the racer never won, so nothing was tried"
    assert not (store.root / "torn").exists()


def test_a_package_that_changed_in_the_store_is_fetched_again(store: Store, tmp_path: Path) -> None:
    """A file of the store that lost its seal is read before it is used."""
    own = channel(tmp_path / "own", Made(name="a", files={"bin/a": b"good"}))
    package: LockedPackage = locked(store, str(own), "a")
    kept = store.add_file([(own / "linux-64" / package.file_name).read_bytes()], sha256=package.sha256).path
    kept.chmod(0o644)
    kept.write_bytes(b"EVIL")
    folder = asyncio.run(PackageStore(store).unpacked(package))
    assert (folder / "bin" / "a").read_bytes() == b"good"
    assert store.torn(package.sha256) is not None
