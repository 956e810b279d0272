"""Podman's service for the tests, root's or a user's own: a private one that leaves nothing behind.

usage: python -m ci.podman start root|user [PID]   start one for as long as process PID lives (the caller); print what
                                                   it is: its address, whom it belongs to, their home
       python -m ci.podman stop FOLDER             stop what `start` began there

It has everything in two folders of its own, as the engine of `ci.engine` has. The user's own service, which needs no
rights, belongs to whoever runs the tests; root runs it as USER, whom it makes, with ranges of user and group ids.

Podman's own words for what it needs here: `runc`, since Debian's crun refuses a machine that has control groups of
both versions; locks in files, since those in /dev/shm are shared with the machine's podman; no `static_dir`, of which
whoever ends a container is not told, so that it waits for 20 seconds. A client must give every container its limits
for files and processes, since podman otherwise asks for more than a machine may have.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ci.engine import CHECKOUT, NoEngineError, in_background, mounted_below, wait

USER = "bakehouse-tests"
PREFIX = "bakehouse-podman."


@dataclass(frozen=True, slots=True, kw_only=True)
class Podman:
    """A service: ``folder`` holds its socket and settings, ``data`` its images; ``user`` is whom it belongs to."""

    folder: str
    data: str
    user: str

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"unix://{self.folder}/podman.sock"

    @property
    def home(self) -> Path:
        """A folder of the user's own, for tests that act as they do."""
        return Path(self.data) / "home"

    def as_user(self, *command: str) -> list[str]:
        """Return the command line that runs ``command`` as the user."""
        if self.user == pwd.getpwuid(os.geteuid()).pw_name:
            return list(command)
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups", *command]

    def variables(self) -> dict[str, str]:
        """Return the environment in which podman finds its own settings."""
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": f"{self.folder}/runtime",
            "CONTAINERS_CONF": f"{self.folder}/containers.conf",
            "CONTAINERS_STORAGE_CONF": f"{self.folder}/storage.conf",
            "CONTAINERS_REGISTRIES_CONF": f"{self.folder}/registries.conf",
        }


def main() -> int:
    """Do what the command line says; the result is the exit code."""
    try:
        match sys.argv[1:]:
            case ["start", "root" | "user" as kind, *owner]:
                print(json.dumps(asdict(start(kind, int(owner[0]) if owner else os.getppid()))))
            case ["stop", folder]:
                stop(Path(folder))
            case ["guard", folder, owner]:
                guard(Path(folder), int(owner))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except NoEngineError as error:
        print(f"podman: {error}", file=sys.stderr)
        return 3
    return 0


@contextlib.contextmanager
def podman(kind: str) -> Iterator[Podman]:
    """Give a service of ``kind`` (``root``, ``user``); it ends with the block, or with this process."""
    command = [sys.executable, "-m", "ci.podman"]
    words = [*command, "start", kind, str(os.getpid())]
    started = subprocess.run(words, capture_output=True, text=True, check=False, cwd=CHECKOUT)
    if started.returncode != 0:
        raise NoEngineError(started.stderr)
    service = Podman(**json.loads(started.stdout))
    try:
        yield service
    finally:
        subprocess.run([*command, "stop", service.folder], check=True, cwd=CHECKOUT)


def start(kind: str, owner: int) -> Podman:
    """Start a service; what is started ends when process ``owner`` has ended."""
    user = _user(kind)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/run" if os.geteuid() == 0 else tempfile.gettempdir()))
    data = CHECKOUT / ".cache" / folder.name
    service = Podman(folder=str(folder), data=str(data), user=user)
    _lay_out(service, is_root=kind == "root")
    words = [f"{name}={value}" for name, value in service.variables().items()]
    command = ("podman", "system", "service", "--time", "0", service.address)
    daemon = in_background(folder / "log", *service.as_user("env", "-i", *words, *command))
    (folder / "pid").write_text(str(daemon.pid), encoding="ascii")
    guarding = (sys.executable, "-m", "ci.podman", "guard", str(folder), str(owner))
    in_background(folder / "log", "env", f"PYTHONPATH={CHECKOUT}", *guarding)
    try:
        wait(daemon, service.address, folder / "log")
    except BaseException:
        stop(folder)
        raise
    return service


