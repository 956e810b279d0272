from __future__ import annotations

import asyncio
import os
import signal
import threading
from pathlib import Path

import pytest

from builder.store.locks import lock, lock_async, take
from tests.store.processes import finished, in_loop, killed, running, start

HOLD = """
with store.lock("thing"):
    say("held")
    sys.stdin.read()
"""


def assert_free(path: Path) -> None:
    descriptor = take(path, wait=False)
    assert descriptor is not None
    os.close(descriptor)


def test_a_lock_excludes_threads_of_one_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    inside, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            with lock(path):
                with guard:
                    inside += 1
                    most = max(most, inside)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_held_lock_is_not_taken_twice(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with lock(path):
        assert take(path, wait=False) is None
    assert_free(path)


def test_an_exception_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), lock(path):
        _ = 1 / 0
    with lock(path):
        pass


def test_a_missing_lock_is_not_made_when_nobody_asked(tmp_path: Path) -> None:
    assert take(tmp_path / "lock", wait=True, make=False) is None
    assert not (tmp_path / "lock").exists()


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_anew(tmp_path: Path) -> None:
    """A cleaner may remove the file between our opening and our locking it."""
    path = tmp_path / "lock"
    entered = threading.Event()

    def second() -> None:
        with lock(path):
            entered.set()

    with lock(path):
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.05)
        path.unlink()
    thread.join()
    assert entered.is_set()
    assert path.exists()  # the second made the file anew instead of holding one without a name


def test_processes_exclude_each_other_and_death_frees_the_lock(tmp_path: Path) -> None:
    with running(HOLD, tmp_path) as holder:
        path = next((tmp_path / "locks").iterdir())
        assert take(path, wait=False) is None
        holder.kill()
        with lock(path):
            pass


def test_the_lock_is_not_inherited_by_started_programs(tmp_path: Path) -> None:
    code = """
import subprocess
with store.lock("thing"):
    child = subprocess.Popen(["sleep", "20"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    say(child.pid)
    sys.stdin.read()
"""
    pid = int(killed(code, tmp_path))
    try:
        path = next((tmp_path / "locks").iterdir())
        assert_free(path)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_eight_processes_count_without_losing_one(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    code = """
counter = Path(sys.argv[2])
for _ in range(25):
    with store.lock("counter"):
        counter.write_text(str(int(counter.read_text()) + 1))
"""
    finished([start(code, tmp_path / "store", counter) for _ in range(8)])
    assert counter.read_text() == "200"


@in_loop
async def test_coroutines_exclude_each_other_while_the_loop_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    order: list[str] = []

    async def work(name: str) -> None:
        async with lock_async(path):
            order.append(f"{name} in")
            await asyncio.sleep(0.01)
            order.append(f"{name} out")

    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    ticker = asyncio.create_task(tick())
    await asyncio.gather(*(work(str(n)) for n in range(4)))
    ticker.cancel()
    assert all(order[at].split()[0] == order[at + 1].split()[0] for at in range(0, 8, 2))
    assert ticks > 4


@in_loop
async def test_a_cancelled_wait_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock(path):
        waiting = asyncio.create_task(lock_async(path).__aenter__())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert_free(path)


@in_loop
async def test_a_cancelled_holder_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    held = asyncio.Event()

    async def hold() -> None:
        async with lock_async(path):
            held.set()
            await asyncio.sleep(60)

    holder = asyncio.create_task(hold())
    await held.wait()
    holder.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder
    assert_free(path)
