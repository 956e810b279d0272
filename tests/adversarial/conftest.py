"""The attack of each test, and with ``--table`` the table of all ids: what is expected, and how the inputs ended."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.store import Store
from tests.adversarial.attack import Attack

_ATTACK = pytest.StashKey[Attack]()
_ROWS = pytest.StashKey[dict[str, tuple[str, int, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the table."""
    parser.addoption("--table", action="store_true", help="print the table of hostile inputs at the end")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker that `tests.adversarial.attack.row` sets."""
    config.addinivalue_line("markers", "row(id, expectation, ends): the test of one id of the table of hostile inputs")
    config.stash[_ROWS] = {}


@pytest.fixture
def attack(request: pytest.FixtureRequest, tmp_path: Path) -> Attack:
    """An attack from a fresh folder."""
    made = request.node.stash[_ATTACK] = Attack(tmp_path.resolve())
    return made


@pytest.fixture(scope="session")
def kitchen(machine_store: Store, rootfs: Path) -> Iterator[Path]:
    """A store with the files of the machine's, for tests in which a script runs: what fails leaves its tree there."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-", dir=machine_store.root.parent))
    try:
        shutil.copytree(machine_store.root / "files", folder / "files", copy_function=os.link)
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note how the test of an id ended."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    marker = item.get_closest_marker("row")
    rows = item.config.stash.get(_ROWS, None)
    if marker is not None and rows is not None and (report.when == "call" or report.failed):
        identity, expectation, ends = marker.args
        attack = item.stash.get(_ATTACK, None)
        verdict = ends if report.passed and rows.get(identity, ("", 0, ends))[2] == ends else "NOT AS EXPECTED"
        before = rows[identity][1] if identity in rows else 0
        rows[identity] = (expectation, before + (attack.inputs if attack else 0), verdict)
    return report  # type: ignore[return-value]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    rows = config.stash.get(_ROWS, {})
    if not rows or not config.getoption("--table", default=False):
        return
    terminalreporter.section("hostile inputs")
    width = max(len(expectation) for expectation, _, _ in rows.values())
    terminalreporter.write_line(f"{'id':4}  {'inputs':>6}  {'expected':{width}}  what happened")
    for identity in sorted(rows, key=lambda name: (name[0], int(name[1:]))):
        expectation, inputs, verdict = rows[identity]
        terminalreporter.write_line(f"{identity:4}  {inputs:>6}  {expectation:{width}}  {verdict}")