def stop(folder: Path) -> None:
    """End a service with its containers, and remove all that it left."""
    if not folder.name.startswith(PREFIX) or not (folder / "service").is_file():
        return
    service = Podman(**json.loads((folder / "service").read_text(encoding="utf-8")))
    _run(service, "podman", "rm", "--all", "--force", "--time", "0")
    for pid in _pids(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for mounted in reversed(mounted_below(folder, Path(service.data))):
        subprocess.run(["umount", "--lazy", mounted], check=False)
    if os.geteuid() != 0:  # files of containers' users, whom only a user namespace has power over
        _run(service, "podman", "unshare", "rm", "-rf", service.data)
    shutil.rmtree(service.data, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def guard(folder: Path, owner: int) -> None:
    """Stop the service of ``folder`` when process ``owner`` has ended without doing so; end when it was stopped."""
    while folder.is_dir():
        if not Path(f"/proc/{owner}").exists():
            stop(folder)
        time.sleep(0.5)


def _user(kind: str) -> str:
    """Return whom a service of ``kind`` belongs to; raise unless this machine and this user can start it."""
    needed = {"podman": "podman", "runc": "runc", "setpriv": "util-linux"}
    needed |= {"newuidmap": "uidmap"} if kind == "user" else {}
    missing = [package for program, package in needed.items() if shutil.which(program) is None]
    if missing:
        raise NoEngineError(f"this machine has no podman for the tests: apt-get install {' '.join(missing)}")
    me = pwd.getpwuid(os.geteuid()).pw_name
    if kind == "root" and os.geteuid() != 0:
        raise NoEngineError("only root can start root's podman: run these tests as root")
    if kind == "root" or os.geteuid() != 0:
        return me
    try:
        pwd.getpwnam(USER)
    except KeyError:
        words = [
            "--system",
            "--add-subids-for-system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
        ]
        subprocess.run(["useradd", *words, "--shell", "/usr/sbin/nologin", USER], check=True)
    return USER


def _lay_out(service: Podman, *, is_root: bool) -> None:
    """Write the settings, in folders that belong to the service's user."""
    folder, data = Path(service.folder), Path(service.data)
    for made in (data, data / "tmp", service.home, folder / "runtime"):
        made.mkdir(parents=True, mode=0o700)
    for name, text in _settings(folder, data, is_root=is_root).items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "service").write_text(json.dumps(asdict(service)), encoding="utf-8")
    (folder / "log").touch()
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{service.user}:", str(folder), str(data)], check=True)


def _settings(folder: Path, data: Path, *, is_root: bool) -> Mapping[str, str]:
    own = f'tmp_dir = "{folder}/tmp"\n' if is_root else ""
    return {
        "containers.conf": (
            '[containers]\nlog_driver = "k8s-file"\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n'
            'events_logger = "file"\nlock_type = "file"\nexit_command_delay = 1\n'
            f'image_copy_tmp_dir = "{data}/tmp"\n{own}'
        ),
        "storage.conf": (
            f'[storage]\ndriver = "overlay"\ngraphroot = "{data}/storage"\nrunroot = "{folder}/run"\n'
            f'rootless_storage_path = "{data}/storage"\n'
        ),
        "registries.conf": '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n',
    }


def _run(service: Podman, *command: str) -> None:
    """Run a command as the service's user, whatever becomes of it."""
    words = service.as_user(*command)
    subprocess.run(words, env=service.variables(), capture_output=True, check=False, cwd="/", timeout=60)


def _pids(folder: Path) -> set[int]:
    """Return the service's processes, those that watch containers, and the one that keeps a user's namespace."""
    found: set[int] = set()
    told = bytes(folder)
    for place in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            pid = int(place.name)
            program, *arguments = (place / "cmdline").read_bytes().split(b"\0")
            if program.rpartition(b"/")[2] in {b"podman", b"conmon"} and (
                any(told in argument for argument in arguments) or told in (place / "environ").read_bytes()
            ):
                found.add(pid)
    return found


if __name__ == "__main__":
    sys.exit(main())
