"""Work in several processes: results in order, errors as they are, no process left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.cli.workers import dealt, in_processes
from builder.errors import MachineError, UsageError
from tests.cli import working

CHECKOUT = Path(__file__).parents[2]


def test_results_come_in_the_order_of_the_shares_from_other_processes() -> None:
    found = in_processes(working.doubled, [3, 1, 2])
    assert [number for number, _ in found] == [6, 2, 4]
    assert os.getpid() not in {process for _, process in found}


def test_an_error_comes_out_as_it_is() -> None:
    with pytest.raises(UsageError, match="one is too few") as caught:
        in_processes(working.refused, [0, 1, 2])
    assert caught.value.problems[0].code == "test.one"


def test_a_killed_worker_is_a_clear_error() -> None:
    with pytest.raises(MachineError, match="killed while it rendered") as caught:
        in_processes(working.killed, [0, 1, 2])
    assert caught.value.problems[0].remedy


@pytest.mark.parametrize("group", [True, False], ids=["terminal", "kill"])
def test_an_interruption_ends_all_of_them(group: bool, tmp_path: Path) -> None:
    script = (
        "import signal; from pathlib import Path; from builder.cli.workers import in_processes; from tests.cli import working\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "try:\n    in_processes(working.waiting, [folder, folder])\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=CHECKOUT, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: len(list(tmp_path.iterdir())) == 2)
    workers = [int(path.name) for path in tmp_path.iterdir()]
    if group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("interrupted\n", 0), err
    assert "Traceback" not in err
    until(lambda: not any(lives(worker) for worker in workers))


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@given(st.lists(st.integers(0, 1000), max_size=40), st.integers(1, 6))
def test_dealing_gives_each_item_once_and_shares_of_like_weight(weights: list[int], shares: int) -> None:
    hands = dealt(weights, weights, shares)
    assert len(hands) == shares
    assert sorted(place for hand in hands for place in hand) == list(range(len(weights)))
    totals = [sum(weights[place] for place in hand) for hand in hands]
    assert max(totals) - min(totals) <= max(weights, default=0)
    assert hands == dealt(weights, weights, shares)
