"""Says in an engine's words what a container is: who runs in it, what it sees, what it may use.

Source: the Docker Engine API, version 1.40 and later, "Create a container".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath

from builder.model.frozen import frozen
from builder.sandbox.berth import User
from builder.sandbox.engine import Engine
from builder.sandbox.layout import HOST_NAME, TEMPORARY
from builder.sandbox.limits import spare, temporary_size
from builder.sandbox.syscalls import docker_profile
from builder.sandbox.values import Limits, Mount, Streams, Tmpfs

OURS = 3
"""The first process, the one that waits for the end of our connection, and the shell around the command."""

LABEL = "bakehouse.scratch"
"""The label of our containers: the folder that their sessions' folders lie in; `SESSION` names that of one."""

SESSION = "bakehouse.session"

Document = dict[str, object]


@frozen
class Spec:
    """What all containers of a session have in common; ``argv`` is the first process, ``mounts`` in engine's words."""

    engine: Engine
    image: str
    user: User
    labels: Mapping[str, str]
    limits: Limits
    temporary: tuple[Tmpfs, ...] = ()
    network: str = "none"
    userns: str = ""

    def container(self, argv: Sequence[str], mounts: Sequence[Document], *, joined: Streams | None = None) -> Document:
        """Return the document for one container, whose standard input and output are our connection.

        One that is ``joined`` to streams stays when it has ended, for its exit code.
        """
        return {
            "Image": self.image,
            "Entrypoint": [argv[0]],
            "Cmd": list(argv[1:]),
            "User": f"{self.user.id}:{self.user.group}",
            "WorkingDir": "/",
            "Hostname": HOST_NAME,
            "Labels": dict(self.labels),
            "Tty": joined is not None and joined.terminal,
            "OpenStdin": True,
            "StdinOnce": True,
            "AttachStdin": True,
            "AttachStdout": True,
            "AttachStderr": True,
            "HostConfig": {**self._host(mounts), "AutoRemove": joined is None},
        }

    def _host(self, mounts: Sequence[Document]) -> Document:
        limits, engine = self.limits, self.engine
        host: Document = {
            "ReadonlyRootfs": True,
            "NetworkMode": self.network,
            "IpcMode": "private",
            "CgroupnsMode": "private",
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges", f"seccomp={_profile()}"],
            "LogConfig": {"Type": "none"},
            "Mounts": list(mounts),
            "Tmpfs": self._tmpfs(),
            "Ulimits": self._ulimits(),
        }
        if self.userns:
            host["UsernsMode"] = self.userns
        if limits.memory is not None and engine.memory:
            host["Memory"] = host["MemorySwap"] = max(limits.memory, _LEAST)
        if limits.processes is not None and engine.processes:
            host["PidsLimit"] = limits.processes + OURS
        return host

    def _tmpfs(self) -> dict[str, str]:
        size = temporary_size(self.limits)
        owner = f"uid={self.user.id},gid={self.user.group},mode=755"
        found = {str(place): _options("mode=1777", size) for place in TEMPORARY}
        found |= {str(mount.inside): _options(owner, mount.size or size) for mount in self.temporary}
        return found | {"/sys": "ro,nosuid,nodev,noexec,size=4k"}

    def _ulimits(self) -> list[Document]:
        bounds = {"core": 0}
        if self.limits.disk is not None:
            bounds["fsize"] = self.limits.disk + spare(self.limits.disk)
        return [{"Name": name, "Soft": bound, "Hard": bound} for name, bound in bounds.items()]


_LEAST = 6 << 20
"""An engine refuses to start containers with less memory."""


def remover(image: str, argv: Sequence[str], source: Path, inside: PurePosixPath) -> Document:
    """Return the document for a container in which root, without any other power than over files, runs ``argv``."""
    return {
        "Image": image,
        "Entrypoint": [argv[0]],
        "Cmd": list(argv[1:]),
        "User": "0:0",
        "HostConfig": {
            "ReadonlyRootfs": True,
            "NetworkMode": "none",
            "CapDrop": ["ALL"],
            "CapAdd": ["DAC_OVERRIDE"],
            "SecurityOpt": ["no-new-privileges", f"seccomp={_profile()}"],
            "LogConfig": {"Type": "none"},
            "Mounts": [{"Type": "bind", "Source": str(source), "Target": str(inside), "ReadOnly": False}],
        },
    }


def temporaries(mounts: Sequence[Mount]) -> tuple[Tmpfs, ...]:
    """Return the temporary file systems among ``mounts``."""
    return tuple(mount for mount in mounts if isinstance(mount, Tmpfs))


def _options(owner: str, size: int | None) -> str:
    return ",".join(["rw", "exec", "nosuid", "nodev", owner, *([f"size={size}"] if size else [])])


@cache
def _profile() -> str:
    return json.dumps(docker_profile())
