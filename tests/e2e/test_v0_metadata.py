"""What packages of a ``meta.yaml`` say of themselves, against those that conda-build 26.7 made of the same recipe.

``notes/facts.json`` is recorded from conda-build, without times, versions of its own, and paths of the machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.archive import OpenPackage, read_package
from tests.e2e.command import Bakehouse

pytestmark = pytest.mark.sandbox

NOTES = Path(__file__).parent / "notes"
FACTS: dict[str, dict[str, Any]] = json.loads((NOTES / "facts.json").read_text())


def said(package: OpenPackage) -> dict[str, Any]:
    """Return what a package says in conda-build's form, which has keys with nothing in them."""
    index = {key: value for key, value in package.index().items() if key not in {"timestamp", "schema_version"}}
    lists: dict[str, object] = {key: [] for key in ("identifiers", "keywords", "tags")}
    return {
        "index": {"arch": None, "platform": None, **{key: value for key, value in index.items() if value != []}},
        "about": lists | package.about(),
        "paths": {"paths": list(package.paths()), "paths_version": 1},
        "run_exports": package.run_exports(),
        "licenses": sorted(f"info/{name}" for name in package.info_files() if name.startswith("licenses/")),
    }


def test_packages_say_what_those_of_conda_build_say(bakehouse: Bakehouse, tmp_path: Path) -> None:
    built = json.loads(bakehouse.good("build", NOTES, "--out", tmp_path / "channel", "--offline", "--json"))
    assert all(test["passed"] for one in built for test in one["tests"])
    assert sum(len(one["tests"]) for one in built) == len(FACTS)
    for fact in FACTS.values():
        package = read_package(tmp_path / "channel" / f"{fact['file']}.conda")
        ours = json.loads(json.dumps(said(package)))
        theirs = {key: value for key, value in fact.items() if key != "file"}
        theirs["index"] = {key: value for key, value in theirs["index"].items() if value != []}
        assert ours == theirs
