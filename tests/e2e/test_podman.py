"""The same packages, bit for bit, from bubblewrap, from root's podman and from a user's own, which has no power at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import docker
import pytest

from builder.store import Store
from ci.podman import Podman
from tests.e2e.command import CHECKOUT, Bakehouse, Built

RECIPES = [CHECKOUT / "recipes" / "base" / name for name in ("tzdata", "zlib")]
"""One of data, one in C that gives two packages."""
GCC = ("--variant", "c_compiler=gcc", "--variant", "c_compiler_version=12")


@pytest.fixture(scope="module")
def expected(built: Built, kept: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What bubblewrap makes of the recipes."""
    out = tmp_path_factory.mktemp("bubblewrap")
    return digests(Bakehouse(store=kept).good(*build(built.channel, out), "--isolation", "bubblewrap"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, machine_store: Store) -> Path:
    """A store with what the recipes need and nothing made of it."""
    return filled(tmp_path_factory.mktemp("kept") / "store", machine_store)


def filled(root: Path, machine_store: Store) -> Path:
    fetched = Bakehouse(store=machine_store.root).document("fetch", *RECIPES, "--offline")
    assert isinstance(fetched, list)
    store = Store(root)
    for one in fetched:
        store.add_file([Path(one["path"]).read_bytes()], sha256=one["sha256"])
    store.close()
    return root


def build(channel: Path, out: Path) -> list[str | Path]:
    return ["build", *RECIPES, *GCC, "-c", channel, "--out", out, "--offline", "--json"]


def digests(printed: str) -> dict[str, str]:
    found = {Path(one["path"]).name: one["sha256"] for one in json.loads(printed)}
    assert len(found) == 3
    return found


def left(address: str) -> list[object]:
    """Return the containers and volumes that an engine has."""
    client = docker.APIClient(base_url=address, version="auto")
    try:
        return [*client.containers(all=True), *(client.volumes()["Volumes"] or ())]
    finally:
        client.close()


def test_roots_podman_makes_the_same_packages(
    podman_engine: str, expected: dict[str, str], built: Built, kept: Path, tmp_path: Path
) -> None:
    asked = ("--isolation", "podman", "--engine", podman_engine)
    assert digests(Bakehouse(store=kept).good(*build(built.channel, tmp_path / "out"), *asked)) == expected
    (statement, *_) = (tmp_path / "out").glob("*/*.intoto.json")
    assert "podman" in statement.read_text()
    assert left(podman_engine) == []


def test_a_users_own_podman_makes_the_same_packages(
    podman_rootless_engine: Podman, expected: dict[str, str], built: Built, machine_store: Store
) -> None:
    service = podman_rootless_engine
    channel, out = service.home / "built", service.home / "out"
    shutil.copytree(built.channel, channel)
    store = filled(service.home / "store", machine_store)
    subprocess.run(["chown", "-R", f"{service.user}:", service.home], check=True)
    asked = ["--isolation", "podman", "--engine", service.address]
    words = [sys.executable, "-m", "builder", *map(str, build(channel, out)), *asked]
    variables = {"PATH": os.environ["PATH"], "HOME": str(service.home), "BAKEHOUSE_STORE": str(store)}
    done = subprocess.run(
        service.as_user(*words), capture_output=True, text=True, check=False, cwd=CHECKOUT,
        env={**variables, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert digests(done.stdout) == expected
    assert "podman does not limit memory and processes here" in done.stderr or os.path.exists(  # noqa: PTH110
        "/sys/fs/cgroup/cgroup.controllers"
    )
    assert left(service.address) == []


@pytest.mark.parametrize("kind", ["root", "user"])
def test_a_service_ends_with_whoever_asked_for_it_and_leaves_nothing(kind: str) -> None:
    with subprocess.Popen(["sleep", "600"]) as owner:
        command = [sys.executable, "-m", "ci.podman", "start", kind, str(owner.pid)]
        started = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
        service = Podman(**json.loads(started.stdout))
        assert left(service.address) == []
        owner.kill()
    late = time.monotonic() + 60
    while traces(service) and time.monotonic() < late:
        time.sleep(0.1)
    assert traces(service) == []


def traces(service: Podman) -> list[str]:
    """Return all that there is of a service: its folders, processes that were told of it, mounts."""
    word = Path(service.folder).name.encode()
    processes = [path for path in Path("/proc").glob("[0-9]*/cmdline") if word in read(path)]
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if word.decode() in line]
    folders = [folder for folder in (service.folder, service.data) if Path(folder).exists()]
    return [*folders, *map(str, processes), *mounts]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has ended
