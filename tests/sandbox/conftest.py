"""Fixtures for the sandbox's tests: each way to run commands behind one bench, so that a test says only what it runs."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from builder.model.inside import SEALED, InsidePaths, inside_paths
from builder.sandbox import Command, Engines, Exit, Limits, Mount, Overlay, Sandbox, find_sandbox
from builder.sandbox.berth import User
from builder.sandbox.bubblewrap import Bubblewrap
from builder.sandbox.docker import Docker

BASE = {"PATH": "/usr/bin", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Ran:
    """How a script ended and what it printed."""

    exit: Exit
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@dataclass(frozen=True)
class Bench:
    """A sandbox, its root, a folder of the test's own, and the paths inside."""

    sandbox: Sandbox
    rootfs: Path
    folder: Path
    inside: InsidePaths

    def overlay(self, *lower: Path, name: str = "work", inside: PurePosixPath | None = None) -> Overlay:
        return Overlay(lower=lower, upper=self.folder / f"upper-{name}", inside=inside or self.inside.work)

    def run(
        self,
        script: str,
        *mounts: Mount,
        limits: Limits | None = None,
        env: Mapping[str, str] | None = None,
        cwd: PurePosixPath | None = None,
    ) -> Ran:
        """Run one script of bash in a session of its own."""
        return self.run_all([script], *mounts, limits=limits, env=env, cwd=cwd)[0]

    def run_all(
        self,
        scripts: Sequence[str],
        *mounts: Mount,
        limits: Limits | None = None,
        env: Mapping[str, str] | None = None,
        cwd: PurePosixPath | None = None,
    ) -> list[Ran]:
        """Run several scripts in one session."""
        return asyncio.run(self._run_all(scripts, mounts, limits or Limits(), env or {}, cwd or PurePosixPath("/")))

    async def _run_all(
        self,
        scripts: Sequence[str],
        mounts: Sequence[Mount],
        limits: Limits,
        env: Mapping[str, str],
        cwd: PurePosixPath,
    ) -> list[Ran]:
        ran = []
        async with self.sandbox.open(self.rootfs, mounts, limits, {**BASE, **env}) as session:
            for script in scripts:
                said = bytearray()
                ended = await session.run(Command(argv=("bash", "-c", script), cwd=cwd), said.extend)
                ran.append(Ran(ended, said.decode("utf-8", "replace")))
        return ran


def bench_for(kind: str, rootfs: Path, folder: Path, engine: str = "") -> Bench:
    """Make a bench of one kind: ``overlay`` and ``copy`` are bubblewrap's two modes; Docker's listens at ``engine``."""
    if kind.startswith("docker"):
        docker = replace(probed_docker(engine), scratch=folder / "scratch")
        return Bench(docker if kind == "docker" else replace(docker, **_COPYING), rootfs, folder, SEALED)
    if kind == "none":
        inside = inside_paths(PurePosixPath(folder / "inside"))
        return Bench(find_sandbox("none", folder / "scratch"), rootfs, folder, inside)
    sandbox = replace(probed(), scratch=folder / "scratch", overlay=kind == "overlay")
    return Bench(sandbox, rootfs, folder, SEALED)


@cache
def probed() -> Bubblewrap:
    """Return the machine's sandbox, tried once for all tests, which need overlays."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = find_sandbox("bubblewrap", Path(folder))
    assert isinstance(sandbox, Bubblewrap)
    assert sandbox.overlay, sandbox.notes
    return sandbox


_COPYING: dict[str, Any] = {"overlay": False, "user": User(id=1000, group=1000)}


@cache
def probed_docker(engine: str) -> Docker:
    """Return the sandbox of a Docker engine, tried once for all tests, which need overlays."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = find_sandbox("docker", Path(folder), engines=Engines(docker=engine))
    assert isinstance(sandbox, Docker)
    assert sandbox.overlay, sandbox.notes
    return sandbox


@pytest.fixture
def bench(rootfs: Path, tmp_path: Path) -> Bench:
    """The default: bubblewrap with overlays."""
    return bench_for("overlay", rootfs, tmp_path)


@pytest.fixture(params=["overlay", "copy"])
def sealed(request: pytest.FixtureRequest, rootfs: Path, tmp_path: Path) -> Bench:
    """Both modes of bubblewrap."""
    return bench_for(request.param, rootfs, tmp_path)


@pytest.fixture(params=["docker", "docker copy"])
def docker(request: pytest.FixtureRequest, rootfs: Path, tmp_path: Path, docker_engine: str) -> Bench:
    """Both modes of Docker."""
    return bench_for(request.param, rootfs, tmp_path, docker_engine)


@pytest.fixture(params=["overlay", "copy", "none", "docker"])
def every(request: pytest.FixtureRequest, rootfs: Path, tmp_path: Path) -> Bench:
    """Every way to run commands."""
    engine = request.getfixturevalue("docker_engine") if request.param == "docker" else ""
    return bench_for(request.param, rootfs, tmp_path, engine)
