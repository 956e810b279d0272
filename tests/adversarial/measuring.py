"""Runs a command within limits and measures it with all that it starts. argv: RESULT CPU_SECONDS MEMORY COMMAND...

The limits hold for each process; the result (JSON) is about all of them: ``largest`` bytes at one time, ``cpu``
seconds, and ``left``, what still ran when the command had ended; ``marks`` are the CPU seconds that had been used when
the first task of a build began and when each ended. Nothing gets away, for whoever loses its parent
becomes a child of this process. It also stands between because the kernel counts a process as large as the one that
started it, and that would be pytest.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_EVERY_SECONDS = 0.01
_GRACE_SECONDS = 2.0
_PAGE = os.sysconf("SC_PAGESIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_EVENT, _STARTED, _FINISHED = (b'{"event": "' + name for name in (b"", b"phase-started", b"finished"))


def descendants(pid: int) -> list[int]:
    """All processes below ``pid``; what ends meanwhile may be missing."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        try:
            tasks = list(Path(f"/proc/{waiting.pop()}/task").iterdir())
            children = [int(word) for task in tasks for word in (task / "children").read_text().split()]
        except OSError:
            continue
        found += children
        waiting += children
    return found


def resident() -> int:
    """Bytes that all processes below this one hold together; what they share counts once."""
    own, shared = 0, [0]
    for pid in descendants(os.getpid()):
        try:
            _, whole, common, *_ = map(int, Path(f"/proc/{pid}/statm").read_text().split())
        except OSError:
            continue
        own += whole - common
        shared.append(common)
    return (own + max(shared)) * _PAGE


def used() -> float:
    """Seconds of CPU time that all processes below this one have taken so far, and those that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for pid in descendants(os.getpid()):
        try:
            words = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, words[11:15]))  # its own time, and that of children which it has waited for
    return ended.ru_utime + ended.ru_stime + ticks / _TICKS


class Telling:
    """What a command tells on standard error: events of tasks (`--progress json`) end here, the rest goes on."""

    def __init__(self, descriptor: int) -> None:
        self.marks: list[float] = []
        self._descriptor = descriptor
        self._begun = b""
        self._over = False
        os.set_blocking(descriptor, False)

    def listen(self, seconds: float) -> None:
        """Wait so long for something to be told, and note what had been used when a task began or ended."""
        if self._over:
            time.sleep(seconds)
            return
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return
        while piece := self._read():
            *lines, self._begun = (self._begun + piece).split(b"\n")
            for line in lines:
                self._take(line)

    def end(self) -> None:
        """Pass on what was told last, without a line end."""
        self.listen(0)
        _write(self._begun)

    def _read(self) -> bytes:
        try:
            piece = os.read(self._descriptor, 1 << 16)
        except BlockingIOError:
            return b""
        self._over = not piece
        return piece

    def _take(self, line: bytes) -> None:
        if not line.startswith(_EVENT):
            _write(line + b"\n")
        elif line.startswith(_FINISHED) or (line.startswith(_STARTED) and not self.marks):
            self.marks.append(used())


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(2, data) :]


def main() -> int:
    """Run, measure, write, and end as the command did."""
    result, cpu, memory, *argv = sys.argv[1:]
    assert ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu), int(cpu) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    ours, theirs = os.pipe()
    command = os.posix_spawn(argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, theirs, 2)])
    os.close(theirs)
    with suppress(PermissionError):  # who looks late counts one task's time as another's
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    telling = Telling(ours)
    code: int | None = None
    largest, ended = 0, 0.0
    left: list[int] = []
    while True:
        pid, status = _reaped()
        if pid == command:
            code, ended = os.waitstatus_to_exitcode(status), time.monotonic()
        elif pid is None:
            break
        elif not pid:
            largest = max(largest, resident())
            if code is not None and time.monotonic() > ended + _GRACE_SECONDS and not left:
                left = descendants(os.getpid())
                for one in left:
                    os.kill(one, signal.SIGKILL)
            telling.listen(_EVERY_SECONDS)
    telling.end()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    largest = max(largest, spent.ru_maxrss << 10)
    found = {"largest": largest, "cpu": spent.ru_utime + spent.ru_stime, "left": len(left), "marks": telling.marks}
    Path(result).write_text(json.dumps(found))
    assert code is not None
    if code < 0:
        os.kill(os.getpid(), -code)
    return code


def _reaped() -> tuple[int | None, int]:
    """A child that has ended, with its status; 0 where none has, None where there is none left."""
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None, 0


if __name__ == "__main__":
    os._exit(main())
