"""A store that already has the sandbox's root, so that each test starts with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from builder.sandbox.rootfs import rootfs_lock
from builder.store import Store
from tests.e2e.command import Bakehouse

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
