"""A store that already has the sandbox's root, so that each test starts with nothing else."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.sandbox.rootfs import rootfs_lock
from builder.store import Store
from tests.cli.conftest import command, kitchen, write_recipe  # noqa: F401 - two are fixtures
from tests.e2e.command import CHECKOUT, Bakehouse, Built
from tests.e2e.once import once
from tests.e2e.pythons import collection  # noqa: F401 - a fixture
from tests.e2e.treats import TREAT

MakeBakehouse = Callable[[str], Bakehouse]


@pytest.fixture
def make_bakehouse(tmp_path: Path, machine_store: Store, rootfs: Path) -> MakeBakehouse:
    """Make the command with a fresh store of that name, which was given the debs of the sandbox's root and the root.

    For unpacking them takes longer than most of what is tested here; `built` does that too. The files are the machine's
    store's: nobody writes into what a store has.
    """

    def make(name: str) -> Bakehouse:
        store, lock = tmp_path / name, rootfs_lock()
        for deb in lock.debs:
            place = store / "files" / deb.sha256[:2] / deb.sha256
            place.parent.mkdir(parents=True, exist_ok=True)
            path = machine_store.file(deb.sha256)
            assert path is not None
            _lend(path, place)
        shutil.copytree(rootfs, store / "folders" / "rootfs" / lock.digest, symlinks=True, copy_function=_lend)
        return Bakehouse(store=store)

    return make


def _lend(path: str | Path, place: str | Path) -> None:
    """Link a file, or copy it with all that says that it is whole where temporary ones are on another file system."""
    try:
        os.link(path, place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copy2(path, place)


@pytest.fixture
def bakehouse(make_bakehouse: MakeBakehouse) -> Bakehouse:
    """The command with a store of this test's own."""
    return make_bakehouse("store")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, machine_store: Store, rootfs: Path) -> Built:
    """The collection in recipes/base, built one task after the other, from this checkout, by this user; built once."""

    def build(channel: Path) -> str:
        # beside the machine's store, for hard links to its files
        store = Path(tempfile.mkdtemp(prefix="first-", dir=machine_store.root.parent))
        try:
            shutil.copytree(machine_store.root / "files", store / "files", copy_function=os.link)
            recipes = CHECKOUT / "recipes" / "base"
            return Bakehouse(store=store).good("build", recipes, "--out", channel, "-j", "1", "--offline", "--json")
        finally:
            shutil.rmtree(store)

    return once(tmp_path_factory, "first", build)


@pytest.fixture
def treat(tmp_path: Path) -> Path:
    """The folder of a recipe that needs no packages."""
    return write_recipe(tmp_path / "treat", TREAT)
