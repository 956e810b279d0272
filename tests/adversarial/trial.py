"""Hostile scripts through the real command, on every back end: what they got, and what is left when they have ended."""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.adversarial.attack import CHECKOUT, SECRET, Told, problems

HOSTILE = Path(__file__).with_name("hostile")
BACK_ENDS = ("bubblewrap", "docker")
PLACES = ("build", "test")
_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How one run of the command ended: its exit code, its events, what else it said."""

    code: int
    events: tuple[Mapping[str, Any], ...]
    err: str

    def lines(self, task: str = "") -> list[str]:
        """What the scripts of the tasks whose names begin so have printed."""
        return [one["line"] for one in self.events if one["event"] == "log-line" and _named(one, task)]

    def finished(self, task: str = "") -> Mapping[str, Any]:
        """The end of the one task whose name begins so."""
        (found,) = [one for one in self.events if one["event"] == "finished" and _named(one, task)]
        return found

    def told(self, task: str) -> list[Told]:
        """The problems of the one task whose name begins so, as the summary tells them."""
        lines = iter(self.err.splitlines())
        for line in lines:
            if line.rpartition("/")[2].startswith(task) and line.endswith(": failed"):
                break
        indented = itertools.takewhile(lambda line: line.startswith("    "), lines)
        return problems("\n".join(line.removeprefix("    ") for line in indented))

    def found(self, task: str = "") -> set[tuple[str, str]]:
        """Check and path of all findings."""
        return {(one["check"], one["path"]) for one in self.events if one["event"] == "found" and _named(one, task)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Oven:
    """The command with a store, on one back end; ``variables`` are what its user has in the environment besides."""

    store: Path
    back_end: str
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The whole environment of the command."""
        own = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp"),
            "BAKEHOUSE_STORE": str(self.store), "PYTHONPATH": str(CHECKOUT), "PASSWORD": SECRET,
        }  # fmt: skip
        for name in ("home", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        return {**own, **self.variables}

    def argv(self, *arguments: str | Path, out: str = "channel") -> list[str]:
        """A command line that builds into a channel of our own, with each event as a line of JSON."""
        words = ["build", *map(str, arguments), "--out", str(self.folder / out), "--progress", "json", "-v"]
        return [sys.executable, "-m", "builder", *words, "--isolation", self.back_end]

    def build(self, *arguments: str | Path, out: str = "channel") -> Tried:
        """Build; a defect of ours fails here."""
        done = subprocess.run(
            self.argv(*arguments, out=out), capture_output=True, check=False, env=self.environment(),
            cwd=self.folder, timeout=_SECONDS, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return told(done.returncode, done.stderr.decode("utf-8", "backslashreplace"))

    def put(self, name: str, recipe: str, files: Mapping[str, str | bytes] = MappingProxyType({})) -> Path:
        """Write a recipe, and what lies beside it; return its folder."""
        folder = self.folder / "recipes" / name
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text(recipe, encoding="utf-8")
        for file, content in files.items():
            path = folder / file
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            path.chmod(0o755)
        return folder


def told(code: int, err: str) -> Tried:
    """Read what the command told on standard error."""
    assert "Traceback" not in err, err[-3000:]
    assert "this is a defect" not in err, err[-3000:]
    lines = err.splitlines()
    events = tuple(json.loads(line) for line in lines if line.startswith('{"event"'))
    return Tried(code=code, events=events, err="\n".join(line for line in lines if not line.startswith('{"event"')))


def _named(event: Mapping[str, Any], task: str) -> bool:
    return str(event["task"]).rpartition("/")[2].startswith(task)


def compiled(folder: Path) -> Path:
    """Compile the program that tries system calls."""
    made = folder / "probe"
    subprocess.run(["gcc", "-static", "-O1", "-s", "-o", str(made), str(HOSTILE / "probe.c")], check=True)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a machine has that no script may reach; ``told`` is what the program that tries it is told of that."""

    told: str
    planted: Path
    accepted: list[str]

    def write(self, place: Path) -> None:
        """Write for the program where it looks."""
        (place / "machine").write_text(self.told, encoding="utf-8")


@contextmanager
def machine(folder: Path, engine: str) -> Iterator[Machine]:
    """Open services on this machine, on an address and on sockets with and without a file, and plant a file."""
    planted = folder / "home" / ".ssh" / "id_secret"
    planted.parent.mkdir(parents=True)
    planted.write_text(SECRET)
    accepted: list[str] = []
    sockets = Path(tempfile.mkdtemp(prefix="sock-"))
    name = f"bakehouse-{os.getpid()}-{folder.name}"
    with (
        socket.create_server(("0.0.0.0", 0)) as tcp,  # by every address of this machine
        socket.socket(socket.AF_UNIX) as file,
        socket.socket(socket.AF_UNIX) as hidden,
    ):
        file.bind(str(sockets / "socket"))
        hidden.bind(f"\0{name}")
        for server in (tcp, file, hidden):
            server.listen(64)
            threading.Thread(target=_accept, args=(server, accepted), daemon=True).start()
        facts = {
            "port": tcp.getsockname()[1], "address": _address(), "abstract": name,
            "socket": sockets / "socket", "planted": planted, "home": folder / "home",
            "engine": engine.removeprefix("unix://"),
        }  # fmt: skip
        try:
            lines = "".join(f"{key} {value}\n" for key, value in facts.items())
            yield Machine(told=lines, planted=planted, accepted=accepted)
        finally:
            (sockets / "socket").unlink()
            sockets.rmdir()


def _accept(server: socket.socket, accepted: list[str]) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return
        accepted.append(str(server.family))


def _address() -> str:
    """An address of this machine beside 127.0.0.1, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(one.getsockname()[0])


def adopt() -> None:
    """Become the parent of every process that loses its own below us: none can get away unseen."""
    assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0


def descendants() -> dict[int, str]:
    """All processes below this one that have not ended, with their command lines."""
    parents: dict[int, int] = {}
    states: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)], states[int(entry.name)] = int(words[1]), words[0]
    below = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return {pid: _command(pid) for pid in below - {os.getpid()} if states[pid] not in "ZX"}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""
