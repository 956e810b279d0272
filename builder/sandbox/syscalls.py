"""Which system calls are refused inside, and why: one table, as a filter for bubblewrap and as a profile for Docker.

Everything else is allowed, for builds use all that a kernel has. What is refused either reaches what no namespace
divides (keys, clocks, modules, the hypervisor), or gives power over other processes and mounts, or is a large piece of
kernel that breaks often and that programs can do without. Namespaces and missing capabilities refuse most of it too:
this is a second wall, which holds where the first has a hole.
"""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.store import atomic_write

if TYPE_CHECKING:
    import pyseccomp

_INT = 0xFFFF_FFFF
"""The bits of an argument that the kernel looks at where it takes an int: the others must not hide a value."""


@frozen(kw_only=False)
class Masked:
    """Holds where the argument at ``index`` has ``value`` in the bits of ``mask``."""

    index: int
    value: int
    mask: int = _INT


@frozen(kw_only=False)
class Above:
    """Holds where the argument at ``index`` is larger than ``value``, as an unsigned number of 64 bits."""

    index: int
    value: int


@frozen(kw_only=False)
class Refused:
    """System calls that fail with ``error``: always, or where one of ``cases`` holds."""

    calls: tuple[str, ...]
    error: int = errno.EPERM
    cases: tuple[Masked | Above, ...] = ()


def _any_bit(index: int, *bits: int) -> tuple[Masked, ...]:
    return tuple(Masked(index, bit, bit) for bit in bits)


def _personalities() -> tuple[Masked, ...]:
    """Return the cases that leave 0, PER_LINUX32, UNAME26 and ADDR_NO_RANDOMIZE, and all bits set, which only asks.

    A case compares bits once, so "all are set" is said as: where the lowest one is set, none of the others is clear.
    """
    harmless = {0x8, 0x20000, 0x40000}
    others = [1 << number for number in range(1, 32)]
    odd = tuple(Masked(0, 1, bit | 1) for bit in others)
    return odd + tuple(Masked(0, bit, bit | 1) for bit in others if bit not in harmless)


_NEW_NAMESPACES = (0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000)
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""
_NEW_TIME = 0x80
"""CLONE_NEWTIME, which clone(2) has no room for."""
_KIND, _CHARACTER, _BLOCK = 0o170000, 0o020000, 0o060000

TABLE: tuple[Refused, ...] = (
    # Keyrings belong to a user, not to a namespace: keys of the machine would be there to read.
    Refused(("keyctl", "add_key", "request_key")),
    # Mounts decide what is seen; they are made before, by bubblewrap and Docker.
    Refused(("mount", "umount", "umount2", "pivot_root", "chroot")),
    Refused(("fsopen", "fsconfig", "fsmount", "fspick", "move_mount", "open_tree", "open_tree_attr", "mount_setattr")),
    # New namespaces bring back the powers that were dropped, and most holes of recent kernels. What clone3 is asked
    # for lies in memory, where a filter cannot look; without it the C library takes clone.
    Refused(("clone",), cases=_any_bit(0, *_NEW_NAMESPACES)),
    Refused(("unshare",), cases=_any_bit(0, *_NEW_NAMESPACES, _NEW_TIME)),
    Refused(("setns",)),
    Refused(("clone3",), errno.ENOSYS),
    # Power over processes that one did not start, the first one of the sandbox among them. Whoever lets himself be
    # traced by his parent (PTRACE_TRACEME, as debuggers start programs) may: PTRACE_ATTACH and PTRACE_SEIZE are not.
    Refused(("ptrace",), cases=(Masked(0, 16), Masked(0, 0x4206))),
    Refused(("process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp")),
    # Large parts of the kernel that attackers like and no build needs. Who finds no io_uring takes epoll.
    Refused(("bpf", "perf_event_open", "userfaultfd", "fanotify_init", "lookup_dcookie")),
    Refused(("io_uring_setup", "io_uring_enter", "io_uring_register"), errno.ENOSYS),
    # The machine itself: its kernel, clocks, swap, accounts, log and ports.
    Refused(("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module")),
    Refused(("settimeofday", "stime", "clock_settime", "clock_adjtime", "adjtimex")),
    Refused(("swapon", "swapoff", "reboot", "acct", "quotactl", "quotactl_fd", "syslog", "vhangup")),
    Refused(("sethostname", "setdomainname")),
    Refused(("iopl", "ioperm")),
    # Files by number instead of by path, which leads out of any mount.
    Refused(("name_to_handle_at", "open_by_handle_at")),
    # Devices. Pipes, sockets and files may be made.
    Refused(("mknod",), cases=(Masked(1, _CHARACTER, _KIND), Masked(1, _BLOCK, _KIND))),
    Refused(("mknodat",), cases=(Masked(2, _CHARACTER, _KIND), Masked(2, _BLOCK, _KIND))),
    # Typing into a terminal (TIOCSTI), pasting into it (TIOCLINUX), and loading a driver for it (TIOCSETD).
    Refused(("ioctl",), cases=(Masked(1, 0x5412), Masked(1, 0x541C), Masked(1, 0x5423))),
    # Personalities of other systems weaken the layout of memory, and have code of their own.
    Refused(("personality",), cases=_personalities()),
    # Families of sockets that know no network namespace (AF_VSOCK leads to the hypervisor) or that nobody uses:
    # AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK remain.
    Refused(
        ("socket", "socketpair"),
        errno.EAFNOSUPPORT,
        (*(Masked(0, family) for family in (*range(3, 10), *range(11, 16))), Above(0, 16)),
    ),
    # What was given up long ago.
    Refused(("uselib", "ustat", "sysfs", "_sysctl", "nfsservctl", "query_module", "get_kernel_syms"), errno.ENOSYS),
)


