"""The table of refused system calls, tried on the kernel: a process puts the filter on and calls."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.sandbox.syscalls import TABLE, Above, Masked, Refused, bpf, cached_bpf, docker_profile

CALLER = """
import ctypes, json, os, sys

libc = ctypes.CDLL(None, use_errno=True)
program = open(sys.argv[1], "rb").read()


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("text", ctypes.c_char_p)]


held = Program(len(program) // 8, program)
assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
assert libc.prctl(22, 2, ctypes.byref(held), 0, 0) == 0  # PR_SET_SECCOMP
results = []
for number, *arguments in json.loads(sys.argv[2]):
    child = os.fork()
    if child == 0:
        ctypes.set_errno(0)
        returned = libc.syscall(ctypes.c_long(number), *(ctypes.c_ulong(value & (1 << 64) - 1) for value in arguments))
        os._exit(ctypes.get_errno() if returned == -1 else 0)
    results.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(results))
"""
X86 = {
    "read": 0, "ioctl": 16, "socket": 41, "clone": 56, "getuid": 102, "ptrace": 101, "mknod": 133, "personality": 135,
    "mount": 165, "keyctl": 250, "unshare": 272, "mknodat": 259, "perf_event_open": 298, "name_to_handle_at": 303,
    "setns": 308, "process_vm_readv": 310, "kcmp": 312, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425,
    "open_tree": 428, "fsopen": 430, "clone3": 435, "pidfd_getfd": 438, "mount_setattr": 442, "adjtimex": 159,
    "settimeofday": 164, "umount2": 166, "reboot": 169, "syslog": 103, "add_key": 248, "request_key": 249,
}  # fmt: skip
HIDDEN = 1 << 32
"""A bit that the kernel throws away where it takes an int."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("filter") / "program"
    place.write_bytes(bpf())
    return place


def call(program: Path, *calls: tuple[int, ...]) -> list[int]:
    """Return the error number of each call (0 where it worked, minus the signal that killed the caller)."""
    words = [sys.executable, "-I", "-c", CALLER, str(program), json.dumps(calls)]
    said = subprocess.run(words, capture_output=True, text=True, check=True)
    return list(json.loads(said.stdout))


def test_what_is_refused_fails_with_its_error(program: Path) -> None:
    always = [row for row in TABLE if not row.cases]
    calls = {name: row.error for row in always for name in row.calls if name in X86}
    assert len(calls) > 20
    assert call(program, *((X86[name],) for name in calls)) == list(calls.values())


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("clone", (0x1000_0000,), errno.EPERM),  # CLONE_NEWUSER
        ("clone", (0x0002_0000 | HIDDEN,), errno.EPERM),
        ("unshare", (0x80,), errno.EPERM),  # CLONE_NEWTIME
        ("unshare", (0x4000_0000 | 0x200,), errno.EPERM),
        ("ptrace", (16, 1), errno.EPERM),
        ("ptrace", (0x4206, 1), errno.EPERM),
        ("ioctl", (0, 0x5412), errno.EPERM),
        ("ioctl", (0, 0x5412 | HIDDEN), errno.EPERM),
        ("ioctl", (0, 0x541C), errno.EPERM),
        ("mknod", (0, 0o020666), errno.EPERM),
        ("mknod", (0, 0o060666), errno.EPERM),
        ("mknodat", (0, 0, 0o020000), errno.EPERM),
        ("socket", (40, 1, 0), errno.EAFNOSUPPORT),  # AF_VSOCK
        ("socket", (40 | HIDDEN, 1, 0), errno.EAFNOSUPPORT),
        ("socket", (2 | HIDDEN, 1, 0), errno.EAFNOSUPPORT),
        ("socket", (17, 3, 0), errno.EAFNOSUPPORT),  # AF_PACKET
        ("socket", (38, 5, 0), errno.EAFNOSUPPORT),  # AF_ALG
        ("socket", (9, 5, 0), errno.EAFNOSUPPORT),
        ("personality", (0x0400_0000,), errno.EPERM),  # READ_IMPLIES_EXEC
        ("personality", (0x8400_0000,), errno.EPERM),
        ("personality", (0x0010_0000,), errno.EPERM),  # MMAP_PAGE_ZERO
        ("personality", (0x7FFF_FFFF,), errno.EPERM),
        ("personality", (6,), errno.EPERM),  # PER_BSD
    ],
)
def test_what_is_refused_for_its_arguments(program: Path, name: str, arguments: tuple[int, ...], error: int) -> None:
    assert call(program, (X86[name], *arguments)) == [error]


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("getuid", (), 0),
        ("unshare", (0x200,), 0),  # CLONE_FS
        ("ptrace", (0,), 0),  # PTRACE_TRACEME
        ("ioctl", (0, 0x5401), errno.EFAULT),  # TCGETS, which reached the kernel
        ("socket", (1, 1, 0), 0),
        ("socket", (2, 1, 0), 0),
        ("socket", (10, 1, 0), 0),
        ("socket", (16, 3, 0), 0),
        ("personality", (0xFFFF_FFFF,), 0),
        ("personality", (0,), 0),
        ("personality", (0x0006_0008,), 0),
        ("mknod", (0, 0o010666), errno.EFAULT),  # a FIFO at no address
        ("mknod", (0, 0o140666), errno.EFAULT),  # a socket
    ],
)
def test_what_builds_need_reaches_the_kernel(program: Path, name: str, arguments: tuple[int, ...], error: int) -> None:
    found = call(program, (X86[name], *arguments))
    assert found == [error] or (name == "ioctl" and found == [errno.ENOTTY])


