"""A channel on a disk that fills while a package is published: told, nothing half there, and well again with room."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import CHECKOUT, Bakehouse
from tests.e2e.treats import STEM, TREAT

STEPS = """
import hashlib, json, pathlib, subprocess, sys
disk, recipe, size = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
channel, found = disk / "channel", []
def build():
    done = subprocess.run(
        [sys.executable, "-m", "builder", "build", recipe, "--out", channel], capture_output=True, text=True
    )
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in channel.glob("*/*.conda")}
    told = {}
    for index in channel.glob("*/repodata.json"):
        told |= {name: record["sha256"] for name, record in json.loads(index.read_bytes())["packages.conda"].items()}
    parts = [str(path) for path in disk.rglob("*") if path.name.endswith((".tmp", ".part")) or "packing-" in path.name]
    found.append({"code": done.returncode, "said": done.stderr, "there": there, "told": told, "parts": parts})
subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "disk", disk], check=True)
build()
subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
build()
print(json.dumps(found))
"""


@pytest.mark.parametrize("size", [4, 64, 92])
def test_a_channel_on_a_disk_that_fills(oven: Path, tmp_path: Path, size: int) -> None:
    recipe, disk = tmp_path / "treat", tmp_path / "disk"
    for folder in (recipe, disk):
        folder.mkdir()
    (recipe / "recipe.yaml").write_text(TREAT.replace("seq 20000", "seq 40000"))
    bakehouse = Bakehouse(store=oven)
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", STEPS, disk, recipe, str(size)],
        capture_output=True, text=True, check=False, env=bakehouse.variables(), cwd=CHECKOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    full, good = json.loads(done.stdout)
    assert full["code"] == 3, full["said"]
    assert f"no space left in {disk}/channel" in full["said"]
    assert "bakehouse cache gc" in full["said"]
    assert set(full["told"].items()) <= set(full["there"].items()), "an index names what is there, as it is"
    assert full["parts"] == []
    assert good["code"] == 0, good["said"]
    assert good["told"] == good["there"]
    assert list(good["there"]) == [f"{STEM}.conda"]
    assert good["parts"] == []
