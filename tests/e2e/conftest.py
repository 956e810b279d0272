"""A store that already has the sandbox's root, so that each test starts with nothing else."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.sandbox.rootfs import rootfs_lock
from builder.store import Store
from tests.cli.conftest import command, kitchen, write_recipe  # noqa: F401 - two are fixtures
from tests.e2e.command import CHECKOUT, Bakehouse, Built
from tests.e2e.pythons import collection  # noqa: F401 - a fixture
from tests.e2e.treats import TREAT

MakeBakehouse = Callable[[str], Bakehouse]


@pytest.fixture
def make_bakehouse(tmp_path: Path, machine_store: Store, rootfs: Path) -> MakeBakehouse:
    """Make the command with a fresh store of that name, which was given the debs of the sandbox's root."""

    def make(name: str) -> Bakehouse:
        store = Store(tmp_path / name)
        for deb in rootfs_lock().debs:
            path = machine_store.file(deb.sha256)
            assert path is not None
            store.add_file([path.read_bytes()], sha256=deb.sha256)
        store.close()
        return Bakehouse(store=tmp_path / name)

    return make


@pytest.fixture
def bakehouse(make_bakehouse: MakeBakehouse) -> Bakehouse:
    """The command with a store of this test's own."""
    return make_bakehouse("store")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, machine_store: Store, rootfs: Path) -> Iterator[Built]:
    """The collection in recipes/base, built one task after the other, from this checkout, by this user; built once."""
    folder = Path(os.path.realpath(tmp_path_factory.mktemp("first", numbered=False)))
    # beside the machine's store, for hard links to its files
    store = Path(tempfile.mkdtemp(prefix="first-", dir=machine_store.root.parent))
    shutil.copytree(machine_store.root / "files", store / "files", copy_function=os.link)
    recipes = CHECKOUT / "recipes" / "base"
    try:
        text = Bakehouse(store=store).good(
            "build", recipes, "--out", folder / "channel", "-j", "1", "--offline", "--json"
        )
        yield Built(channel=folder / "channel", document=tuple(json.loads(text)))
    finally:
        shutil.rmtree(store)


@pytest.fixture
def treat(tmp_path: Path) -> Path:
    """The folder of a recipe that needs no packages."""
    return write_recipe(tmp_path / "treat", TREAT)
