"""The program that unpacks: it runs inside walls, waits for archives, and gives each to a process of its own.

It is started by `builder.sandbox.confined`, which it talks to through a socket: a message is one job, with the archive
and a socket for the answer as descriptors. The waiting process never looks at an archive. Each job is forked off it,
raises its own walls (`builder.sandbox.walls`) before it reads the first byte, and dies as soon as nobody wants the
answer any more. What it answers is one line of JSON; the line after that is ours, if it did not end as it should.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from socket import MSG_DONTWAIT, socket
from typing import Any, BinaryIO

from builder.archive.elsewhere import Line
from builder.archive.files import Files, Making
from builder.archive.package import read_package
from builder.archive.passing import receive
from builder.archive.policy import UnpackLimits
from builder.archive.single import read_single
from builder.archive.unpack import Unpacker, lay_out
from builder.errors import BakehouseError
from builder.sandbox import walls

Json = dict[str, Any]
Work = Callable[[Json, BinaryIO, Making], Json]
"""Gets a job, its archive and what writes files, returns what is answered."""

_LONGEST_MESSAGE = 1 << 16
_WALL_SECONDS = 3600
_READ_AHEAD = 1 << 16
_LARGE = 2 << 20
"""From this size on, in bytes, an archive is worth two processes, where a processor is idle."""
_WRITING = frozenset({"unpack", "extract"})
"""The work that writes all that an archive holds."""
_NEEDED = (
    (("conda", "zst", "tzst", "7z"), "backports.zstd"),
    (("xz", "txz", "lzma", "tlz", "lz", "deb", "7z", "zip", "whl"), "lzma"),
    (("bz2", "tbz", "tbz2", "tz2", "7z", "zip", "whl"), "bz2"),
    (("7z",), "py7zr"),
)
"""What is imported before a job is forked off for such a name: the next one has it already."""


def serve(descriptor: int, settings: Json, work: Mapping[str, Work] | None = None) -> None:
    """Answer jobs that come through the socket ``descriptor`` until it ends; ``work`` is what may be asked for.

    ``settings`` has ``readable`` (the places that Python's modules are read from), ``filter`` (the system calls that
    are allowed, hexadecimal), ``processors`` (how many there are) and ``divide`` (nobody has made namespaces for us).
    """
    os.umask(0o022)
    control = socket(fileno=descriptor)
    landlock = walls.landlock_version() >= 2
    divided = walls.divide() if settings["divide"] else True
    control.send(json.dumps({"landlock": landlock, "divided": divided}).encode())
    jobs = _Jobs(control, settings, work or WORK, landlock=landlock)
    signal.signal(signal.SIGCHLD, lambda *_: jobs.bury())
    # What is there by now stays; to look for garbage in it would copy its memory for each job.
    gc.freeze()
    while jobs.next():
        pass


class _Jobs:
    """The jobs that run, by their process."""

    def __init__(self, control: socket, settings: Json, work: Mapping[str, Work], *, landlock: bool) -> None:
        self._control = control
        self._settings = settings
        self._work = work
        self._landlock = landlock
        self._running: dict[int, socket] = {}

    def next(self) -> bool:
        """Begin the next job; return whether there was one."""
        from socket import recv_fds

        message, descriptors, _, _ = recv_fds(self._control, _LONGEST_MESSAGE, 2)
        if not message:
            return False
        job: Json = json.loads(message)
        archive, answer = descriptors[0], socket(fileno=descriptors[1])
        _prepare(job["name"])
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = self._run(job, archive, answer)
            finally:
                os._exit(code)
        os.close(archive)
        self._running[pid] = answer
        self.bury()  # it may have ended before it stood in the table
        return True

    def bury(self) -> None:
        """Tell of jobs that have ended, and how if it was not well; that they are over shows by the end of the line."""
        for pid, answer in list(self._running.items()):
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:  # a signal came while it was buried, and called this again
                continue
            if ended and self._running.pop(pid, None) is not None:
                if status:
                    code = os.waitstatus_to_exitcode(status)
                    with suppress(OSError):  # nobody may listen any more
                        answer.send(b'\n{"ended": %d}\n' % code)
                answer.close()

    def _run(self, job: Json, archive: int, answer: socket) -> int:
        """Do a job in its own process, and return the exit code."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._control.close()
        for other in self._running.values():
            other.close()
        _die_with(answer)
        making = self._second(job, archive) if self._may_be_two(job, archive) else Files
        self._raise_walls(job)
        with os.fdopen(archive, "rb") as file:
            said = answered(self._work[job["what"]], job, file, making)
        _live_without(answer)
        answer.sendall(json.dumps(said).encode() + b"\n")
        return 0

    def _may_be_two(self, job: Json, archive: int) -> bool:
        idle: int = self._settings["processors"] - len(self._running)
        return idle > 1 and job["what"] in _WRITING and os.fstat(archive).st_size > _LARGE

    def _second(self, job: Json, archive: int) -> Making:
        """Start the process that writes, behind the same walls; it dies with this one. Without one this one writes.

        It keeps the line of the answer open: that a job is over shows when both have ended.
        """
        first = os.getpid()
        try:
            line = Line()
            other = os.fork()
        except OSError:  # there is no memory or no process to be had
            return Files
        if other:
            return line.passing().below
        try:
            walls.die_with(first)
            os.close(archive)
            self._raise_walls(job)
            line.write()
        finally:
            os._exit(0)

    def _raise_walls(self, job: Json) -> None:
        signal.signal(signal.SIGXCPU, _too_long)
        signal.setitimer(signal.ITIMER_REAL, _WALL_SECONDS)
        walls.confine_use(job["limits"])
        if self._landlock:
            walls.confine_files(job["folder"], self._settings["readable"])
        if self._settings["filter"]:
            walls.confine_calls(bytes.fromhex(self._settings["filter"]))


