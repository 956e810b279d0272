"""A Docker engine for the tests: one that answers already, else a private one that leaves nothing behind.

usage: python ci/engine.py address         print the address of an engine that answers: DOCKER_HOST, else the system's
       python ci/engine.py start [PID]     the same, else start one, for as long as process PID lives (the caller)
       python ci/engine.py stop ADDRESS    stop what `start` began at that address; any other engine is left alone

An engine of ours has everything in two folders of its own: containers and images beside this checkout's cache, because
overlays need a real file system, and sockets below /run, because their paths may have 107 bytes. It makes no bridge and
no firewall rules, so it needs neither and changes nothing of the machine's network.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
SYSTEM = "unix:///var/run/docker.sock"
SOCKETS = Path("/run")
PREFIX = "bakehouse-engine."
PATIENCE = 60.0
"""Seconds until an engine must answer, or be gone."""


class NoEngineError(Exception):
    """No engine answers and none can be started; the message says why and what to do."""


def main() -> int:
    """Do what the command line says; the result is the exit code."""
    arguments = sys.argv[1:]
    try:
        match arguments:
            case ["address"]:
                print(found())
            case ["start"]:
                print(start(os.getppid()))
            case ["start", owner]:
                print(start(int(owner)))
            case ["stop", address]:
                stop(address)
            case ["guard", folder, owner]:
                _guard(Path(folder), int(owner))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except NoEngineError as error:
        print(f"engine: {error}", file=sys.stderr)
        return 3
    return 0


@contextlib.contextmanager
def engine() -> Iterator[str]:
    """Give the address of an engine; one that had to be started for this ends with the block, or with this process.

    One that answers already is others' too, so it is left as it is, even if `start` made it.
    """
    if os.environ.get("DOCKER_HOST") or answers(SYSTEM):
        yield found()
        return
    command = [sys.executable, str(Path(__file__).resolve())]
    started = subprocess.run([*command, "start", str(os.getpid())], capture_output=True, text=True, check=False)
    if started.returncode != 0:
        raise NoEngineError(started.stderr)
    address = started.stdout.strip()
    try:
        yield address
    finally:
        subprocess.run([*command, "stop", address], check=True)


def found() -> str:
    """Return the address of the engine that DOCKER_HOST names, else of the system's; one that is named must answer."""
    named = os.environ.get("DOCKER_HOST")
    if named:
        if not answers(named):
            raise NoEngineError(f"no engine answers at DOCKER_HOST={named}: unset it, or start that engine")
        return named
    if not answers(SYSTEM):
        raise NoEngineError(f"no engine answers at {SYSTEM}, and DOCKER_HOST names none")
    return SYSTEM


def start(owner: int) -> str:
    """Return the address of an engine that answers, which is started if need be, for process `owner`."""
    return found() if os.environ.get("DOCKER_HOST") or answers(SYSTEM) else begin(owner)


def begin(owner: int) -> str:
    """Start an engine and return its address when it answers; it ends when process `owner` has ended."""
    _can_start()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=SOCKETS))
    data = CHECKOUT / ".cache" / folder.name
    data.mkdir(parents=True)
    (folder / "data").symlink_to(data)
    (folder / "settings").write_text(json.dumps(_settings(folder, data)), encoding="utf-8")
    daemon = in_background(folder / "log", "dockerd", "--config-file", str(folder / "settings"))
    (folder / "pid").write_text(str(daemon.pid), encoding="ascii")
    in_background(folder / "log", sys.executable, str(Path(__file__).resolve()), "guard", str(folder), str(owner))
    address = f"unix://{folder / 'docker.sock'}"
    try:
        wait(daemon, address, folder / "log")
    except BaseException:
        stop(address)
        raise
    return address


