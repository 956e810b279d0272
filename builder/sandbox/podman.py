"""Says to podman what a container is where its interface, though compatible, does not understand Docker's words.

Found with podman 4.3: a profile of system calls is a file; overlays, and temporary file systems that belong to
somebody, are volumes with a name; where nobody limits files and processes the most is asked for, which a machine may
not give; a read-only root gets writable folders; and who runs podman without root is root inside. Most of that goes by
without a word, so it is said here.
"""

from __future__ import annotations

import hashlib
import re
import resource
import secrets
import socket
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.sandbox.engine import Engine
from builder.sandbox.spec import LABEL
from builder.store import atomic_write

Document = Mapping[str, object]

_SECCOMP = "seccomp="
_ADDED = ("/run", "/var/tmp")  # noqa: S108 - places in a container
_OWNER = re.compile(r"\b([ug]id)=\d+")
_SIZE = re.compile(r"\bsize=(\d+)\b")
"""The size of a volume is a quota of the disk for podman, even in memory: there it is counted in pages."""
_PAGE = resource.getpagesize()
_NOTHING = "ro,nosuid,nodev,noexec,size=4k"
_BOUNDS = {
    "nofile": (resource.RLIMIT_NOFILE, "Max open files", 1 << 16),
    "nproc": (resource.RLIMIT_NPROC, "Max processes", 1 << 15),
}
"""Limits that are always said: what they are here, what proc(5) calls them, and the most that we ask for."""

_OLDEST_ROOTLESS = (4, 3)


@frozen
class Volume:
    """A file system that podman mounts: its ``name``, what ``labels`` it, and the options of its driver."""

    name: str
    labels: dict[str, str]
    options: dict[str, str]


def translated(document: Document, engine: Engine) -> tuple[dict[str, object], tuple[Volume, ...]]:
    """Return ``document`` (Docker Engine API, "Create a container") as podman understands it.

    With it come the volumes to make before the container and to remove after it. The profile of system calls is
    written to the folder that the container is labelled with, once.
    """
    host = dict(_mapping(document["HostConfig"]))
    labels = {name: str(value) for name, value in _mapping(document["Labels"]).items()}
    temporary = {place: str(options) for place, options in _mapping(host.get("Tmpfs") or {}).items()}
    if host.get("ReadonlyRootfs"):
        temporary = {**dict.fromkeys(_ADDED, _NOTHING), **temporary}
    mounts = _mounts(_sequence(host.get("Mounts") or ()), temporary, rootless=engine.rootless)
    volumes = [Volume(name=str(one["Source"]), labels=labels, options=options) for one, options in mounts if options]
    host |= {
        "Mounts": [mount for mount, _ in mounts],
        "Tmpfs": {place: options for place, options in temporary.items() if not _OWNER.search(options)},
        "SecurityOpt": [_option(str(word), Path(labels[LABEL])) for word in _sequence(host.get("SecurityOpt") or ())],
        "Ulimits": [*_sequence(host.get("Ulimits") or ()), *_bounds(engine.address)],
    }
    if engine.rootless:
        user, _, group = str(document.get("User") or "0:0").partition(":")
        host["UsernsMode"] = f"keep-id:uid={user},gid={group}"
    return {**document, "HostConfig": host}, tuple(volumes)


def refuse_old(engine: Engine) -> None:
    """Raise `MachineError` for a podman without root that cannot show its user's files as the builder's."""
    version = tuple(int(part) for part in engine.version.split(".")[:2] if part.isdigit())
    if engine.kind == "podman" and engine.rootless and version < _OLDEST_ROOTLESS:
        raise MachineError(
            f"podman {engine.version} without root cannot map its user to the builder",
            code="sandbox.refused",
            remedy="use podman 4.3 or newer, or root's podman (`sudo podman system service --time 0`), or bubblewrap",
        )


def _mounts(
    mounts: Sequence[object], temporary: Mapping[str, str], *, rootless: bool
) -> list[tuple[Document, dict[str, str]]]:
    """Return podman's mounts, those that need a volume with the options of its driver.

    Podman without root mounts for its user as if that one were root: he is not called otherwise before a container is.
    """
    found: list[tuple[Document, dict[str, str]]] = []
    for mount in map(_mapping, mounts):
        config = _mapping(_mapping(mount.get("VolumeOptions") or {}).get("DriverConfig") or {})
        options = {name: str(value) for name, value in _mapping(config.get("Options") or {}).items()}
        found.append((_named(mount["Target"]) if options else mount, options))
    for place, words in temporary.items():
        if _OWNER.search(words):
            sized = _SIZE.sub(lambda size: f"nr_blocks={-(-int(size[1]) // _PAGE)}", words)
            owned = _OWNER.sub(r"\1=0", sized) if rootless else sized
            found.append((_named(place), {"type": "tmpfs", "device": "tmpfs", "o": owned}))
    return found


def _named(target: object) -> Document:
    return {"Type": "volume", "Source": f"bakehouse-{secrets.token_hex(8)}", "Target": target}


def _option(word: str, scratch: Path) -> str:
    """Return a security option, the text of a profile as a file that holds it."""
    if not word.startswith(f"{_SECCOMP}{{"):
        return word
    profile = word.removeprefix(_SECCOMP).encode()
    place = scratch.absolute() / f"seccomp-{hashlib.sha256(profile).hexdigest()[:16]}.json"
    if not place.is_file():
        atomic_write(place, profile)
    return f"{_SECCOMP}{place}"


def _bounds(address: str) -> list[dict[str, object]]:
    """Return limits of files and processes that podman may set: ours, and neither above its own nor above `_BOUNDS`."""
    theirs = _limits_of_listener(address)
    found: list[dict[str, object]] = []
    for name, (kind, line, most) in _BOUNDS.items():
        soft, hard = (most if bound == resource.RLIM_INFINITY else bound for bound in resource.getrlimit(kind))
        hard = min(hard, theirs.get(line, most), most)
        found.append({"Name": name, "Soft": min(soft, hard), "Hard": hard})
    return found


def _limits_of_listener(address: str) -> dict[str, int]:
    """Return the greatest limits of the process that listens at ``address``, as proc(5) names them."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(address.removeprefix("unix://"))
        pid, _, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    try:
        lines = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    except OSError:  # it runs where we see no processes of
        return {}
    found = (re.split(r"\s{2,}", line) for line in lines)
    return {words[0]: int(words[2]) for words in found if len(words) > 2 and words[2].isdecimal()}


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value


def _sequence(value: object) -> Sequence[object]:
    assert isinstance(value, Sequence)
    return value