def test_other_numbers_of_the_same_machine_are_deadly(program: Path, tmp_path: Path) -> None:
    assert call(program, (0x4000_0000 | X86["getuid"],)) == [-31]  # x32: SIGSYS
    source = tmp_path / "old.c"
    source.write_text('int main(void) { int r; __asm__("int $0x80" : "=a"(r) : "a"(20)); return r < 0; }')
    old = tmp_path / "old"
    subprocess.run(["gcc", "-o", str(old), str(source)], check=True)
    runner = CALLER.replace("results = []", 'os.execv(sys.argv[2], ["old"])')
    ended = subprocess.run([sys.executable, "-I", "-c", runner, str(program), str(old)], check=False)
    assert ended.returncode == -31


def test_each_name_is_one_that_the_library_knows_or_too_young_for_it(program: Path) -> None:
    import pyseccomp

    unknown = {
        name for row in TABLE for name in row.calls if pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name) == -1
    }
    assert unknown <= {"open_tree_attr"}
    assert len(program.read_bytes()) % 8 == 0


def test_no_call_stands_twice() -> None:
    names = [name for row in TABLE for name in row.calls]
    assert len(names) == len(set(names))


def test_it_is_made_once_for_one_table(tmp_path: Path) -> None:
    made = cached_bpf(tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"what was kept")
    assert made == bpf()
    assert cached_bpf(tmp_path) == b"what was kept"


def _refused(row: Refused, arguments: tuple[int, ...]) -> bool:
    return not row.cases or any(_holds(case, arguments) for case in row.cases)


def _holds(case: Masked | Above, arguments: tuple[int, ...]) -> bool:
    match case:
        case Masked():
            return arguments[case.index] & case.mask == case.value
        case Above():
            return arguments[case.index] > case.value


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_a_personality_is_harmless_or_refused(wanted: int) -> None:
    (row,) = (row for row in TABLE if "personality" in row.calls)
    seen = wanted & 0xFFFF_FFFF
    harmless = seen == 0xFFFF_FFFF or not seen & ~0x0006_0008
    assert _refused(row, (wanted,)) is not harmless


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_four_families_of_sockets_are_left(family: int) -> None:
    (row,) = (row for row in TABLE if "socket" in row.calls)
    assert _refused(row, (family,)) is (family not in {0, 1, 2, 10, 16})


def test_the_profile_says_the_same_as_the_program() -> None:
    profile = json.loads(json.dumps(docker_profile()))
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    rows = profile["syscalls"]
    assert {name for row in rows for name in row["names"]} == {name for row in TABLE for name in row.calls}
    assert len(rows) == sum(len(row.cases) or 1 for row in TABLE)
    clone = [row for row in rows if row["names"] == ["clone"]]
    assert all(row["args"][0]["op"] == "SCMP_CMP_MASKED_EQ" for row in clone)
    assert {row["args"][0]["value"] for row in clone} == {row["args"][0]["valueTwo"] for row in clone}
    (clone3,) = (row for row in rows if row["names"] == ["clone3"])
    assert (clone3["errnoRet"], clone3["args"]) == (errno.ENOSYS, [])
    assert {row["architecture"] for row in profile["archMap"]} == {"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"}
