"""One child process of the machine."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.sandbox import Exit, Limits
from builder.sandbox.child import Child, Spawn, kill_group, kill_namespace
from tests.sandbox.test_isolation import survivors

UNSHARE = ["/usr/bin/unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child=KILL", "--"]


def ended(*argv: str, limits: Limits | None = None, said: bytearray | None = None, spawn: Spawn | None = None) -> Exit:
    spawn = spawn or Spawn(argv=argv, kill=kill_group, own_session=True)

    async def main() -> Exit:
        return await Child(spawn, (said if said is not None else bytearray()).extend).wait(limits or Limits())

    return asyncio.run(main())


def test_it_has_no_environment_but_what_is_given() -> None:
    said = bytearray()
    spawn = Spawn(argv=["/usr/bin/env"], kill=kill_group, env={"A": "b"}, own_session=True)
    ended(said=said, spawn=spawn)
    assert said == b"A=b\n"


def test_it_starts_where_it_is_told(tmp_path: Path) -> None:
    said = bytearray()
    ended(said=said, spawn=Spawn(argv=["/usr/bin/pwd"], kill=kill_group, cwd=tmp_path, own_session=True))
    assert said.decode().strip() == str(tmp_path)


def test_codes_are_those_of_a_shell() -> None:
    assert ended("/bin/sh", "-c", "exit 5").code == 5
    killed = ended("/bin/sh", "-c", "kill -TERM $$")
    assert (killed.code, killed.reason) == (128 + signal.SIGTERM, "signal")


def test_a_program_that_is_missing_is_the_machines_fault() -> None:
    with pytest.raises(MachineError, match=r"cannot start /nowhere/program: No such file") as caught:
        ended("/nowhere/program")
    assert caught.value.exit_code == 3


def test_no_descriptor_is_left_after_a_failed_start() -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    with pytest.raises(MachineError):
        ended("/nowhere/program")
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_it_gets_no_descriptor_but_those_given(tmp_path: Path) -> None:
    kept = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(kept, True)
    given = os.memfd_create("given")
    said = bytearray()
    seen = (
        "import os; print(sorted(fd for fd in os.listdir('/proc/self/fd') if os.path.lexists('/proc/self/fd/' + fd)))"
    )
    argv = [sys.executable, "-c", seen]  # that of the list itself is closed again
    ended(said=said, spawn=Spawn(argv=argv, kill=kill_group, descriptors=(given,), own_session=True))
    os.close(kept)
    os.close(given)
    assert eval(said.decode()) == sorted(["0", "1", "2", str(given)])


def test_sigpipe_is_as_programs_expect_it() -> None:
    said = bytearray()
    assert ended("/bin/sh", "-c", "yes | head -n 1", said=said).code == 0
    assert said == b"y\n"


def test_a_child_that_lives_on_does_not_keep_us(tmp_path: Path) -> None:
    """Without a namespace a daemon survives its parent: waiting for the pipe's end would wait for the daemon."""
    pid = tmp_path / "pid"
    result = ended("/bin/sh", "-c", f"/usr/bin/setsid sleep 300 & echo $! > {pid}; echo up")
    assert result.code == 0
    assert result.seconds < 60
    os.kill(int(pid.read_text()), signal.SIGKILL)


def test_killing_a_group_reaches_all_of_it(tmp_path: Path) -> None:
    mark = f"bakehouse-group-{os.getpid()}"
    script = f"for i in 1 2 3; do (exec -a {mark} sleep 300) & done; wait"
    result = ended("/bin/bash", "-c", script, limits=Limits(wall_seconds=0.3))
    assert result.reason == "timeout"
    deadline = time.monotonic() + 5
    while survivors(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert survivors(mark) == []


def test_killing_a_namespace_reaches_all_of_it_before_it_returns() -> None:
    mark = f"bakehouse-namespace-{os.getpid()}"
    script = f"for i in 1 2 3; do setsid bash -c 'exec -a {mark} sleep 300' & done; sleep 300"
    spawn = Spawn(
        argv=[*UNSHARE, "/bin/bash", "-c", script], kill=kill_namespace, env={"PATH": "/usr/bin"}, own_session=True
    )
    result = ended(spawn=spawn, limits=Limits(wall_seconds=0.3))
    assert (result.reason, result.code) == ("timeout", 137)
    assert survivors(mark) == []


def test_killing_before_the_namespace_is_there() -> None:
    process = subprocess.Popen(["/bin/sleep", "300"])
    kill_namespace(process.pid)
    assert process.wait() == -signal.SIGKILL
    kill_namespace(process.pid)


def test_killing_what_is_gone_is_no_error() -> None:
    process = subprocess.Popen(["/bin/true"], start_new_session=True)
    process.wait()
    kill_namespace(process.pid)


def test_killing_from_another_task_ends_the_wait() -> None:
    async def main() -> Exit:
        child = Child(Spawn(argv=["/bin/sleep", "300"], kill=kill_group, own_session=True), lambda _: None)
        waiting = asyncio.create_task(child.wait(Limits()))
        await asyncio.sleep(0)
        await child.kill()
        await child.kill()
        return await waiting

    assert asyncio.run(main()).reason == "signal"


def test_the_loop_stays_free_while_it_runs() -> None:
    async def main() -> int:
        child = Child(Spawn(argv=["/bin/sleep", "0.3"], kill=kill_group, own_session=True), lambda _: None)
        waiting = asyncio.create_task(child.wait(Limits()))
        turns = 0
        while not waiting.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(main()) >= 5


def test_cancelling_twice_still_leaves_nothing() -> None:
    mark = f"bakehouse-twice-{os.getpid()}"

    async def main() -> None:
        argv = ["/bin/bash", "-c", f"exec -a {mark} sleep 300"]
        child = Child(Spawn(argv=argv, kill=kill_group, own_session=True), lambda _: None)
        waiting = asyncio.create_task(child.wait(Limits()))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    assert survivors(mark) == []


def test_no_zombie_stays() -> None:
    before = children()
    ended("/bin/true")
    ended("/bin/sleep", "300", limits=Limits(wall_seconds=0.05))
    assert children() <= before


def children() -> set[str]:
    """The children of this process, those that have ended and wait to be collected too."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
