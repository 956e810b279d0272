"""Gives a container the files below ``/etc`` that the image cannot hold: those that engines write, and its user's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from builder.sandbox.berth import User
from builder.sandbox.layout import HOST_NAME, USER_ID
from builder.sandbox.network import network_etc

_ETC = PurePosixPath("/etc")
_NETWORK = ("resolv.conf", "hosts", "nsswitch.conf", "ssl/certs/ca-certificates.crt")


def own_files(rootfs: Path, made: Path, user: User, *, network: bool) -> dict[PurePosixPath, Path]:
    """Write into the empty folder ``made`` what is needed; return which files of the machine lie where inside.

    Engines write ``hosts``, ``hostname`` and ``resolv.conf`` of their own into every container; they are ours here,
    and the same everywhere: without network, nobody is to be asked for names. The user is called ``builder`` whatever
    his number is.
    """
    etc = rootfs / "etc"
    files = {"hostname": f"{HOST_NAME}\n", "resolv.conf": "", "hosts": (etc / "hosts").read_text(encoding="utf-8")}
    if str(user.id) != USER_ID:
        files["passwd"] = "".join(_renumbered(etc / "passwd", user))
        files["group"] = "".join(_renumbered(etc / "group", user))
    for name, text in files.items():
        (made / name).write_text(text, encoding="utf-8")
    found = {name: made / name for name in files}
    if network:
        asked = network_etc(etc, made / "network")
        found |= {name: asked / name for name in _NETWORK if (asked / name).is_file()}
    return {_ETC / name: place for name, place in found.items()}


def _renumbered(file: Path, user: User) -> Iterator[str]:
    """Yield the lines of a list of users or groups with ``builder``'s numbers changed to those of ``user``."""
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        name, password, number, rest = line.split(":", 3)
        if number in {str(user.id), "0"} and name != "builder" and user.id == int(number):
            continue
        if name == "builder":
            is_user = rest.count(":") > 0
            rest = f"{user.group}:{rest.split(':', 1)[1]}" if is_user else rest
            line = f"{name}:{password}:{user.id if is_user else user.group}:{rest}"  # noqa: PLW2901
        yield line
