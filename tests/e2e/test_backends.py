"""The same recipes in bubblewrap and in Docker: the same bytes, and statements that differ in what isolated only."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.store import Store
from tests.e2e.command import CHECKOUT, Bakehouse, Built, packages
from tests.e2e.pythons import OPTIONS, linked, package_name

pytestmark = pytest.mark.sandbox

RECIPES = {
    "base/snappy": {"snappy"},  # C++ by cmake
    "base/libbase64": {"libbase64", "libbase64-devel", "base64"},  # C, in a staging output
    "python/pygments": {"pygments"},  # for every Python
    "python/markupsafe": {"markupsafe"},  # an extension module, with bytecode
    "v0/toast": {"toast", "libtoast", "libtoast-devel", "toast-manual"},  # a meta.yaml whose outputs share their work
}
"""One of each kind that is quick to build."""

VARIANT = ("--variant", "c_compiler=gcc", "--variant", "c_stdlib_version=2.36")
FACTS = {"metadata", "byproducts", "bakehouse_sandbox", "bakehouse_limits"}
"""What of a statement is a fact of the run and of its back end."""


@pytest.fixture(scope="module")
def oven(machine_store: Store) -> Iterator[Bakehouse]:
    store = Path(tempfile.mkdtemp(prefix="backends-", dir=machine_store.root.parent))
    linked(machine_store.root / "files", store / "files")
    yield Bakehouse(store=store)
    shutil.rmtree(store)


def baked(oven: Bakehouse, dependencies: Path, out: Path, *options: str) -> Path:
    """Build the recipes into a channel of their own, and of nothing but what is in another one."""
    recipes = [CHECKOUT / "recipes" / name for name in RECIPES]
    how = [option for option in (*OPTIONS, *VARIANT, *options) if option != "--with-deps"]
    oven.good("build", *recipes, *how, "-c", dependencies, "--out", out, "-j", "2", "-q")
    return out


@pytest.fixture(scope="module")
def both(
    collection: Built, oven: Bakehouse, docker_engine: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """The channels that bubblewrap and Docker made."""
    room = tmp_path_factory.mktemp("backends")
    one = baked(oven, collection.channel, room / "bubblewrap", "--isolation", "bubblewrap")
    shutil.rmtree(oven.store / "folders" / "staging")  # or Docker would take over what bubblewrap has left
    two = baked(oven, collection.channel, room / "docker", "--isolation", "docker", "--engine", docker_engine)
    return one, two


def test_the_same_bytes(both: tuple[Path, Path]) -> None:
    one, two = map(packages, both)
    assert one == two
    assert {package_name(name) for name in one} == {name for made in RECIPES.values() for name in made}


def test_what_is_inside_does_not_say_which(both: tuple[Path, Path]) -> None:
    for channel in both:
        for name in packages(channel):
            package = read_package(channel / name)
            for file in package.info_files():
                text = package.read_info(file).lower()
                for word in (b"docker", b"podman", b"bubblewrap", b"bwrap", b"cgroup", b"runc"):
                    assert word not in text, (name, file)


def test_statements_differ_in_what_isolated_and_when(both: tuple[Path, Path]) -> None:
    for name in packages(both[0]):
        one, two = (json.loads((channel / f"{name}.intoto.json").read_text()) for channel in both)
        details = [document["predicate"].pop("runDetails") for document in (one, two)]
        assert one == two
        assert details[0].keys() == details[1].keys()
        assert {key for key in details[0] if details[0][key] != details[1][key]} <= FACTS
        assert [found["bakehouse_sandbox"]["name"] for found in details] == ["bubblewrap", "docker"]
        assert all(found["bakehouse_sandbox"]["version"] for found in details)
        assert all(found["bakehouse_sandbox"]["syscalls"] for found in details)
        assert all(found["bakehouse_limits"]["kept_by"] for found in details)
