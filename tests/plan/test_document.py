"""The JSON of a task."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.model.permission import Allowed, ExtraMount, Permissions
from builder.plan.document import task_document
from tests.plan.fakes import Package
from tests.plan.test_planner import plan


def test_the_promised_keys(tmp_path: Path) -> None:
    lib, app = (
        task_document(one)
        for one in plan(tmp_path, Package(name="lib"), Package(name="app", on_host=("lib",), run=("lib",))).tasks
    )
    assert json.loads(json.dumps(app)) == app
    assert app["id"] == "linux-64/app-1-h0_0"
    assert app["kind"] == "package"
    assert (app["name"], app["version"], app["build"], app["subdir"]) == ("app", "1", "h0_0", "linux-64")
    assert app["recipe"] == str(tmp_path / "app" / "recipe.yaml")
    assert len(str(app["recipe_key"])) == 64
    assert app["deps"] == app["tests_need"] == [lib["id"]]
    assert app["state"] == "build"
    assert app["reason"] == "it is not in the channel yet"
    assert app["reasons"] == ["it is not in the channel yet"]
    assert app["package"] is None
    assert app["allowed"] == {"network": False, "mounts": []}


def test_what_is_allowed_is_told_with_where_it_lies(tmp_path: Path) -> None:
    (task,) = plan(tmp_path, Package(name="app")).tasks
    mount = ExtraMount(source=Path("/srv/x"), inside=PurePosixPath("/opt/x"), digest="d" * 64)
    lent = Allowed(build=Permissions(network=True), tests=Permissions(mounts=(mount,)))
    found = task_document(replace(task, allowed=lent))
    shown = {"source": "/srv/x", "inside": "/opt/x", "writable": False, "sha256": "d" * 64}
    assert found["allowed"] == {"network": True, "mounts": [], "tests": {"network": False, "mounts": [shown]}}
    assert json.loads(json.dumps(found)) == found
