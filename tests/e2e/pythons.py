"""recipes/python, built once for all tests that ask for it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from builder.store import Store
from tests.e2e.command import CHECKOUT, Bakehouse, Built
from tests.e2e.once import once

RECIPES = CHECKOUT / "recipes" / "python"
OPTIONS = ("-m", "variants/python.yaml", "--with-deps", "--offline")
AGAIN = ("pkg-config", "pygments", "markupsafe", "memory-allocator", "psutil")
"""What is cheap to build once more and no package needs to run: a program in C, and a package of each Python kind."""


def linked(channel: Path, copy: Path) -> Path:
    """Copy a channel by hard links: bakehouse replaces the files of its channel, and never writes into them."""
    shutil.copytree(channel, copy, copy_function=os.link)
    return copy


def predicted() -> set[str]:
    """``subdir/file name`` of every package of recipes/python."""
    command = Bakehouse(store=Path("/nonexistent"))
    found = json.loads(command.good("render", RECIPES, "-m", "variants/python.yaml", "--json"))
    return {
        f"{one['subdir']}/{one['name']}-{one['version']}-{one['build']}.conda"
        for one in found
        if one["kind"] == "package"
    }


def package_name(path: str) -> str:
    """The package's name in ``subdir/name-version-build.conda``."""
    return Path(path).name.rsplit("-", 2)[0]


@pytest.fixture(scope="session")
def collection(built: Built, tmp_path_factory: pytest.TempPathFactory, machine_store: Store) -> Built:
    """recipes/python, two at once, on top of recipes/base; built once."""

    def build(channel: Path) -> str:
        linked(built.channel, channel)
        store = Path(tempfile.mkdtemp(prefix="python-", dir=machine_store.root.parent))
        try:
            linked(machine_store.root / "files", store / "files")
            return Bakehouse(store=store).good("build", RECIPES, *OPTIONS, "--out", channel, "-j", "2", "--json")
        finally:
            shutil.rmtree(store)

    return once(tmp_path_factory, "python", build)
