"""The attack of each test, and with ``--table`` the table of all ids."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.store import Store
from tests.adversarial.attack import Attack
from tests.adversarial.table import Table, note
from tests.source.server import Server, serving

_ATTACK = pytest.StashKey[Attack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the table."""
    parser.addoption("--table", action="store_true", help="print the table of hostile inputs at the end")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker that `tests.adversarial.attack.row` sets."""
    config.addinivalue_line("markers", "row(id, expectation, ends): the test of one id of the table of hostile inputs")
    if config.getoption("--table"):
        config.pluginmanager.register(Table())


@pytest.fixture
def attack(request: pytest.FixtureRequest, tmp_path: Path) -> Attack:
    """An attack from a fresh folder."""
    made = request.node.stash[_ATTACK] = Attack(tmp_path.resolve())
    return made


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on this machine that lies as it is told, and remembers what it was asked for."""
    with serving() as made:
        yield made


@pytest.fixture(scope="session")
def kitchen(machine_store: Store, rootfs: Path) -> Iterator[Path]:
    """A store with the files of the machine's, for tests in which a script runs: what fails leaves its tree there."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-", dir=machine_store.root.parent))
    try:
        shutil.copytree(machine_store.root / "files", folder / "files", copy_function=os.link)
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def oven(kitchen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the sandbox's root unpacked: that is no part of what hostile input costs."""
    attack = Attack(tmp_path_factory.mktemp("oven").resolve())
    attack.put("recipe.yaml", "package: {name: warm, version: '1'}\n")
    assert attack.build(attack.folder, "--isolation", "none", "--out", attack.store / "out", store=kitchen).code == 0
    return kitchen


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Let reports say how the test of an id ended."""
    attack = item.stash.get(_ATTACK, None)
    note(item, attack)
    return (yield)
