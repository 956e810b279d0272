"""A small recipe that needs no packages, for tests of what a build does to packages, and the peer's build of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TREAT = """\
context: {version: "1.0"}
package: {name: treat, version: "${{ version }}"}
build:
  script: |
    mkdir -p "$PREFIX/bin" "$PREFIX/share/treat"
    printf '#!/bin/sh\\ncat "%s/share/treat/taste"\\n' "$PREFIX" > "$PREFIX/bin/treat"
    chmod +x "$PREFIX/bin/treat"
    echo sweet > "$PREFIX/share/treat/taste"
    ln -s treat "$PREFIX/bin/sweet"
    seq 20000 > "$PREFIX/share/treat/numbers"
tests:
  - script:
    - sweet
    - test "$(sweet)" = sweet
about: {summary: A treat, license: CC0-1.0}
extra: {sha: theirs, maintainers: [cook]}
"""
STEM = "treat-1.0-hb0f4dca_0"

PEER = """
import os, sys, warnings
warnings.simplefilter("ignore")
from rattler_build.cli_api import build_recipes
recipe, out, form = sys.argv[1:]
build_recipes([recipe], channel=[], output_dir=out, test="skip", package_format=form)
os._exit(0)  # its threads now and then abort an interpreter that takes itself apart
"""


def endings(said: str) -> list[str]:
    return [package["ending"] for package in json.loads(said)]


def peer_built(recipe: Path, out: Path, form: str) -> Path:
    """Let py-rattler-build build a recipe that needs no packages, with this machine's shell; return the package."""
    words = [sys.executable, "-c", PEER, str(recipe / "recipe.yaml"), str(out), form]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(out.parent), "LANG": "C.UTF-8"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    (found,) = [*out.glob("linux-64/*.conda"), *out.glob("linux-64/*.tar.bz2")]
    return found
