"""Pythons as their packages describe them."""

from __future__ import annotations

import json

import pytest

from builder.model.environment import Environment, LockedPackage
from builder.model.python import Python, python, python_in
from builder.model.target import target

LINUX = target("linux-64")


def locked(name: str, version: str, **record: str) -> LockedPackage:
    return LockedPackage(
        name=name, version=version, build="0", build_number=0, subdir="linux-64", file_name=f"{name}-{version}-0.conda",
        url="file:///x", channel="x", sha256="0" * 64, size=1, record=json.dumps(record),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("subdir", "version", "expected"),
    [
        ("linux-64", "3.13.5", ("3.13", "bin/python3.13", "lib/python3.13", "lib/python3.13/site-packages")),
        ("osx-arm64", "3.9", ("3.9", "bin/python3.9", "lib/python3.9", "lib/python3.9/site-packages")),
        ("linux-64", "3.15.0a2", ("3.15", "bin/python3.15", "lib/python3.15", "lib/python3.15/site-packages")),
        ("win-64", "3.12.1", ("3.12", "python.exe", "Lib", "Lib/site-packages")),
    ],
)
def test_where_a_python_has_its_things(subdir: str, version: str, expected: tuple[str, ...]) -> None:
    found = python(version, target(subdir))
    assert (found.short, found.program, found.standard_library, found.site_packages) == expected
    assert found.version == version


def test_the_python_of_an_environment_is_the_package_of_that_name() -> None:
    packages = (locked("python_abi", "3.13"), locked("python", "3.13.5"), locked("pip", "26.3"))
    assert python_in(Environment(packages=packages), LINUX) == python("3.13.5", LINUX)
    assert python_in(Environment(packages=packages[:1]), LINUX) is None
    assert python_in(Environment(), LINUX) is None


def test_its_package_may_say_where_packages_go() -> None:
    own = locked("python", "3.14.0", python_site_packages_path="lib/python3.14t/site-packages")
    found = python_in(Environment(packages=(own,)), LINUX)
    assert found is not None
    assert found.site_packages == "lib/python3.14t/site-packages"
    assert found.standard_library == "lib/python3.14"


@pytest.mark.parametrize(
    ("packed", "place"),
    [
        ("site-packages/a/b.py", "lib/python3.13/site-packages/a/b.py"),
        ("python-scripts/a", "bin/a"),
        ("share/site-packages/a", "share/site-packages/a"),
        ("site-packages", "site-packages"),
        ("python-scripts", "python-scripts"),
        ("lib/liba.so", "lib/liba.so"),
    ],
)
def test_where_it_has_a_file_of_a_package_for_every_python(packed: str, place: str) -> None:
    found: Python = python("3.13.5", LINUX)
    assert found.place_of(packed) == place
