"""Fixtures that every room's tests share: a fresh store, the fetched store, the sandbox's root."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from builder.store import Store
from ci.engine import engine
from ci.podman import Podman, podman
from tests.order import ordered

CHECKOUT = Path(__file__).parents[1]
_STATUS = pytest.StashKey[int]()


def pytest_configure() -> None:
    """Hear Ctrl-C even where whoever started us ignores it, as a shell's background jobs do: programs would inherit it.

    No example is too slow: the machine may have other things to do.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("unhurried", deadline=None)
    settings.load_profile("unhurried")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
    """Remember how the tests ended, for `pytest_unconfigure`."""
    session.config.stash[_STATUS] = int(exitstatus)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the files for several processes, which take one after the other."""
    if not hasattr(config, "workerinput"):
        return
    needs: dict[Path, set[str]] = {}
    for item in items:
        needs.setdefault(item.path, set()).update(getattr(item, "fixturenames", ()))
    places = {file: number for number, file in enumerate(ordered(needs))}
    items.sort(key=lambda item: places[item.path])


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


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[str]:
    """The address of a Docker engine's socket: the one that DOCKER_HOST names, the system's, or one of these tests."""
    with engine() as address:
        yield address


@pytest.fixture(scope="session")
def podman_engine() -> Iterator[str]:
    """The address of root's podman, started for these tests."""
    with podman("root") as service:
        yield service.address


@pytest.fixture(scope="session")
def podman_rootless_engine() -> Iterator[Podman]:
    """A user's own podman, started for these tests, which has power over nothing but that user's files."""
    with podman("user") as service:
        yield service
