"""What podman is told instead of Docker's words, and that a real one does it: root's, and a user's own."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest

from builder.errors import MachineError
from builder.sandbox.engine import Engine, connect
from builder.sandbox.image import rootfs_image
from builder.sandbox.podman import refuse_old, translated
from builder.sandbox.remains import clean
from builder.sandbox.rootfs import rootfs_lock
from builder.sandbox.spec import LABEL, SESSION
from builder.sandbox.syscalls import docker_profile
from ci.podman import Podman

Document = Callable[..., dict[str, object]]
OVERLAY = {"type": "overlay", "device": "overlay", "o": "lowerdir=/a,upperdir=/b,workdir=/c"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine as this process would be one: something that listens."""
    place = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()
        yield Engine(
            kind="podman", address=f"unix://{place}", api="1.41", version="4.3.1", id="x", rootless=False, memory=True,
            processes=True, cgroup="1", networks=(),
        )  # fmt: skip


@pytest.fixture
def document(tmp_path: Path) -> Callable[..., dict[str, object]]:
    """Makes a container's document with what is said of its host."""

    def make(**host: object) -> dict[str, object]:
        return {"Image": "x", "User": "1000:100", "Labels": {LABEL: str(tmp_path)}, "HostConfig": host}

    return make


def host_of(asked: dict[str, object], engine: Engine) -> dict[str, Any]:
    host = translated(asked, engine)[0]["HostConfig"]
    assert isinstance(host, dict)
    return host


def test_a_profile_of_system_calls_becomes_a_file(engine: Engine, document: Document, tmp_path: Path) -> None:
    profile = json.dumps(docker_profile())
    asked = document(SecurityOpt=["no-new-privileges", f"seccomp={profile}"])
    privileges, seccomp = host_of(asked, engine)["SecurityOpt"]
    assert privileges == "no-new-privileges"
    file = Path(str(seccomp).removeprefix("seccomp="))
    assert file.is_absolute()
    assert file.read_text() == profile
    before = file.stat().st_mtime_ns
    assert host_of(asked, engine) == host_of(asked, engine)
    assert file.stat().st_mtime_ns == before, "written once"
    asked = document(SecurityOpt=["seccomp=unconfined"])
    assert host_of(asked, engine)["SecurityOpt"] == ["seccomp=unconfined"]


def test_an_overlay_becomes_a_volume_with_a_name_and_our_labels(
    engine: Engine, document: Document, tmp_path: Path
) -> None:
    bind = {"Type": "bind", "Source": "/x", "Target": "/y", "ReadOnly": True}
    overlay = {
        "Type": "volume",
        "Target": "/p",
        "VolumeOptions": {"NoCopy": True, "DriverConfig": {"Name": "local", "Options": OVERLAY}},
    }
    made, (one, two) = translated(document(Mounts=[bind, overlay, {**overlay, "Target": "/q"}]), engine)
    host = made["HostConfig"]
    assert isinstance(host, dict)
    assert host["Mounts"] == [
        bind,
        {"Type": "volume", "Source": one.name, "Target": "/p"},
        {"Type": "volume", "Source": two.name, "Target": "/q"},
    ]
    assert one.name != two.name
    assert (one.options, one.labels) == (OVERLAY, {LABEL: str(tmp_path)})


