"""Says in bubblewrap's words what a command sees: namespaces, the root, the kernel's file systems and the mounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

from builder.sandbox.layers import parents
from builder.sandbox.values import Bind, Mount, Overlay, Tmpfs

HOST_NAME = "bakehouse"
USER_ID = "1000"
TEMPORARY = (PurePosixPath("/tmp"), PurePosixPath("/dev/shm"))  # noqa: S108
"""The temporary file systems that every command has."""

_NAMESPACES = (
    "--unshare-all", "--unshare-user", "--disable-userns", "--uid", USER_ID, "--gid", USER_ID,
    "--hostname", HOST_NAME, "--die-with-parent", "--cap-drop", "ALL", "--clearenv",
)  # fmt: skip


def namespaces(*, network: bool) -> list[str]:
    """Return the arguments that divide the command from the machine, but for its network where that is wanted."""
    return [*_NAMESPACES, "--share-net"] if network else [*_NAMESPACES]


def root(usr: Path, etc: Path, size: int | None) -> list[str]:
    """Return the arguments that build the root of ``usr`` and ``etc``, read-only, and the kernel's own file systems.

    ``size`` is how large each temporary file system may be, in bytes. ``/proc`` is read-only because to root's files
    in it (``sys/kernel/core_pattern``) we are root when root starts us.
    """
    links = [word for name in ("bin", "lib", "lib64", "sbin") for word in ("--symlink", f"usr/{name}", f"/{name}")]
    temporary, shared = (["--perms", "1777", *_tmpfs(place, size)] for place in TEMPORARY)
    return [
        *("--ro-bind", str(usr), "/usr", "--ro-bind", str(etc), "/etc", *links),
        *("--proc", "/proc", "--remount-ro", "/proc"),
        *("--dev", "/dev", *shared, "--remount-ro", "/dev"),
        *temporary,
    ]


def mounted(
    mounts: Iterable[Mount], shown: Callable[[Path], Path], writable: Callable[[Overlay], Path], size: int | None
) -> list[str]:
    """Return the arguments that put ``mounts`` in place, in their order.

    ``shown`` tells where a folder is seen that may only be read, ``writable`` where an overlay is.
    """
    words = []
    for mount in mounts:
        words += _folders(parents(mount.inside))
        inside = str(mount.inside)
        match mount:
            case Bind(source=source, writable=True):
                words += ["--bind", str(source.absolute()), inside]
            case Bind(source=source):
                words += ["--ro-bind", str(shown(source.absolute())), inside]
            case Overlay():
                words += ["--bind", str(writable(mount)), inside]
            case Tmpfs(size=wanted):
                words += _tmpfs(mount.inside, wanted or size)
    return [*words, "--remount-ro", "/"]


def temporary_places(mounts: Sequence[Mount]) -> tuple[PurePosixPath, ...]:
    """Return where a command has temporary file systems."""
    return (*TEMPORARY, *(mount.inside for mount in mounts if isinstance(mount, Tmpfs)))


def _tmpfs(inside: PurePosixPath, size: int | None) -> list[str]:
    return [*(["--size", str(size)] if size else []), "--tmpfs", str(inside)]


def _folders(folders: Iterable[PurePosixPath]) -> list[str]:
    return [word for folder in folders for word in ("--perms", "0755", "--dir", str(folder))]
