"""Starts the process that unpacks: in bubblewrap where that works, else behind the walls that it can raise itself."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.sandbox.interpreter import SEARCH_PATH, Interpreter, interpreter
from builder.sandbox.narrow import narrow
from builder.sandbox.remedy import refusal

_SECONDS = 30
_LONGEST_HELLO = 4096
_LONGEST_COMPLAINT = 2000

_NAMESPACES = (
    "--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000", "--hostname", "bakehouse",
    "--new-session", "--cap-drop", "ALL", "--clearenv",
)  # fmt: skip

PROGRAM = """\
import json, sys, types
descriptor, settings = int(sys.argv[1]), json.loads(sys.argv[2])
sys.path[:0] = [settings["ours"] + "/..", *settings["modules"]]
for name in ("builder", "builder.archive", "builder.sandbox", "builder.store", "builder.report"):
    room = types.ModuleType(name)
    room.__path__ = [settings["ours"] + name.replace(".", "/")[7:]]
    sys.modules[name] = room
from builder.sandbox.unpacking import serve
serve(descriptor, settings)
"""
"""The program inside, which gets its socket's number and its settings as words.

Rooms without what they import for everybody: of each only the modules that are asked for, in half the time."""


class Jail:
    """A process that waits for jobs; ``room`` is the folder that it may write to.

    One that is ``alone`` must be given a single job: nothing would keep the next one's folder from the first.
    """

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, room: Path) -> None:
        """Talk to ``process`` through ``control``."""
        self.room = room
        self.alone = False
        self.note = ""
        self.pid = process.pid
        self._control = control
        self._turn = threading.Lock()
        self._end = weakref.finalize(self, _end, process, control)

    def send(self, message: bytes, archive: int, answer: int) -> None:
        """Send a job with its two descriptors; raises OSError when the process is gone."""
        with self._turn:
            socket.send_fds(self._control, [message], [archive, answer])

    def close(self) -> None:
        """End the process, with all that it has started."""
        self._end()


def _end(process: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.close()  # it waits for nothing else
    try:
        process.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@frozen(kw_only=False)
class _Start:
    """What came of a start: a jail and what it said of itself, or the complaint."""

    jail: Jail | None
    complaint: str = ""
    landlock: bool = False
    divided: bool = False


def open_jail(room: Path, *, strict: bool = False, search_path: str = SEARCH_PATH, program: str = PROGRAM) -> Jail:
    """Start the process that may write to ``room``, as well confined as this machine can.

    ``program`` is what Python runs there. Raises `MachineError` where none can be started and, when ``strict``, where
    bubblewrap cannot start it.
    """
    python = interpreter()
    bwrap = shutil.which("bwrap", path=search_path)
    found = _Start(None, "bwrap is not on this machine")
    if bwrap is not None:
        found = _start([bwrap, *_words(python, room), *_python(python, program)], python, room, divide=False)
    if found.jail is not None:
        found.jail.alone = not found.landlock
        return found.jail
    if strict:
        raise _refused(found.complaint, installed=bwrap is not None)
    weaker = _start(_python(python, program), python, room, divide=True)
    if weaker.jail is None:
        raise MachineError(
            f"no process can be started that unpacks archives: {weaker.complaint}",
            code="sandbox.unpacking",
            remedy="install bakehouse anew, with its dependencies",
        )
    weaker.jail.note = _note(found.complaint, weaker)
    return weaker.jail


def _refused(complaint: str, *, installed: bool) -> MachineError:
    problem = refusal(complaint) if installed else None
    return MachineError(
        f"archives cannot be unpacked behind walls here: {complaint}",
        code="sandbox.unpacking",
        remedy=(problem.remedy if problem else None) or "run `apt-get install bubblewrap` as root",
    )


def _note(complaint: str, found: _Start) -> str:
    if found.landlock:
        walls = "can write to their own folder only (Landlock)"
    else:
        walls = "could write wherever you may, for this kernel has no Landlock either"
    network = "" if found.divided else ", in no namespaces of their own"
    return f"archives are unpacked without bubblewrap ({complaint}): by processes that {walls}{network}"


def _words(python: Interpreter, room: Path) -> Iterator[str]:
    """Yield bubblewrap's arguments: what there is inside is Python, to be read, and the room."""
    yield from _NAMESPACES
    for name, target in python.links:
        yield from ("--symlink", str(target), name)
    for place in python.places:
        yield from ("--ro-bind", str(place), str(place))
    yield from ("--bind", str(room), str(room), "--remount-ro", "/", "--chdir", "/", "--")


def _python(python: Interpreter, program: str) -> list[str]:
    return [str(python.program), "-ISs", "-X", "utf8", "-c", program]


def _start(words: Sequence[str], python: Interpreter, room: Path, *, divide: bool) -> _Start:
    settings = {
        "ours": str(python.ours),
        "modules": [str(folder) for folder in python.modules],
        "readable": [str(place) for place in python.places],
        "filter": narrow(os.uname().machine).hex(),
        "processors": len(os.sched_getaffinity(0)),
        "divide": divide,
    }
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    complaints = os.memfd_create("complaints")
    try:
        with theirs:
            process = subprocess.Popen(
                [*words, str(theirs.fileno()), json.dumps(settings)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                env={},
                cwd="/",
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        jail = Jail(process, ours, room)
        ours.settimeout(_SECONDS)
        hello = json.loads(ours.recv(_LONGEST_HELLO) or b"null")
        ours.settimeout(None)
        if hello is None:
            jail.close()
            return _Start(None, os.pread(complaints, _LONGEST_COMPLAINT, 0).decode("utf-8", "replace").strip())
        return _Start(jail, landlock=bool(hello["landlock"]), divided=bool(hello["divided"]))
    except OSError as error:
        ours.close()
        return _Start(None, str(error))
    finally:
        os.close(complaints)