def stop(address: str) -> None:
    """End the engine that `start` began at `address`, its containers too, and remove all that it left."""
    folder = Path(address.removeprefix("unix://")).parent
    if folder.parent != SOCKETS or not folder.name.startswith(PREFIX):
        return
    try:
        data, daemon = (folder / "data").readlink(), int((folder / "pid").read_text(encoding="ascii"))
    except FileNotFoundError:
        return  # it was stopped, or its guard does it just now
    _end(daemon, folder)
    for mounted in reversed(mounted_below(folder, data)):
        subprocess.run(["umount", "--lazy", mounted], check=False)
    remove_cgroups(folder.name)
    shutil.rmtree(data, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _can_start() -> None:
    """Raise unless this machine has an engine, and this user may start it."""
    if shutil.which("dockerd") is None:
        raise NoEngineError("this machine has no Docker engine: apt-get install docker.io, or set DOCKER_HOST")
    if os.geteuid() != 0:
        raise NoEngineError("only root can start an engine: start Docker, or set DOCKER_HOST to one that you may use")


def _settings(folder: Path, data: Path) -> dict[str, object]:
    """Return the configuration of an engine whose state is all in `folder` and `data`."""
    return {
        "hosts": [f"unix://{folder / 'docker.sock'}"],
        "data-root": str(data),
        "exec-root": str(folder / "exec"),
        "pidfile": str(folder / "dockerd.pid"),
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": f"/{folder.name}",
        "bridge": "none",
        "iptables": False,
        "ip6tables": False,
        "ip-masq": False,
        "ip-forward": False,
    }


def in_background(log: Path, *command: str) -> subprocess.Popen[bytes]:
    """Start a process that no signal of this terminal reaches, and that writes to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/"
        )


def wait(daemon: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return when the engine answers; raise with the end of its log when it ends before that, or takes too long."""
    late = time.monotonic() + PATIENCE
    while not answers(address):
        if daemon.poll() is None and time.monotonic() < late:
            time.sleep(0.05)
            continue
        ended = "takes too long" if daemon.returncode is None else f"ended with exit code {daemon.returncode}"
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise NoEngineError(f"the engine {ended}; in a container it needs --privileged. It said:\n{tail}")


def answers(address: str) -> bool:
    """Tell whether an engine answers a ping at `address` (unix://PATH; for others: whether anybody listens)."""
    kind, _, place = address.partition("://")
    try:
        if kind != "unix":
            host, _, port = place.partition(":")
            socket.create_connection((host, int(port or 2375)), timeout=5).close()
            return True
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(place)
            line.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
            return b" 200 " in line.recv(64)
    except (OSError, ValueError):
        return False


def _guard(folder: Path, owner: int) -> None:
    """Stop the engine of `folder` when process `owner` has ended without doing so; end when it was stopped."""
    while folder.is_dir():
        if not Path(f"/proc/{owner}").exists():
            stop(f"unix://{folder / 'docker.sock'}")
        time.sleep(0.5)


def _end(daemon: int, folder: Path) -> None:
    """End the containers, for Docker would give each of them ten seconds, then the engine, in peace."""
    _signal(_contained(folder.name), signal.SIGKILL)
    _signal({daemon} & _told(folder), signal.SIGTERM)
    late = time.monotonic() + PATIENCE / 4
    while _told(folder) and time.monotonic() < late:
        time.sleep(0.05)
    while left := _told(folder) | _contained(folder.name):
        _signal(left, signal.SIGKILL)
        time.sleep(0.05)


def _signal(pids: set[int], number: signal.Signals) -> None:
    """Send a signal to those processes that are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _told(folder: Path) -> set[int]:
    """Return the engine's own processes: programs of Docker that were told `folder`."""
    found: set[int] = set()
    for place in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            pid = int(place.name)
            program, *arguments = (place / "cmdline").read_bytes().split(b"\0")
            is_docker = program.rpartition(b"/")[2].startswith((b"dockerd", b"containerd", b"runc"))
            if is_docker and any(bytes(folder) in argument for argument in arguments):
                found.add(pid)
    return found


def _contained(name: str) -> set[int]:
    """Return the processes of all containers of the engine whose control groups have that name."""
    found: set[int] = set()
    for top in _cgroups(name):
        for path in (top, *top.glob("**/")):
            with contextlib.suppress(OSError):
                found.update(map(int, (path / "cgroup.procs").read_text(encoding="ascii").split()))
    return found


def _cgroups(name: str) -> list[Path]:
    """Return the control groups of that name: one of version 2, or one in each hierarchy of version 1."""
    top = Path("/sys/fs/cgroup")
    return [path for path in (top / name, *top.glob(f"*/{name}")) if path.is_dir()]


def mounted_below(*folders: Path) -> list[str]:
    """Return the mount points at and below `folders`, in the order in which they were mounted."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    points = [line.split(" ")[4].encode().decode("unicode_escape") for line in lines]
    return [point for point in points if any(Path(point).is_relative_to(folder) for folder in folders)]


def remove_cgroups(name: str) -> None:
    """Remove the control groups of that name, which are empty, from every hierarchy."""
    for top in _cgroups(name):
        for path, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                Path(path).rmdir()


if __name__ == "__main__":
    sys.exit(main())
