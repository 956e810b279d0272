"""What options and `bakehouse.yaml` let scripts of named recipes use of the machine, and what nobody is ever lent."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.cli.sandbox_options import SandboxChoice
from builder.errors import UsageError
from builder.model.frozen import frozen
from builder.model.permission import Allowed, ExtraMount, Permissions

_TAKEN = ("bin", "dev", "etc", "lib", "lib32", "lib64", "proc", "run", "sbin", "sys", "tmp", "usr", "var", "bakehouse")
"""Top folders inside that the sandbox's root, the kernel and the build itself have."""

_EXAMPLE = "write --mount NAME=/opt/data:/opt/data, with :rw at its end if scripts may write there"


_KERNEL = (Path("/dev"), Path("/proc"), Path("/sys"))
_NETWORK = Permissions(network=True)


@frozen
class Grant:
    """What is allowed to the recipe or output that is called ``name``; ``by`` is the option or file that says so.

    One of a `bakehouse.yaml` in the folder ``beside`` is not for the recipe in that folder: it came with the recipe.
    """

    name: str
    allowed: Allowed
    by: str
    beside: Path | None = None


@frozen
class Forbidden:
    """Places of the machine that no script ever gets: ``store``, ``output``, the sockets of container ``engines``."""

    store: Path
    output: Path
    engines: tuple[Path, ...] = ()


def grants(choice: SandboxChoice) -> tuple[Grant, ...]:
    """Return what the options allow; raises `UsageError` for what cannot be read."""
    return tuple(_grants(choice))


def _grants(choice: SandboxChoice) -> Iterator[Grant]:
    for name in choice.network:
        yield Grant(name=_name(name, "--allow-network"), allowed=Allowed(build=_NETWORK), by="--allow-network")
    for name in choice.test_network:
        option = "--allow-test-network"
        yield Grant(name=_name(name, option), allowed=Allowed(tests=_NETWORK), by=option)
    for text in choice.mounts:
        name, mount = read_mount(text, "--mount")
        yield Grant(name=name, allowed=Allowed(build=Permissions(mounts=(mount,))), by="--mount")
    for text in choice.test_mounts:
        name, mount = read_mount(text, "--test-mount")
        yield Grant(name=name, allowed=Allowed(tests=Permissions(mounts=(mount,))), by="--test-mount")


def _name(text: str, option: str) -> str:
    if not text:
        raise UsageError(
            f"{option} does not say to whom: each recipe is allowed by its name",
            code="cli.allow",
            remedy=f"write {option} NAME, or better name what the script fetches as a source with its sha256",
        )
    return text


def read_mount(text: str, option: str) -> tuple[str, ExtraMount]:
    """Return name and mount of ``NAME=SOURCE:INSIDE[:rw]``; a relative source is below the current folder."""
    name, equals, places = text.partition("=")
    parts = places.split(":")
    writable = len(parts) == 3 and parts[2] == "rw"
    if not (name and equals) or len(parts) not in {2, 3} or (len(parts) == 3 and parts[2] not in {"rw", "ro"}):
        raise UsageError(f"{option} {text!r} is not NAME=SOURCE:INSIDE[:rw]", code="cli.mount", remedy=_EXAMPLE)
    return name, ExtraMount(source=Path(parts[0]), inside=inside_path(parts[1]), writable=writable)


def inside_path(text: str) -> PurePosixPath:
    """Return a path inside where something extra may be seen; raises `UsageError` for others."""
    path = PurePosixPath(text)
    plain = str(path) == text and text.isprintable() and ".." not in path.parts
    if not plain or path.root != "/" or len(path.parts) < 2:
        raise UsageError(
            f"{text!r} is no place inside: that is a whole path without `..`", code="cli.mount", remedy=_EXAMPLE
        )
    if path.parts[1] in _TAKEN:
        raise UsageError(
            f"{text} is taken: /{path.parts[1]} belongs to the sandbox itself",
            code="cli.mount",
            remedy=f"choose another place, /opt/{path.name} for example",
        )
    return path


def lent(mount: ExtraMount, forbidden: Forbidden) -> ExtraMount:
    """Return ``mount`` with its real source; raises `UsageError` for one that is not there or is nobody's to lend."""
    try:
        source = mount.source.resolve(strict=True)
        kind = source.stat().st_mode
    except (OSError, RuntimeError) as error:
        raise _refused(mount, "is not there", "name a file or folder of this machine") from error
    if any(source.is_relative_to(place) for place in _KERNEL) or not (stat.S_ISDIR(kind) or stat.S_ISREG(kind)):
        raise _refused(mount, "is no plain file or folder", "sockets and devices are never lent to scripts")
    for place in forbidden.engines:
        if _overlap(source, place.resolve()):
            why = f"holds {place}, and who reaches a container engine has the whole machine"
            raise _refused(mount, why, "name a folder without it")
    for place, what in ((forbidden.store, "the store"), (forbidden.output, "the output channel")):
        if _overlap(source, place.resolve()):
            raise _refused(mount, f"overlaps {what} {place}", "no script may see or change what others are built from")
    return replace(mount, source=source)


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _refused(mount: ExtraMount, why: str, remedy: str) -> UsageError:
    return UsageError(f"{mount.source} cannot be mounted at {mount.inside}: it {why}", code="cli.mount", remedy=remedy)


def allowed(found: Iterable[Grant], names: Iterable[str], folder: Path | None = None) -> Allowed:
    """Return all that is allowed to ``names`` in the recipe's ``folder``.

    Raises `UsageError` when two mounts are in each other's way.
    """
    wanted, together = set(names), Allowed()
    for grant in found:
        if grant.name in wanted and (grant.beside is None or grant.beside != folder):
            for before, more in ((together.build, grant.allowed.build), (together.tests, grant.allowed.tests)):
                _refuse_crossing(before, more, grant.name)
            together |= grant.allowed
    return together


def _refuse_crossing(before: Permissions, more: Permissions, name: str) -> None:
    for mount in more.mounts:
        for other in before.mounts:
            if other != mount and (
                mount.inside.is_relative_to(other.inside) or other.inside.is_relative_to(mount.inside)
            ):
                raise UsageError(
                    f"{other.source} and {mount.source} cannot both be mounted for {name}: {mount.inside} and "
                    f"{other.inside} are in each other's way",
                    code="cli.mount",
                    remedy="leave one of them out, or mount it elsewhere",
                )