def bpf() -> bytes:
    """Return the table as a program for the kernel, as ``bwrap --seccomp`` reads it.

    It kills a process that calls by the numbers of another architecture (32-bit x86, x32), which it cannot tell
    apart otherwise. Takes some 40 ms, most of it the search for the library; see `cached_bpf`. Raises `MachineError`
    where the library is not there.
    """
    library = _library()
    program = library.SyscallFilter(library.ALLOW)
    program.set_attr(library.Attr.ACT_BADARCH, library.KILL_PROCESS)
    for refused in TABLE:
        for call in refused.calls:
            number = library.resolve_syscall(library.Arch.NATIVE, call)
            if number == -1:  # younger than the library, and nothing without the calls that stand beside it
                continue
            for arguments in [[_argument(library, case)] for case in refused.cases] or [[]]:
                program.add_rule(library.ERRNO(refused.error), number, *arguments)
    with os.fdopen(os.memfd_create("filter"), "w+b") as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read()


def cached_bpf(folder: Path) -> bytes:
    """Return `bpf`, made once and kept in ``folder`` under a name that goes with the table.

    Raises `MachineError` as `bpf` does.
    """
    place = folder / f"syscalls-{hashlib.sha256(repr(TABLE).encode()).hexdigest()[:16]}-{os.uname().machine}"
    try:
        return place.read_bytes()
    except FileNotFoundError:
        program = bpf()
        atomic_write(place, program)
        return program


def docker_profile() -> dict[str, object]:
    """Return the table as Docker and podman read it (``--security-opt seccomp=FILE``)."""
    rows = [
        {"names": list(refused.calls), "action": "SCMP_ACT_ERRNO", "errnoRet": refused.error, "args": arguments}
        for refused in TABLE
        for arguments in [[_row(case)] for case in refused.cases] or [[]]
    ]
    architectures = [{"architecture": f"SCMP_ARCH_{name}", "subArchitectures": []} for name in ("X86_64", "AARCH64")]
    return {"defaultAction": "SCMP_ACT_ALLOW", "archMap": architectures, "syscalls": rows}


def _row(case: Masked | Above) -> dict[str, object]:
    match case:
        case Masked():
            return {"index": case.index, "op": "SCMP_CMP_MASKED_EQ", "value": case.mask, "valueTwo": case.value}
        case Above():
            return {"index": case.index, "op": "SCMP_CMP_GT", "value": case.value}


def _argument(library: pyseccomp, case: Masked | Above) -> pyseccomp.Arg:
    match case:
        case Masked():
            return library.Arg(case.index, library.MASKED_EQ, case.mask, case.value)
        case Above():
            return library.Arg(case.index, library.GT, case.value)


def _library() -> pyseccomp:
    try:
        import pyseccomp  # takes as long as a session, and is only needed when the table has changed
    except (ImportError, RuntimeError, OSError) as error:
        raise MachineError(
            f"the filter of system calls cannot be made: {error}",
            code="sandbox.syscalls",
            remedy="run `apt-get install libseccomp2` as root",
        ) from error
    return pyseccomp
