"""What an engine can do is tried once; what it cannot is told, and never a weaker sandbox given."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.sandbox import Engines, find_sandbox
from builder.sandbox.docker import Docker
from builder.sandbox.engine import connect
from builder.sandbox.probing import find_engine


def program(name: str) -> Path:
    return Path(shutil.which(name) or f"/usr/bin/{name}")


def images(engine: str) -> list[str]:
    words = ["docker", "--host", engine, "images", "--quiet", "bakehouse-probe"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


def test_it_is_tried_once_and_leaves_nothing(tmp_path: Path, docker_engine: str) -> None:
    first = find_sandbox("docker", tmp_path / "scratch", engines=Engines(docker=docker_engine))
    assert isinstance(first, Docker)
    assert first.overlay
    assert {path.name for path in (tmp_path / "scratch").iterdir()} == {"docker"}
    works = tmp_path / "scratch" / "docker" / "works"
    before = works.stat().st_mtime_ns
    second = find_sandbox("docker", tmp_path / "scratch", engines=Engines(docker=docker_engine))
    assert second == first
    assert works.stat().st_mtime_ns == before
    assert images(docker_engine) == []


def test_without_overlays_it_copies_and_says_so(tmp_path: Path, docker_engine: str) -> None:
    """Who cannot show files as another user's, here for lack of a program, copies them."""
    path = {"cp": program("cp"), "unshare": program("false")}
    sandbox = find_engine("docker", Engines(docker=docker_engine), tmp_path / "scratch", path.__getitem__)
    capabilities = sandbox.capabilities()
    if sandbox.user.id == 1000:
        assert not capabilities.overlay
        assert not sandbox.user.mapped
        assert "copied" in capabilities.notes[-1]
        assert str(tmp_path / "scratch") in capabilities.notes[-1]
    assert not list((tmp_path / "scratch").glob("*/works"))


@pytest.mark.parametrize("address", ["tcp://192.0.2.1:2375", "ssh://somebody@example.org", "npipe:////./pipe/docker"])
def test_another_machines_engine_does_not_see_our_files(tmp_path: Path, address: str) -> None:
    with pytest.raises(MachineError, match="another machine's") as caught:
        find_sandbox("docker", tmp_path, engines=Engines(docker=address))
    assert "DOCKER_HOST" in (caught.value.problems[0].remedy or "")


def test_limits_that_an_engine_does_not_keep_are_watched(tmp_path: Path, docker_engine: str) -> None:
    found = find_sandbox("docker", tmp_path, engines=Engines(docker=docker_engine))
    assert isinstance(found, Docker)
    weak = replace(found, engine=replace(connect("docker", docker_engine), memory=False))
    assert weak.capabilities().limits == "watcher"
    assert found.capabilities().limits in {"cgroup1", "cgroup2"}
