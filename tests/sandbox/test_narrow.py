from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from builder.sandbox.narrow import narrow

MACHINE = os.uname().machine

FRONT = """
import ctypes, errno, os, signal, socket, subprocess, sys
from pathlib import Path
from builder.sandbox import walls
home = os.open(sys.argv[2], os.O_RDONLY)
kept = os.open(sys.argv[2] + "/kept", os.O_RDONLY)
walls.confine_calls(bytes.fromhex(sys.argv[1]))
def refused(work):
    try:
        work()
    except OSError as error:
        return error.errno == errno.EPERM
    return False
"""


def inside(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``program`` behind the filter; descriptors ``home`` and ``kept`` are of ``folder`` and a file in it."""
    words = [sys.executable, "-c", FRONT + program, narrow(MACHINE).hex(), str(folder)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "work",
    [
        "socket.socket()",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), signal.SIGTERM)",
        "os.fchmod(kept, 0o777)",
        "os.chmod(sys.argv[2] + '/kept', 0o777)",
        "os.chown(sys.argv[2] + '/kept', 1, 1)",
        "os.mkfifo(sys.argv[2] + '/fifo')",
        "os.mknod(sys.argv[2] + '/node')",
        "os.setxattr(sys.argv[2] + '/kept', 'user.x', b'x')",
        "os.chroot('/')",
        "os.setuid(0)",
        "os.sethostname('x') if hasattr(os, 'sethostname') else socket.sethostname('x')",
        "os.truncate(sys.argv[2] + '/kept', 0)",
        "os.pipe()",
        "__import__('fcntl').ioctl(kept, 0x40086602, b'\\0' * 8)",
    ],
)
def test_what_unpacking_never_does(work: str, tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "kept").write_text("kept")
    ended = inside(f"print(refused(lambda: {work}))", folder)
    assert ended.stdout == "True\n", ended.stderr
    assert (folder / "kept").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in folder.iterdir()] == ["kept"]


def test_what_unpacking_does(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "kept").write_text("kept")
    work = """
os.mkdir("d", 0o755, dir_fd=home)
made = os.open("d/f", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755, dir_fd=home)
os.write(made, os.read(kept, 10))
os.utime(made, (5, 5))
os.close(made)
os.symlink("f", "d/l", dir_fd=home)
os.link("d/f", "h", src_dir_fd=home, dst_dir_fd=home)
os.unlink("d/l", dir_fd=home)
import lzma, bz2, zipfile, tempfile, threading
thread = threading.Thread(target=os.mkdir, args=("t",), kwargs={"dir_fd": home})
thread.start()
thread.join()
print(sorted(os.listdir(home)), Path(sys.argv[2] + "/h").read_bytes())
"""
    ended = inside(work, folder)
    assert ended.stdout == "['d', 'h', 'kept', 't'] b'kept'\n", ended.stderr


def test_a_thread_has_the_same_walls(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    work = """
import threading
said = []
thread = threading.Thread(target=lambda: said.append((refused(socket.socket), refused(os.fork))))
thread.start()
thread.join()
print(said)
"""
    ended = inside(work, tmp_path)
    assert ended.stdout == "[(True, True)]\n", ended.stderr


def test_calls_by_other_numbers_end_the_process(tmp_path: Path) -> None:
    """By those of x32 everything would be there again."""
    folder = tmp_path
    (folder / "kept").touch()
    ended = inside("ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 + 39)); print('alive')", folder)
    assert (ended.returncode, ended.stdout) == (-31, "")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_program_is_one_that_the_kernel_takes(machine: str) -> None:
    """Jumps lead forward and end within it; each way ends with an answer."""
    program = narrow(machine)
    steps = [struct.unpack_from("<HBBI", program, at) for at in range(0, len(program), 8)]
    assert 100 < len(steps) < 4096
    for number, (code, true, false, _) in enumerate(steps):
        assert code in {0x20, 0x15, 0x35, 0x45, 0x06}
        if code in {0x15, 0x35, 0x45}:
            assert number + 1 + max(true, false) < len(steps)
    assert steps[-1][0] == 0x06
    assert steps[-1][3] == 0x0005_0001


def test_a_machine_whose_numbers_are_not_known_has_no_filter() -> None:
    assert narrow("riscv64") == b""
