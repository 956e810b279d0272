"""From a compiler's error to a good package: enter the failed build, mend a file, make a patch, name it, build."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.e2e.command import Bakehouse, packages

pytestmark = pytest.mark.sandbox

COMPILER = """\
# Compiles a language in which every line ends with a semicolon.
mkdir -p build
for file in src/*.c; do
    while IFS= read -r line; do
        case $line in *\\;) ;; *) echo "$file: error: expected ';' after '$line'" >&2; exit 1 ;; esac
    done <"$file"
    cp "$file" "build/$(basename "$file" .c).o"
    echo "compiled $file"
done
cat build/*.o > frob
"""
SOURCES = {"src/a.c": "int a;\n", "src/b.c": "int b\nint c;\n", "compile.sh": COMPILER}
RECIPE = """\
package:
  name: frob
  version: "1.0"
source:
  url: file://{archive}
  sha256: {sha256}{patches}
build:
  script:
    - bash compile.sh
    - mkdir -p "$PREFIX/bin"
    - cp frob "$PREFIX/bin/frob"
tests:
  - script: test "$(wc -l < "$PREFIX/bin/frob")" = 3
about:
  license: CC0-1.0
"""


def write_recipe(folder: Path, *patches: str) -> Path:
    """Write the recipe and, beside it, the archive of its sources."""
    folder.mkdir(exist_ok=True)
    archive = folder / "frob-1.0.tar.gz"
    if not archive.exists():
        with tarfile.open(archive, "w:gz") as file:
            for name, text in SOURCES.items():
                member = tarfile.TarInfo(f"frob-1.0/{name}")
                member.size, member.mtime = len(text), 1_600_000_000
                file.addfile(member, io.BytesIO(text.encode()))
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    listed = "".join(f"\n    - {name}" for name in patches)
    text = RECIPE.format(archive=archive, sha256=sha256, patches=f"\n  patches:{listed}" if patches else "")
    (folder / "recipe.yaml").write_text(text)
    return folder


def test_the_whole_way(bakehouse: Bakehouse, tmp_path: Path) -> None:
    recipe, channel = write_recipe(tmp_path / "frob"), tmp_path / "channel"
    failed = bakehouse.run("build", recipe, "--out", channel)
    assert failed.returncode == 1
    assert "src/b.c: error: expected ';' after 'int b'" in failed.stderr
    assert f"`bakehouse debug {recipe}`" in failed.stderr

    left = bakehouse.run("debug", recipe, "--", "find", ".", "-name", "*.o")
    assert left.stdout == "./build/a.o\n", "what was compiled before the error is there"
    mended = bakehouse.run("debug", recipe, "--", "sed", "-i", "s/int b$/int b;/", "src/b.c")
    assert mended.returncode == 0
    again = bakehouse.run("debug", recipe, "--", "bash", "compile.sh")
    assert (again.returncode, again.stdout) == (0, "compiled src/a.c\ncompiled src/b.c\n")

    made = json.loads(bakehouse.run("debug", recipe, "--patch", recipe / "semicolon.patch", "--json").stdout)
    assert made["files"] == [{"path": "src/b.c", "what": "changed"}]
    assert made["left_out"] == ["build/a.o", "build/b.o", "frob"]
    patch = (recipe / "semicolon.patch").read_text()
    assert patch == "--- a/src/b.c\n+++ b/src/b.c\n@@ -1,2 +1,2 @@\n-int b\n+int b;\n int c;\n"

    write_recipe(recipe, "semicolon.patch")
    bakehouse.good("build", recipe, "--out", channel)
    assert len(packages(channel)) == 1
    assert not list((bakehouse.store / "failed").iterdir()), "what is mended is forgotten"


def test_a_killed_build_leaves_nothing_to_enter(bakehouse: Bakehouse, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "frob")
    (recipe / "recipe.yaml").write_text(RECIPE.partition("source:")[0] + "build:\n  script: echo up; sleep 100\n")
    running = bakehouse.start("build", recipe, "--out", tmp_path / "channel", "-v", "--progress", "plain")
    assert running.stderr is not None
    while "up" not in running.stderr.readline():
        assert running.poll() is None
    running.kill()
    running.wait()
    running.stderr.close()
    done = bakehouse.run("debug", recipe, "--", "true")
    assert done.returncode == 0
    assert "one that was killed leaves nothing" in done.stderr