@pytest.mark.parametrize(("rootless", "owner"), [(False, "uid=1000,gid=100"), (True, "uid=0,gid=0")])
def test_a_temporary_file_system_of_somebody_becomes_a_volume_too(
    engine: Engine, document: Document, rootless: bool, owner: str
) -> None:
    asked = document(Tmpfs={"/tmp": "rw,size=1", "/home": "rw,exec,uid=1000,gid=100,mode=755,size=4097"})
    made, (volume,) = translated(asked, replace(engine, rootless=rootless))
    host = made["HostConfig"]
    assert isinstance(host, dict)
    assert host["Tmpfs"] == {"/tmp": "rw,size=1"}
    assert host["Mounts"] == [{"Type": "volume", "Source": volume.name, "Target": "/home"}]
    pages = -(-4097 // resource.getpagesize())
    assert volume.options == {
        "type": "tmpfs", "device": "tmpfs", "o": f"rw,exec,{owner},mode=755,nr_blocks={pages}",
    }  # fmt: skip


def test_folders_that_podman_adds_to_a_read_only_root_hold_nothing(engine: Engine, document: Document) -> None:
    host = host_of(document(ReadonlyRootfs=True, Tmpfs={"/tmp": "rw", "/run": "rw"}), engine)
    assert host["Tmpfs"] == {"/tmp": "rw", "/run": "rw", "/var/tmp": "ro,nosuid,nodev,noexec,size=4k"}
    assert host_of(document(), engine)["Tmpfs"] == {}


def test_limits_of_files_and_processes_are_never_above_ours(engine: Engine, document: Document) -> None:
    core = {"Name": "core", "Soft": 0, "Hard": 0}
    first, *others = host_of(document(Ulimits=[core]), engine)["Ulimits"]
    assert first == core
    assert [one["Name"] for one in others] == ["nofile", "nproc"]
    for one, kind in zip(others, (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC), strict=True):
        soft, hard = resource.getrlimit(kind)
        assert 0 < one["Soft"] <= one["Hard"] <= 1 << 16
        assert hard == resource.RLIM_INFINITY or one["Hard"] <= hard
        assert soft == resource.RLIM_INFINITY or one["Soft"] <= soft


def test_without_root_the_user_is_shown_as_the_builder(engine: Engine, document: Document) -> None:
    assert "UsernsMode" not in host_of(document(), engine)
    host = host_of(document(), replace(engine, rootless=True))
    assert host["UsernsMode"] == "keep-id:uid=1000,gid=100"


@pytest.mark.parametrize("version", ["3.4.4", "4.2.0"])
def test_an_old_podman_without_root_is_refused_with_the_remedy(engine: Engine, version: str) -> None:
    with pytest.raises(MachineError, match="cannot map") as caught:
        refuse_old(replace(engine, rootless=True, version=version))
    assert "4.3 or newer" in str(caught.value.problems[0].remedy)


@pytest.mark.parametrize(("version", "rootless"), [("3.4.4", False), ("4.3.0", True), ("5.0.0-rc1", True)])
def test_others_are_not(engine: Engine, version: str, rootless: bool) -> None:
    refuse_old(replace(engine, rootless=rootless, version=version))


SCRIPT = """
id -u; cat /p/below; echo changed > /p/below; touch /p/new
for folder in /run /var/tmp /; do touch $folder/x 2>/dev/null && echo "wrote to $folder"; done
grep Seccomp: /proc/self/status; ulimit -c
"""


@contextmanager
def layers(owner: str) -> Iterator[Path]:
    """Folders of an overlay that belong to ``owner``, where other users may pass."""
    place = Path("/var/tmp") / f"bakehouse-layers-{os.getpid()}"
    try:
        for name in ("lower", "upper", "work", "scratch"):
            (place / name).mkdir(parents=True)
        (place / "lower" / "below").write_text("below\n")
        subprocess.run(["chown", "-R", owner, place], check=True)
        yield place
    finally:
        subprocess.run(["rm", "-rf", place], check=True)


def ran(engine: Engine, place: Path, image: str) -> str:
    """Run `SCRIPT` as the builder over the layers, and return what it printed."""
    options = {**OVERLAY, "o": f"lowerdir={place}/lower,upperdir={place}/upper,workdir={place}/work,userxattr"}
    asked: dict[str, object] = {
        "Image": image,
        "Cmd": ["/bin/bash", "-c", SCRIPT],
        "User": "1000:1000",
        "HostConfig": {
            "ReadonlyRootfs": True,
            "NetworkMode": "none",
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges", f"seccomp={json.dumps(docker_profile())}"],
            "Mounts": [{"Type": "volume", "Target": "/p", "VolumeOptions": {"DriverConfig": {"Options": options}}}],
            "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        },
    }
    asked["Labels"] = {LABEL: f"{place}/scratch"}
    found, volumes = translated(asked, engine)
    client = docker.APIClient(base_url=engine.address, version="auto")
    try:
        for volume in volumes:
            client.create_volume(volume.name, driver="local", driver_opts=volume.options)
        made = str(client.create_container_from_config(found)["Id"])  # type: ignore[no-untyped-call]
        client.start(made)
        assert client.wait(made)["StatusCode"] == 0
        said = client.logs(made).decode()
        client.remove_container(made, force=True)
        for volume in volumes:
            client.remove_volume(volume.name)
        return said
    finally:
        client.close()


def image_in(address: str, rootfs: Path) -> str:
    image = rootfs_image(rootfs, rootfs_lock().digest)
    client = docker.APIClient(base_url=address, version="auto")
    for _ in client.load_image(image.archive()):  # type: ignore[no-untyped-call]
        pass
    assert client.inspect_image(image.id)["Id"].removeprefix("sha256:") == image.id.removeprefix("sha256:")  # type: ignore[no-untyped-call]
    assert client.inspect_image(image.tag)["Id"].removeprefix("sha256:") == image.id.removeprefix("sha256:")  # type: ignore[no-untyped-call]
    client.close()
    return image.id


def test_roots_podman_does_what_it_is_told(podman_engine: str, engine: Engine, rootfs: Path) -> None:
    with layers("1000:1000") as place:
        said = ran(replace(engine, address=podman_engine), place, image_in(podman_engine, rootfs))
        assert said.split("\n") == ["1000", "below", "Seccomp:\t2", "0", ""]
        assert (place / "upper" / "below").read_text() == "changed\n"
        assert (place / "lower" / "below").read_text() == "below\n"
        assert (place / "upper" / "new").stat().st_uid == 1000


def test_a_users_own_podman_does_too(podman_rootless_engine: Podman, engine: Engine, rootfs: Path) -> None:
    service = podman_rootless_engine
    with layers(f"{service.user}:") as place:
        said = ran(replace(engine, address=service.address, rootless=True), place, image_in(service.address, rootfs))
        assert said.split("\n") == ["1000", "below", "Seccomp:\t2", "0", ""]
        assert (place / "upper" / "below").read_text() == "changed\n"
        assert (place / "upper" / "new").owner() == service.user


def test_what_limits_hold_is_said(podman_engine: str, podman_rootless_engine: Podman) -> None:
    whole = connect("podman", podman_engine)
    assert (whole.kind, whole.rootless, whole.memory, whole.processes) == ("podman", False, True, True)
    own = connect("podman", podman_rootless_engine.address)
    delegated = own.cgroup == "2"
    assert (own.rootless, own.memory, own.processes) == (True, delegated, delegated)


def test_volumes_of_killed_sessions_are_removed_and_others_are_not(podman_engine: str, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    (scratch / "berth-alive").mkdir(parents=True)
    client = docker.APIClient(base_url=podman_engine, version="auto")
    try:
        for name, place, session in (
            ("bakehouse-test-dead", scratch, "berth-dead"),
            ("bakehouse-test-alive", scratch, "berth-alive"),
            ("bakehouse-test-other", tmp_path / "other", "berth-dead"),
        ):
            client.create_volume(name, labels={LABEL: str(place), SESSION: session})
        with held(scratch / "berth-alive"):
            clean(connect("podman", podman_engine), scratch)
        names = {str(one["Name"]) for one in client.volumes()["Volumes"]}
        assert names & {f"bakehouse-test-{end}" for end in ("dead", "alive", "other")} == {
            "bakehouse-test-alive", "bakehouse-test-other",
        }  # fmt: skip
    finally:
        for one in client.volumes()["Volumes"] or ():
            if str(one["Name"]).startswith("bakehouse-test-"):
                client.remove_volume(str(one["Name"]))
        client.close()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Lock a session's folder, as a living process does."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    os.close(descriptor)
