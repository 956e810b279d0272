"""Permissions: what people write, to whom it goes, and what nobody is ever lent."""

from __future__ import annotations

import os
import socket
from pathlib import Path, PurePosixPath

import pytest

from builder.cli.allowing import Forbidden, Grant, allowed, grants, inside_path, lent, read_mount
from builder.cli.sandbox_options import SandboxChoice
from builder.errors import UsageError
from builder.model.permission import Allowed, ExtraMount, Permissions

NETWORK = Permissions(network=True)


@pytest.fixture
def forbidden(tmp_path: Path) -> Forbidden:
    (tmp_path / "store" / "files").mkdir(parents=True)
    (tmp_path / "run").mkdir()
    return Forbidden(store=tmp_path / "store", output=tmp_path / "channel", engines=(tmp_path / "run" / "docker.sock",))


def mount(source: Path, inside: str = "/opt/data", *, writable: bool = False) -> ExtraMount:
    return ExtraMount(source=source, inside=PurePosixPath(inside), writable=writable)


def test_each_option_allows_its_own() -> None:
    choice = SandboxChoice(
        network=("a",), test_network=("b",), mounts=("c=/srv/x:/opt/x",), test_mounts=("d=/srv/y:/opt/y:rw",)
    )
    found = {grant.by: (grant.name, grant.allowed) for grant in grants(choice)}
    assert found == {
        "--allow-network": ("a", Allowed(build=NETWORK)),
        "--allow-test-network": ("b", Allowed(tests=NETWORK)),
        "--mount": ("c", Allowed(build=Permissions(mounts=(mount(Path("/srv/x"), "/opt/x"),)))),
        "--test-mount": ("d", Allowed(tests=Permissions(mounts=(mount(Path("/srv/y"), "/opt/y", writable=True),)))),
    }


@pytest.mark.parametrize("choice", [SandboxChoice(network=("",)), SandboxChoice(test_network=("a", ""))])
def test_nothing_is_allowed_to_everybody(choice: SandboxChoice) -> None:
    """rattler-build's --allow-network is a flag for all recipes."""
    with pytest.raises(UsageError, match="does not say to whom") as caught:
        grants(choice)
    assert "NAME" in (caught.value.problems[0].remedy or "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zlib=/srv/a:/opt/a", ("zlib", mount(Path("/srv/a"), "/opt/a"))),
        ("zlib=/srv/a:/opt/a:ro", ("zlib", mount(Path("/srv/a"), "/opt/a"))),
        ("zlib=/srv/a:/opt/a:rw", ("zlib", mount(Path("/srv/a"), "/opt/a", writable=True))),
        ("zlib=here/a=b:/mnt/deep/in", ("zlib", mount(Path("here/a=b"), "/mnt/deep/in"))),
    ],
)
def test_mounts_that_may_be_written(text: str, expected: tuple[str, ExtraMount]) -> None:
    assert read_mount(text, "--mount") == expected


@pytest.mark.parametrize(
    "text", ["", "zlib", "/srv/a:/opt/a", "=/srv/a:/opt/a", "zlib=/srv/a", "zlib=/a:/opt/a:z", "zlib=/a:/opt/a:rw:rw"]
)
def test_mounts_that_say_too_little_or_too_much(text: str) -> None:
    with pytest.raises(UsageError, match="is not NAME=SOURCE:INSIDE") as caught:
        read_mount(text, "--test-mount")
    assert caught.value.problems[0].message.startswith("--test-mount")


@pytest.mark.parametrize(
    "text", ["opt/a", "", "/", "/opt/../usr", "/opt//a", "/opt/a/", "//opt/a", "./a", "/opt/./a", "/opt/a\n"]
)
def test_a_place_inside_is_a_whole_plain_path(text: str) -> None:
    with pytest.raises(UsageError, match="is no place inside"):
        inside_path(text)


@pytest.mark.parametrize(
    "text",
    [
        "/usr", "/usr/local/cuda", "/etc", "/etc/passwd", "/proc", "/proc/self", "/dev/null", "/bakehouse", "/tmp/x",
        "/bakehouse/work/x", "/lib64", "/run/docker.sock", "/var/run/docker.sock", "/sys/fs", "/bin",
    ],
)  # fmt: skip
def test_what_the_sandbox_needs_is_never_covered(text: str) -> None:
    with pytest.raises(UsageError, match="belongs to the sandbox itself") as caught:
        inside_path(text)
    assert f"/opt/{PurePosixPath(text).name}" in (caught.value.problems[0].remedy or "")


