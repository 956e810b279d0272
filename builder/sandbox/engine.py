"""Talks to a container engine, Docker's or podman's, through the ``docker`` package, whose errors end here."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Literal, TypeAlias

from builder.errors import MachineError
from builder.model.frozen import frozen

Client: TypeAlias = Any
"""A connection, as the ``docker`` package has it (``APIClient``); that one's types say nothing of half its methods."""

DOCKER = "unix:///var/run/docker.sock"
"""Where Docker's engine listens unless somebody says otherwise."""

PODMAN = "unix:///run/podman/podman.sock"
"""Where podman's service listens when it runs as root; a user's own is below ``$XDG_RUNTIME_DIR``."""

OLDEST = (1, 40)
"""The oldest version of the interface that is spoken here: Docker 19.03, podman 3."""

_NEWEST = (1, 41)
_SECONDS = 120
_GOING = ("container state improper", "being removed", "already been removed", "no such container")

Kind = Literal["docker", "podman"]

ENGINES: Mapping[str | None, Kind] = {"docker": "docker", "podman": "podman"}
"""The words for isolation that mean an engine."""


@frozen
class Engines:
    """The addresses of this machine's engines, as ``DOCKER_HOST`` and ``CONTAINER_HOST`` have them.

    ``image`` is the digest (``sha256:…``) of a foreign image that takes the place of our root.
    """

    docker: str = DOCKER
    podman: str = PODMAN
    image: str | None = None

    def address(self, kind: str) -> str | None:
        """Return where the engine of an isolation listens, None for those that have none."""
        return {"docker": self.docker, "podman": self.podman}.get(kind)


@frozen
class Engine:
    """An engine that answered, and what it told of itself.

    ``memory`` and ``processes`` tell whether it limits them, ``networks`` which it has; ``id`` stays the same as long
    as its data.
    """

    kind: Kind
    address: str
    api: str
    version: str
    id: str
    rootless: bool
    memory: bool
    processes: bool
    cgroup: str
    networks: tuple[str, ...]

    def connection(self) -> Client:
        """Return a connection of its own, for one thread at a time; who uses it does so inside of `talking`."""
        _knock(self.kind, self.address)
        return _connection(self.address, self.api)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Give a connection for a while; errors of the engine become `MachineError`."""
        with talking(self.kind, self.address), closing(self.connection()) as client:
            yield client


def connect(kind: Kind, address: str) -> Engine:
    """Ask the engine at ``address`` what it is; raises `MachineError` with the remedy when it is no use to us."""
    if not address.startswith("unix://"):
        raise MachineError(
            f"{kind} at {address} is another machine's, which does not see our files",
            code="sandbox.no-engine",
            remedy=f"set {_variable(kind)} to the socket of an engine of this machine (unix://…)",
        )
    _knock(kind, address)
    with talking(kind, address), closing(_connection(address, _text(OLDEST))) as client:
        version, info = client.version(), client.info()
        networks = tuple(sorted(str(network["Name"]) for network in client.networks()))
    api = _numbers(str(version["ApiVersion"]))
    if api < OLDEST:
        raise _too_old(kind, str(version.get("Version")))
    rootless = bool(info.get("Rootless")) or "rootless" in " ".join(info.get("SecurityOptions") or ())
    cgroup = str(info.get("CgroupVersion") or "1")
    # Only control groups of version 2 can be handed to users; podman says that it limits even where it cannot.
    able = not (rootless and cgroup == "1")
    return Engine(
        kind=kind,
        address=address,
        api=_text(min(api, _NEWEST)),
        version=str(version["Version"]),
        id=str(info.get("ID") or address),
        rootless=rootless,
        memory=able and bool(info.get("MemoryLimit")),
        processes=able and bool(info.get("PidsLimit")),
        cgroup=cgroup,
        networks=networks,
    )


def _knock(kind: Kind, address: str) -> None:
    """Connect once and hang up: where nobody listens the ``docker`` package takes longer and leaves a socket open."""
    with socket.socket(socket.AF_UNIX) as knocking:
        try:
            knocking.connect(address.removeprefix("unix://"))
        except OSError as error:
            raise no_answer(kind, address, error) from error


@contextmanager
def talking(kind: Kind, address: str) -> Iterator[None]:
    """Turn what the engine, or the way to it, says into `MachineError`."""
    import docker  # its import takes a tenth of a second
    import requests

    try:
        yield
    except docker.errors.APIError as error:
        said = str(error.explanation or error).strip()
        if "too old" in said or "too new" in said:
            raise _too_old(kind, said) from error
        raise refused(kind, said) from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise no_answer(kind, address, error) from error


def _connection(address: str, api: str) -> Client:
    import docker

    return docker.APIClient(base_url=address, version=api, timeout=_SECONDS)


def gone(remove: Callable[[], object]) -> None:
    """Remove something that may have gone, or be going, by itself."""
    import docker

    try:
        remove()
    except docker.errors.NotFound:
        return
    except docker.errors.APIError as error:
        # Somebody removes or kills it just now; podman has no number for that.
        if error.status_code != 409 and not any(words in str(error) for words in _GOING):
            raise


def no_answer(kind: Kind, address: str, error: BaseException) -> MachineError:
    """Return the error for an engine that does not answer at ``address``."""
    cause = _cause(error)
    number = cause.errno if cause is not None else None
    said = cause.strerror if cause is not None and cause.strerror else str(error)
    remedy = {
        errno.EACCES: "add yourself to the group that owns the socket (`usermod -aG docker $USER`, then log in anew), "
        "or use podman without root",
        errno.EPERM: "ask whoever owns the socket",
    }.get(number or 0)
    start = "podman system service --time 0" if kind == "podman" else "apt-get install docker.io"
    return MachineError(
        f"no {kind} engine answers at {address} ({said})",
        code="sandbox.no-engine",
        remedy=remedy or f"start one (`{start}`), or set {_variable(kind)} to where it listens",
    )


def refused(kind: Kind, said: str) -> MachineError:
    """Return the error for what an engine does not do, in its own words."""
    remedy = "look into the engine's log; `bakehouse doctor` says what it can do"
    if "no space left" in said:
        remedy = "make room where the engine keeps its data (`docker system df`, `docker system prune`)"
    return MachineError(f"{kind} refuses: {said}", code="sandbox.refused", remedy=remedy)


def _too_old(kind: Kind, said: str) -> MachineError:
    return MachineError(
        f"this {kind} engine is too old ({said})",
        code="sandbox.refused",
        remedy=f"bakehouse speaks version {_text(OLDEST)} of its interface: Docker 19.03, podman 3, or newer",
    )


def _cause(error: BaseException | None) -> OSError | None:
    """Return the system's error behind a library's; they wrap one another, by chain or as an argument."""
    seen: set[int] = set()
    todo = [error]
    while todo:
        found = todo.pop(0)
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, OSError) and found.errno:
            return found
        todo += [found.__cause__, found.__context__, *(arg for arg in found.args if isinstance(arg, BaseException))]
        reason = getattr(found, "reason", None)
        if isinstance(reason, BaseException):
            todo.append(reason)
    return None


def _variable(kind: Kind) -> str:
    return "CONTAINER_HOST" if kind == "podman" else "DOCKER_HOST"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
