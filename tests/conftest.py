"""Fixtures that every room's tests share: a fresh store, the fetched store, the sandbox's root."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.store import Store

CHECKOUT = Path(__file__).parents[1]
_STATUS = pytest.StashKey[int]()


def pytest_configure() -> None:
    """Hear Ctrl-C even where whoever started us ignores it, as a shell's background jobs do: programs would inherit it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
    """Remember how the tests ended, for `pytest_unconfigure`."""
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave as the command itself does: rattler's threads now and then abort an interpreter that takes itself apart."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(config.stash.get(_STATUS, pytest.ExitCode.INTERNAL_ERROR))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of this test's own."""
    made = Store(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture(scope="session")
def machine_store() -> Iterator[Store]:
    """The store that `make test` filled: sources and the debs of the sandbox's root."""
    made = Store(Path(os.environ.get("BAKEHOUSE_STORE", CHECKOUT / ".cache" / "store")))
    yield made
    made.close()


@pytest.fixture(scope="session")
def rootfs(machine_store: Store) -> Path:
    """The sandbox's root, unpacked once into the fetched store."""
    from builder.sandbox.rootfs import ensure_rootfs, rootfs_lock

    debs = {deb.sha256: machine_store.file(deb.sha256) for deb in rootfs_lock().debs}
    missing = [digest for digest, path in debs.items() if path is None]
    assert not missing, f"{len(missing)} debs of the sandbox's root are not fetched: run `make fetch`"
    return ensure_rootfs(machine_store, {digest: path for digest, path in debs.items() if path is not None})
