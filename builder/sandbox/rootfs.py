"""Makes the sandbox's root file system: a locked list of Debian packages, unpacked without their maintainer scripts.

A POSIX-like userland and nothing else: no compiler, no make, no Perl, no Python, no documentation. The lock file beside
this module names each package by its place in the archive and its sha256; all are of bookworm's main section, which
stands still.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path, PurePosixPath

from builder.errors import MachineError, Place, Problem, SourceError, UsageError
from builder.model.frozen import frozen
from builder.model.inside import SEALED
from builder.sandbox.confined import confine
from builder.store import Store, remove_tree

FORMAT = 1
"""Raised when the same packages are laid out in another way."""

TIME = 315532800
"""The time of every file and folder in the tree: 1 January 1980."""

_LOCK = Path(__file__).with_name("rootfs.lock")
_HEAD = (
    "# The packages of the sandbox root: name, version, path in the archive, sha256, size. `make repin` renews them.\n"
)

_LINE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]+) (?P<version>[\w.+:~-]+) "
    r"(?P<path>pool/[\w.+~/-]+_(?P<architecture>[a-z0-9]+)\.deb) (?P<sha256>[0-9a-f]{64}) (?P<size>[0-9]{1,12})"
)
_ARCHITECTURES = frozenset({"amd64", "all"})

_KEPT = ("usr/bin/", "usr/lib/", "usr/lib64/", "usr/libexec/")
_DROPPED = ("usr/lib/mime/", "usr/lib/x86_64-linux-gnu/gconv/", "usr/lib/x86_64-linux-gnu/audit/")
_PARTLY = {
    "base-files": ("etc/debian_version", "etc/os-release", "usr/lib/os-release"),
    "debianutils": ("usr/bin/which.debianutils",),
    "libc-bin": ("usr/bin/getconf", "usr/bin/ldd", "usr/lib/locale/C.utf8/"),
}
_MERGED = frozenset({"bin", "lib", "lib64", "sbin"})
_LINKS = {
    "usr/bin/awk": "mawk",
    "usr/bin/sh": "bash",
    "usr/bin/which": "which.debianutils",
    "usr/sbin": "bin",
    **{name: f"usr/{name}" for name in sorted(_MERGED)},
}
_USER = f"builder:x:1000:1000:builder:{SEALED.home}:/bin/bash"
_TEXTS = {
    "etc/passwd": f"root:x:0:0:root:/:/bin/bash\n{_USER}\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "etc/group": "root:x:0:\nbuilder:x:1000:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1 localhost bakehouse\n::1 localhost bakehouse\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\n",
}


@frozen
class Deb:
    """One Debian binary package: ``path`` is its place in the archive (``pool/main/…``), ``size`` in bytes."""

    name: str
    version: str
    path: str
    sha256: str
    size: int


@frozen
class RootfsLock:
    """The locked packages, and what they are together: ``digest`` identifies the tree, ``glibc`` is its C library."""

    debs: tuple[Deb, ...]

    @property
    def digest(self) -> str:
        """The sha256 of the canonical list and the layout's `FORMAT`."""
        return hashlib.sha256(f"{FORMAT}\n{_lines(self.debs)}".encode()).hexdigest()

    @property
    def glibc(self) -> str:
        """The version of glibc, as ``2.36``."""
        (version,) = (deb.version for deb in self.debs if deb.name == "libc6")
        return version.partition("-")[0]


def rootfs_lock(text: str | None = None) -> RootfsLock:
    """Read a lock file's ``text``, by default the one that comes with this module; raises ValueError for a bad one."""
    lines = (text if text is not None else _LOCK.read_text(encoding="ascii")).splitlines()
    debs = []
    for line in lines:
        if line.strip() and not line.startswith("#"):
            name, version, path, sha256, size = line.split()
            debs.append(Deb(name=name, version=version, path=path, sha256=sha256, size=int(size)))
    return RootfsLock(debs=tuple(sorted(debs, key=lambda deb: deb.name)))


def read_rootfs_lock(file: Path) -> RootfsLock:
    """Read somebody's own lock file, of lines as `rootfs_lock_text` writes them; blank ones and comments are skipped.

    Raises `UsageError` with a problem for each bad line, with its place and remedy, or when it cannot be read.
    """
    try:
        text = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        remedy = "write one with `bakehouse rootfs show > FILE`"
        raise UsageError(f"{file} cannot be read: {why}", code="rootfs.unreadable", remedy=remedy) from error
    seen: set[str] = set()
    problems = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#") and (fault := _fault(line, seen)):
            message, remedy = fault
            place = Place(file=str(file), line=number, column=1, frame=line)
            problems.append(Problem(code="rootfs.line", message=message, place=place, remedy=remedy))
    if not problems and "libc6" not in seen:
        place = Place(file=str(file))
        remedy = "name it: every root needs libc6, coreutils and bash"
        problems.append(Problem(code="rootfs.libc", message="there is no libc6 in it", place=place, remedy=remedy))
    if problems:
        raise UsageError.of(problems)
    return rootfs_lock(text)


