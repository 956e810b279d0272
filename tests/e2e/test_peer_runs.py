"""py-rattler-build runs the tests of our packages, and all pass."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest

from builder.archive import read_package
from tests.e2e.command import Built
from tests.e2e.peer import commands

pytestmark = pytest.mark.sandbox

PEER_TESTS = """
import os, sys
from rattler_build import Package
channel, *packages = sys.argv[1:]
for path in packages:
    for result in Package.from_file(path).run_tests(channel=[channel]):
        print(path, result.test_index, result.success, flush=True)
os._exit(0)
"""
CANNOT: Mapping[str, str] = {}
"""Packages whose tests the peer's runner cannot pass, with the reason: none. It runs no `package_contents` tests, which
is a row of the page; tests/e2e/test_tongues.py has it run tests in Perl and of dependent packages."""
PYTHONS = ("packaging", "markupsafe", "memory-allocator", "pygments", "liblzma-devel")
"""Of the packages in recipes/python one of each kind; a solve and an installation of Python takes seconds."""


def carrying(channel: Path) -> dict[str, Path]:
    """One package of each name that carries scripts or imports to run; builds of one name carry the same."""
    return {
        str(package.index()["name"]): path
        for path in sorted(channel.glob("*/*.conda"))
        for package in [read_package(path)]
        if "tests/tests.yaml" in package.info_files()
        and re.search(rb"^(- |  )(script|python):", package.read_info("tests/tests.yaml"), re.MULTILINE)
    }


def test_the_peers_runner_passes_the_tests_of_every_package(
    built: Built, collection: Built, tmp_path: Path, rootfs: Path
) -> None:
    first, second = carrying(built.channel), carrying(collection.channel)
    assert first.keys() >= {"zlib", "libbase64-devel", "gcc_linux-64", "clang_linux-64", "cmake", "tzdata"}
    assert second.keys() >= {*first, *PYTHONS}
    chosen = [str(second[name]) for name in (*first, *PYTHONS) if name not in CANNOT]
    environment = {"PATH": str(commands(rootfs, tmp_path / "bin")), "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    command = [sys.executable, "-c", PEER_TESTS, collection.channel.as_uri()]
    halves = [
        subprocess.Popen([*command, *half], env=environment, text=True, stdout=PIPE, stderr=STDOUT)
        for half in (chosen[::2], chosen[1::2])
    ]
    said = [half.communicate()[0] for half in halves]
    assert [half.returncode for half in halves] == [0, 0], "\n".join(said)[-4000:]
    results = [line.split() for text in said for line in text.splitlines()]
    assert {path for path, *_ in results} == set(chosen)
    assert {passed for *_, passed in results} == {"True"}
