"""Packages with tests in them, made on the spot, and a bench whose environments are folders of the test's own."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import pytest

from builder.archive import ArchiveMember, write_conda
from builder.errors import UnsolvableError
from builder.model.environment import Environment, LinkedPrefix, LockedPackage
from builder.model.inside import SEALED
from builder.model.package import TestResult
from builder.model.permission import Permissions
from builder.sandbox import Limits, find_sandbox
from builder.testing import TestBench, test_package


def make_package(
    folder: Path,
    tests: str | None = None,
    *,
    payload: Mapping[str, str] | None = None,
    info: Mapping[str, str] | None = None,
    executable: Sequence[str] = (),
    **index: object,
) -> Path:
    """Write ``zlib-1.3-h1_0.conda`` with these files and the text of its ``tests.yaml``; ``index`` changes the record."""
    record = {
        "name": "zlib", "version": "1.3", "build": "h1_0", "build_number": 0, "subdir": "linux-64", "depends": [], **index,
    }  # fmt: skip
    payload = payload or {}
    paths = [
        {
            "_path": path,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "size_in_bytes": len(text.encode()),
        }
        for path, text in sorted(payload.items())
    ]
    texts = {
        "index.json": json.dumps(record),
        "paths.json": json.dumps({"paths": paths, "paths_version": 1}),
        "about.json": "{}",
        **({} if tests is None else {"tests/tests.yaml": tests}),
        **(info or {}),
    }
    stem = f"{record['name']}-{record['version']}-{record['build']}"
    written = folder / f"{stem}.conda"
    write_conda(
        written,
        stem=stem,
        payload=[
            ArchiveMember(path=path, content=text.encode(), executable=path in executable)
            for path, text in sorted(payload.items())
        ],
        info=[
            ArchiveMember(path=f"info/{path}", content=text.encode(), executable=path in executable)
            for path, text in sorted(texts.items())
        ],
        epoch=0,
    )
    return written


@dataclass
class Tried:
    """Runs packages' tests; ``prefix`` is what an environment holds, ``asked`` the specs of every solve.

    ``archives`` are packages that the channels have, by name; every environment holds all of them.
    """

    bench: TestBench
    folder: Path
    prefix: dict[str, str] = field(default_factory=dict)
    pythons: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()
    archives: dict[str, Path] = field(default_factory=dict)
    asked: list[tuple[tuple[str, ...], PurePosixPath]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    async def link(self, specs: Sequence[str], inside: PurePosixPath) -> LinkedPrefix:
        self.asked.append((tuple(specs), inside))
        if self.refused & set(specs):
            raise UnsolvableError(f"nothing provides {min(self.refused)}")
        folder = self.folder / f"linked-{len(self.asked)}"
        for path, text in self.prefix.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text.replace("@prefix@", str(inside)))
            place.chmod(0o755 if path.startswith("bin/") else 0o644)
        folder.mkdir(exist_ok=True)
        held = [("python", version) for version in self.pythons] + [(name, "2.0") for name in self.archives]
        packages = tuple(
            LockedPackage(
                name=name, version=version, build="0", build_number=0, subdir="linux-64", file_name="", url="",
                channel="", sha256="", size=0,
            )
            for name, version in held
        )  # fmt: skip
        return LinkedPrefix(environment=Environment(packages=packages), folder=folder, inside=inside)

    async def fetch(self, wanted: LockedPackage) -> Path:
        return self.archives[wanted.name]

    def run(self, package: Path, *only: int) -> tuple[TestResult, ...]:
        bench = replace(self.bench, link=self.link, fetch=self.fetch, on_line=self.lines.append)
        return asyncio.run(test_package(package, bench, only=only))

    def run_script(self, *lines: str, more: str = "", **given: object) -> TestResult:
        """Run a package with one script test of these lines."""
        content = "".join(f"\n      - {json.dumps(line)}" for line in lines) or " []"
        tests = f"- script:\n    content:{content}\n{more}"
        (result,) = self.run(make_package(self.folder, tests, **given))  # type: ignore[arg-type]
        return result


@pytest.fixture
def tried(rootfs: Path, tmp_path: Path) -> Tried:
    (tmp_path / "tests").mkdir()

    async def nothing(specs: Sequence[str], inside: PurePosixPath) -> LinkedPrefix:
        raise AssertionError

    async def no_package(wanted: LockedPackage) -> Path:
        raise AssertionError

    bench = TestBench(
        platform="linux-64",
        sandbox=find_sandbox(None, tmp_path / "scratch"),
        rootfs=rootfs,
        inside=SEALED,
        limits=Limits(wall_seconds=60),
        permissions=Permissions(),
        link=nothing,
        fetch=no_package,
        scratch=tmp_path / "tests",
        logs=tmp_path / "logs",
        epoch=1_700_000_000,
        cores=1,
        at_once=1,
        secrets={},
        on_line=lambda _: None,
    )
    return Tried(bench, tmp_path)