def _fault(line: str, seen: set[str]) -> tuple[str, str] | None:
    """Return what is wrong with a line and its remedy; adds the package's name to ``seen``."""
    found = _LINE.fullmatch(line)
    if found is None or ".." in found["path"]:
        return "this is no package", "write: name, version, path in the archive, sha256, size in bytes"
    if found["architecture"] not in _ARCHITECTURES:
        return (
            f"{found['name']} is for {found['architecture']}",
            "the root is for amd64; name packages for it, or for all",
        )
    if found["name"] in seen:
        return f"{found['name']} is there twice", "leave one of them"
    seen.add(found["name"])
    return None


def rootfs_lock_text(debs: Iterable[Deb]) -> str:
    """Return the lock file that holds ``debs``, sorted by name."""
    return _HEAD + _lines(debs)


def _lines(debs: Iterable[Deb]) -> str:
    return "".join(
        f"{deb.name} {deb.version} {deb.path} {deb.sha256} {deb.size}\n"
        for deb in sorted(debs, key=lambda deb: deb.name)
    )


def ensure_rootfs(store: Store, debs: Mapping[str, Path], lock: RootfsLock | None = None) -> Path:
    """Return the locked tree in the store, unpacking it once from ``debs`` (sha256 → file, already verified).

    Without ``lock`` it is that of our own list. Blocks; safe for many threads and processes. Raises `MachineError` when
    a package is missing, `SourceError` when one of them cannot be laid out with the others.
    """
    lock = lock or rootfs_lock()
    with store.making("rootfs", lock.digest) as making:
        if not making.ready:
            for deb in lock.debs:
                if deb.sha256 not in debs:
                    raise MachineError(
                        f"the package {deb.name} {deb.version} of the sandbox's root is not there",
                        code="sandbox.rootfs",
                        remedy="fetch it while the network is reachable: `bakehouse fetch`",
                    )
            _lay_out(store, making.path, [(deb, debs[deb.sha256]) for deb in lock.debs])
    found = store.folder("rootfs", lock.digest)
    assert found is not None
    return found


def _lay_out(store: Store, tree: Path, debs: Iterable[tuple[Deb, Path]]) -> None:
    """Write the whole tree into the empty folder ``tree``."""
    unpacker, unpacked = confine(store), tree / ".unpacked"
    for deb, archive in debs:
        with store.held(deb.sha256) if archive.is_relative_to(store.root) else nullcontext(archive) as file:
            unpacker.unpack(file, unpacked, strip=False, name=deb.path)
        for path in _paths(unpacked):
            place = _place(path.relative_to(unpacked))
            if _is_kept(deb.name, str(place)):
                _move(path, tree, place, deb)
        remove_tree(unpacked)
    for link, target in _LINKS.items():
        if (tree / link).parent.joinpath(target).exists():
            (tree / link).unlink(missing_ok=True)
            (tree / link).symlink_to(target)
    (tree / "etc").mkdir(exist_ok=True)
    for name, text in _TEXTS.items():
        (tree / name).write_text(text, encoding="ascii")
    _settle(tree)


def _move(path: Path, tree: Path, place: PurePosixPath, deb: Deb) -> None:
    """Put ``path`` at its ``place``, never through a symlink that another package brought: it may lead anywhere."""
    taken = next((above for above in place.parents if (tree / above).is_symlink() or (tree / above).is_file()), None)
    if taken is None and not (tree / place).is_dir():
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        path.rename(tree / place)
        return
    raise SourceError(
        f"{deb.name} {deb.version} has {place}, where another package has {taken or 'a folder of that name'}",
        code="rootfs.conflict",
        remedy="leave one of the two packages out of the list",
    )


def _paths(folder: Path) -> Iterator[Path]:
    """Yield the files and symlinks below ``folder``; the caller may move what it was given."""
    for item in sorted(os.scandir(folder), key=lambda item: item.name):
        if item.is_dir(follow_symlinks=False):
            yield from _paths(Path(item))
        else:
            yield Path(item)


def _place(path: Path) -> PurePosixPath:
    """Return where a package's ``path`` goes: bookworm's tree is merged into ``/usr``, its packages are not."""
    return PurePosixPath("usr" if path.parts[0] in _MERGED else "", *path.parts)


def _is_kept(package: str, path: str) -> bool:
    if package in _PARTLY:
        return any(path == kept or (kept.endswith("/") and path.startswith(kept)) for kept in _PARTLY[package])
    return path.startswith(_KEPT) and not path.startswith(_DROPPED)


def _settle(tree: Path) -> None:
    """Give every path the mode and the time that it has on each machine, folders after what is in them."""
    for folder, folders, files in os.walk(tree, topdown=False):
        for path in (Path(folder, name) for name in (*folders, *files)):
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                path.chmod(0o755 if mode & 0o111 else 0o644)
            if not stat.S_ISDIR(mode):
                os.utime(path, (TIME, TIME), follow_symlinks=False)
        Path(folder).chmod(0o755)
        os.utime(folder, (TIME, TIME))
