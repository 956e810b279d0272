"""What a container is in an engine's words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from builder.sandbox import Limits, Overlay, Streams, Tmpfs
from builder.sandbox.berth import User
from builder.sandbox.engine import Engine
from builder.sandbox.spec import OURS, Spec, remover, temporaries

ENGINE = Engine(
    kind="docker",
    address="unix:///nowhere",
    api="1.41",
    version="20.10",
    id="x",
    rootless=False,
    memory=True,
    processes=True,
    cgroup="1",
    networks=(),
)
SPEC = Spec(
    engine=ENGINE, image="sha256:1", user=User(id=1000, group=1000), labels={"a": "b"}, limits=Limits(), temporary=()
)


def host(spec: Spec) -> dict[str, Any]:
    found = spec.container(["/dev/init", "-c", "x"], [])["HostConfig"]
    assert isinstance(found, dict)
    return found


def test_nothing_is_given_that_is_not_needed() -> None:
    found = host(SPEC)
    assert found["CapDrop"] == ["ALL"]
    assert "CapAdd" not in found
    assert "no-new-privileges" in found["SecurityOpt"]
    assert found["ReadonlyRootfs"] is True
    assert found["NetworkMode"] == "none"
    assert found["LogConfig"] == {"Type": "none"}, "what a script prints must not fill the engine's disk"
    assert {"Name": "core", "Soft": 0, "Hard": 0} in found["Ulimits"]


def test_the_filter_of_system_calls_is_the_table() -> None:
    (text,) = [word for word in host(SPEC)["SecurityOpt"] if word.startswith("seccomp=")]
    names = {name for row in json.loads(text.removeprefix("seccomp="))["syscalls"] for name in row["names"]}
    assert {"keyctl", "mount", "bpf", "ptrace", "userfaultfd"} <= names


def test_limits_are_the_engines_where_it_has_them() -> None:
    spec = replace(SPEC, limits=Limits(memory=1 << 30, processes=50, disk=1 << 20))
    found = host(spec)
    assert found["Memory"] == found["MemorySwap"] == 1 << 30, "swap does not come on top"
    assert found["PidsLimit"] == 50 + OURS
    assert [one["Hard"] for one in found["Ulimits"] if one["Name"] == "fsize"] > [1 << 20]
    weak = host(replace(spec, engine=replace(ENGINE, memory=False, processes=False)))
    assert not {"Memory", "MemorySwap", "PidsLimit"} & set(weak)


def test_a_memory_limit_that_no_engine_takes_is_the_least_that_it_takes() -> None:
    assert host(replace(SPEC, limits=Limits(memory=1)))["Memory"] == 6 << 20


def test_temporary_file_systems_are_the_users_and_bounded() -> None:
    spec = replace(SPEC, limits=Limits(disk=1 << 30), temporary=(Tmpfs(inside=PurePosixPath("/home"), size=4096),))
    found = host(spec)["Tmpfs"]
    assert found["/home"] == "rw,exec,nosuid,nodev,uid=1000,gid=1000,mode=755,size=4096"
    assert "mode=1777" in found["/tmp"]
    assert "size=" in found["/dev/shm"]
    assert found["/sys"].startswith("ro,")


def test_one_that_is_joined_to_a_terminal_stays_for_its_exit_code() -> None:
    streams = Streams(stdin=0, stdout=1, stderr=2, terminal=True)
    document = SPEC.container(["/dev/init"], [], joined=streams)
    config: Any = document["HostConfig"]
    assert document["Tty"] is True
    assert config["AutoRemove"] is False
    plain = SPEC.container(["/dev/init"], [])
    assert plain["Tty"] is False
    assert host(SPEC)["AutoRemove"] is True
    assert plain["StdinOnce"] is True, "the end of our connection is the end of its input"


def test_who_removes_what_is_roots_has_no_other_power() -> None:
    document = remover("image", ["/bin/rm", "-rf", "x"], Path("/scratch"), PurePosixPath("/inside"))
    config: Any = document["HostConfig"]
    assert (config["CapDrop"], config["CapAdd"], config["NetworkMode"]) == (["ALL"], ["DAC_OVERRIDE"], "none")
    assert [mount["Source"] for mount in config["Mounts"]] == ["/scratch"]


def test_only_temporary_file_systems_are_picked() -> None:
    tmpfs = Tmpfs(inside=PurePosixPath("/a"))
    assert temporaries([tmpfs, Overlay(lower=(), upper=Path("/u"), inside=PurePosixPath("/b"))]) == (tmpfs,)