class _TooLongError(BaseException):
    """More processor time than any archive of that size takes; no handler of damaged data may catch it."""


def _too_long(*_: object) -> None:
    raise _TooLongError


def _die_with(answer: socket) -> None:
    """Let this process die when the other end of ``answer`` is closed, by whom and why ever."""
    fcntl.fcntl(answer, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(answer, fcntl.F_SETFL, fcntl.fcntl(answer, fcntl.F_GETFL) | os.O_ASYNC)
    with suppress(BlockingIOError):
        answer.recv(1, MSG_DONTWAIT)  # it was closed before: no signal tells of that any more
        os._exit(1)


def _live_without(answer: socket) -> None:
    """Undo `_die_with`: reading what is answered would kill too."""
    fcntl.fcntl(answer, fcntl.F_SETFL, fcntl.fcntl(answer, fcntl.F_GETFL) & ~os.O_ASYNC)


def _prepare(name: str) -> None:
    suffix = name.lower().rpartition(".")[2]
    for suffixes, module in _NEEDED:
        if suffix in suffixes and module not in sys.modules:
            importlib.import_module(module)


def answered(work: Work, job: Json, file: BinaryIO, making: Making = Files) -> Json:
    """Do ``work`` for ``job`` with the archive ``file``; return what came of it, or the error."""
    try:
        return {"done": work(job, file, making)}
    except BakehouseError as error:
        return {"error": type(error).__name__, "problems": [asdict(problem) for problem in error.problems]}
    except MemoryError:
        return {"ended": "memory"}
    except _TooLongError:
        return {"ended": "time"}
    except Exception as error:  # noqa: BLE001 - whatever an archive makes a library raise is about that archive
        return {"defect": f"{type(error).__name__}: {error}"[:500]}


def _unpack(job: Json, file: BinaryIO, making: Making) -> Json:
    tree, limits = Path(job["folder"]) / "tree", UnpackLimits(**job["archive"])
    choices = {"strip": job["strip"], "case_blind": job["case_blind"]}
    return asdict(Unpacker(making).unpack(file, tree, limits=limits, name=job["name"], **choices))


def _lay_out(job: Json, file: BinaryIO, _: Making) -> Json:
    tree, limits = Path(job["folder"]) / "tree", UnpackLimits(**job["archive"])
    with open(file.fileno(), "rb", buffering=_READ_AHEAD, closefd=False) as stream:
        members = receive(stream)
        return asdict(lay_out(members, tree, name=job["name"], limits=limits, case_blind=job["case_blind"]))


def _extract(job: Json, file: BinaryIO, making: Making) -> Json:
    package = read_package(Path(job["name"]), limits=UnpackLimits(**job["archive"]), file=file)
    package.extract(Path(job["folder"]) / "tree", making=making)
    return {}


def _single(job: Json, file: BinaryIO, _: Making) -> Json:
    found = read_single(
        file,
        job["wanted"],
        most=job["most"],
        name=job["name"],
        strip=job["strip"],
        limits=UnpackLimits(**job["archive"]),
    )
    return {"content": None if found is None else found.hex()}


WORK: Mapping[str, Work] = {"unpack": _unpack, "lay out": _lay_out, "extract": _extract, "single": _single}
