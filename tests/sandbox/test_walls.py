from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from builder.sandbox import walls

FRONT = """
import os, sys
from pathlib import Path
from builder.sandbox import walls
own, readable, other = map(Path, sys.argv[1:4])
def refused(work):
    try:
        work()
    except OSError as error:
        return error.strerror
    return "done"
"""


@pytest.fixture
def places(tmp_path: Path) -> list[Path]:
    """A folder to write to, one to read from, one of others, each with a file."""
    found = [tmp_path / name for name in ("own", "readable", "other")]
    for folder in found:
        folder.mkdir()
        (folder / "file").write_text(folder.name)
    return found


def inside(program: str, places: list[Path]) -> list[str]:
    words = [sys.executable, "-c", FRONT + program, *map(str, places)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


CONFINED = "walls.confine_files(str(own), [str(readable), sys.prefix, str(Path(os.__file__).parent)])\n"


def test_only_the_own_folder_can_be_written(places: list[Path]) -> None:
    work = """
(own / "d").mkdir()
(own / "d" / "f").write_text("x")
os.link(own / "d" / "f", own / "h")
os.symlink("/etc/passwd", own / "l")
(own / "h").rename(own / "d" / "g")
print((readable / "file").read_text())
print(refused(lambda: (readable / "new").write_text("x")))
print(refused(lambda: (readable / "file").unlink()))
print(refused(lambda: (other / "file").read_text()))
print(refused(lambda: (other / "new").mkdir()))
print(refused(lambda: (own / "l").read_text()))
print(refused(lambda: list(Path.home().iterdir())))
print(refused(lambda: os.rename(own / "d" / "f", other / "f")))
print(refused(lambda: os.mkfifo(own / "fifo")))
print(refused(lambda: os.execv(own / "d" / "f", ["f"])))
"""
    denied = "Permission denied"
    said = inside(CONFINED + work, places)
    assert said[:7] == ["readable", *[denied] * 6]
    assert said[7] in {denied, "Invalid cross-device link"}
    assert said[8:] == [denied] * 2
    assert sorted(path.name for path in places[0].iterdir()) == ["d", "file", "l"]
    assert [path.name for folder in places[1:] for path in folder.iterdir()] == ["file", "file"]


def test_a_descriptor_of_a_folder_leads_nowhere_else(places: list[Path]) -> None:
    work = """
print(refused(lambda: os.open("../other/file", os.O_RDONLY, dir_fd=opened)))
print(refused(lambda: os.open("../new", os.O_WRONLY | os.O_CREAT, dir_fd=opened)))
"""
    opened = "opened = os.open(own, os.O_RDONLY)\n"
    assert inside(opened + CONFINED + work, places) == ["Permission denied"] * 2


def test_walls_cannot_be_taken_down(places: list[Path]) -> None:
    wider = "walls.confine_files('/', ['/'])\nprint(refused(lambda: (other / 'file').read_text()))\n"
    (said,) = inside(
        "walls.confine_files('/', ['/'])\n" + CONFINED + "print(refused((other / 'file').read_text))", places
    )
    assert said == "Permission denied"
    work = (
        "try:\n    "
        + wider.replace("\n", "\n    ").rstrip()
        + "\nexcept OSError as error:\n    print(error.strerror)\n"
    )
    assert inside(CONFINED + work, places) == ["Permission denied"]


def test_use_is_limited_and_never_raised(places: list[Path]) -> None:
    work = """
import resource
walls.confine_use({"AS": 1 << 29, "CPU": 60, "FSIZE": 4096, "NOFILE": 32, "CORE": 0})
try:
    bytearray(1 << 29)
except MemoryError:
    print("memory")
import signal
print(refused(lambda: (own / "large").write_bytes(bytes(8192))))
walls.confine_use({"AS": 1 << 40})
print(resource.getrlimit(resource.RLIMIT_AS)[0] == 1 << 29)
print(resource.getrlimit(resource.RLIMIT_CPU))
"""
    assert inside(work, places) == ["memory", "File too large", "True", "(60, 65)"]


def test_no_program_gets_new_powers(places: list[Path]) -> None:
    said = inside("walls.forbid_new_powers()\nprint(Path('/proc/self/status').read_text())", places)
    assert "NoNewPrivs:\t1" in said


def test_who_dies_with_another(places: list[Path]) -> None:
    """At once where the other has ended before."""
    work = """
import signal, time
first = os.getpid()
read, write = os.pipe()
middle = os.fork()
if middle == 0:
    parent = os.getpid()
    if os.fork() == 0:
        walls.die_with(parent)
        os.write(write, b"ready")
        time.sleep(60)
    time.sleep(60)
print(os.read(read, 9).decode())
os.close(write)
os.kill(middle, signal.SIGKILL)
print(os.read(read, 9))
if os.fork() == 0:
    walls.die_with(first + 1)
    print("lives", flush=True)
print(os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1]), os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1]))
"""
    assert inside(work, places) == ["ready", "b''", "-9 1"]


def test_namespaces_are_its_own(places: list[Path]) -> None:
    work = """
before = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("net", "ipc", "uts")}
print(walls.divide(), *(os.readlink(f"/proc/self/ns/{name}") != link for name, link in before.items()))
"""
    assert inside(work, places) == ["True True True True"]


def test_the_kernel_says_what_it_offers() -> None:
    assert walls.landlock_version() >= 2  # on every machine where these tests run


def test_what_the_kernel_refuses_is_an_error(places: list[Path]) -> None:
    assert inside("print(refused(lambda: walls.confine_calls(b'\\0' * 8)))", places) == ["Invalid argument"]
    assert inside("print(refused(lambda: walls.confine_files('/nowhere', [])))", places) == [
        "No such file or directory"
    ]
