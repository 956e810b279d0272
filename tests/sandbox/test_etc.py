"""The files below /etc that a container does not have from its image."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from builder.sandbox.berth import User
from builder.sandbox.etc import own_files

ETC = PurePosixPath("/etc")


def files(rootfs: Path, made: Path, user: User, *, network: bool = False) -> dict[str, str]:
    made.mkdir()
    found = own_files(rootfs, made, user, network=network)
    return {str(inside.relative_to(ETC)): place.read_text(encoding="utf-8") for inside, place in found.items()}


def test_what_engines_write_is_ours(rootfs: Path, tmp_path: Path) -> None:
    found = files(rootfs, tmp_path / "made", User(id=1000, group=1000))
    hosts = (rootfs / "etc/hosts").read_text(encoding="utf-8")
    assert found == {"hostname": "bakehouse\n", "resolv.conf": "", "hosts": hosts}


@pytest.mark.parametrize(("user", "group"), [(1500, 1500), (1001, 100), (65534, 65534), (0, 0)])
def test_the_user_is_the_builder_whatever_his_number(rootfs: Path, tmp_path: Path, user: int, group: int) -> None:
    found = files(rootfs, tmp_path / "made", User(id=user, group=group))
    users = [line.split(":") for line in found["passwd"].splitlines()]
    (builder,) = [line for line in users if line[0] == "builder"]
    assert builder[2:4] == [str(user), str(group)]
    assert builder[5:] == ["/bakehouse/home", "/bin/bash"] or builder[5].startswith("/bakehouse")
    assert [line[0] for line in users if line[2] == str(user)] == ["builder"], "a number has one name"
    assert str(group) in {line.split(":")[2] for line in found["group"].splitlines()}


def test_with_network_the_machines_resolver_is_there(rootfs: Path, tmp_path: Path) -> None:
    found = files(rootfs, tmp_path / "made", User(id=1000, group=1000), network=True)
    assert "dns" in found["nsswitch.conf"]
    machine = Path("/etc/resolv.conf")
    assert found["resolv.conf"] == (machine.read_text(encoding="utf-8") if machine.exists() else "")