def test_what_may_be_lent_is_named_by_its_real_path(tmp_path: Path, forbidden: Forbidden) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    (tmp_path / "file").write_text("x")
    assert lent(mount(tmp_path / "link", writable=True), forbidden) == mount(tmp_path / "data", writable=True)
    assert lent(mount(tmp_path / "file"), forbidden) == mount(tmp_path / "file")


def test_what_is_not_there(tmp_path: Path, forbidden: Forbidden) -> None:
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "round").symlink_to("round")
    for name in ("gone", "broken", "round"):
        with pytest.raises(UsageError, match="it is not there"):
            lent(mount(tmp_path / name), forbidden)


def test_neither_sockets_nor_devices_nor_the_kernels_files(tmp_path: Path, forbidden: Forbidden) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "agent"))
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "agent", tmp_path / "pipe", Path("/dev"), Path("/dev/null"), Path("/proc/1"), Path("/sys")):
        with pytest.raises(UsageError, match="is no plain file or folder"):
            lent(mount(path), forbidden)
    listening.close()


def test_never_a_container_engine(tmp_path: Path, forbidden: Forbidden) -> None:
    """A read-only mount does not help: one may talk through a socket that one cannot write to."""
    (tmp_path / "other").symlink_to("run")
    for path in (tmp_path / "run", tmp_path / "other", tmp_path, Path("/")):
        with pytest.raises(UsageError, match="has the whole machine"):
            lent(mount(path), forbidden)


def test_never_the_store_or_the_channel(tmp_path: Path) -> None:
    forbidden = Forbidden(store=tmp_path / "place" / "store", output=tmp_path / "channel")
    (tmp_path / "place" / "store" / "files").mkdir(parents=True)
    (tmp_path / "channel" / "noarch").mkdir(parents=True)
    for path in (tmp_path / "place", tmp_path / "place" / "store", tmp_path / "place" / "store" / "files"):
        with pytest.raises(UsageError, match="overlaps the store"):
            lent(mount(path), forbidden)
    with pytest.raises(UsageError, match="overlaps the output channel"):
        lent(mount(tmp_path / "channel" / "noarch"), forbidden)


def grant(name: str, permissions: Permissions, beside: Path | None = None) -> Grant:
    return Grant(name=name, allowed=Allowed(build=permissions), by="--mount", beside=beside)


def test_who_is_not_named_gets_nothing() -> None:
    found = [grant("zlib", NETWORK), grant("libzlib", Permissions(mounts=(mount(Path("/srv/a")),)))]
    assert not allowed(found, ["other"])
    assert allowed(found, ["zlib"]).build == NETWORK
    assert allowed(found, ["zlib", "libzlib"]).build == Permissions(network=True, mounts=(mount(Path("/srv/a")),))
    assert not allowed(found, ["zlib"]).tests


def test_a_file_that_came_with_the_recipe_allows_it_nothing(tmp_path: Path) -> None:
    found = [grant("zlib", NETWORK, beside=tmp_path)]
    assert not allowed(found, ["zlib"], tmp_path)
    assert allowed(found, ["zlib"], tmp_path / "recipes" / "zlib")


@pytest.mark.parametrize("other", ["/opt/data", "/opt/data/deep", "/opt"])
def test_mounts_that_are_in_each_others_way(other: str) -> None:
    found = [
        grant("zlib", Permissions(mounts=(mount(Path("/srv/a")),))),
        grant("libzlib", Permissions(mounts=(mount(Path("/srv/b"), other),))),
    ]
    with pytest.raises(UsageError, match="in each other's way"):
        allowed(found, ["zlib", "libzlib"])
    assert len(allowed(found, ["zlib"]).build.mounts) == 1


def test_the_same_twice_is_the_same() -> None:
    one = Permissions(mounts=(mount(Path("/srv/a")),))
    assert allowed([grant("zlib", one), grant("libzlib", one)], ["zlib", "libzlib"]).build == one
