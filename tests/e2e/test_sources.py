"""A recipe with every kind of source: built, reused, and built again when its branch has moved; mirrors on the way."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import py7zr
import pytest

from builder.archive import read_package
from tests.e2e.command import Bakehouse
from tests.e2e.conftest import MakeBakehouse
from tests.source.git.making import TIME, Upstream, upstream
from tests.source.server import Server, serving

pytestmark = pytest.mark.sandbox

PATCH = """\
--- a/words.txt
+++ b/words.txt
@@ -1 +1 @@
-raw
+baked
"""

RECIPE = """\
package:
  name: sorts
  version: "1.0"
source:
  - git: ../upstream
    branch: main
    patches: [bake.patch]
  - url: https://files.example.org/packages/zipped-1.0.zip
    sha256: {zip}
    target_directory: zipped
  - url: https://files.example.org/packages/seven.7z
    sha256: {seven}
    target_directory: seven
  - url: https://files.example.org/packages/plain.bin
    sha256: {plain}
    file_name: renamed.bin
  - path: beside
build:
  noarch: generic
  script:
    - test ! -e .git
    - test ! -e ignored.o
    - mkdir -p "$PREFIX/share/sorts"
    - cp -r words.txt inner zipped seven renamed.bin here.txt "$PREFIX/share/sorts"
tests:
  - script: grep -x baked "$PREFIX/share/sorts/words.txt"
about:
  license: CC0-1.0
"""


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("zipped-1.0/z.txt", (2019, 1, 1, 0, 0, 0)), "Z")
    return buffer.getvalue()


def seven() -> bytes:
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w") as archive:
        archive.writestr(b"7", "seven.txt")
    return buffer.getvalue()


FILES = {"zip": zipped(), "seven": seven(), "plain": b"plain"}


@pytest.fixture
def up(tmp_path: Path) -> Upstream:
    """A repository with a submodule."""
    upstream(tmp_path / "inner", {"i.txt": "I"})
    made = upstream(tmp_path / "upstream", {"words.txt": "raw\n"})
    made.git("submodule", "--quiet", "add", "../inner", "inner")
    made.commit({})
    return made


@pytest.fixture
def recipe(tmp_path: Path, up: Upstream) -> Path:
    """The recipe, its own folder with a file that git ignores, and what it names served nowhere but by a mirror."""
    folder = tmp_path / "recipe"
    (folder / "beside").mkdir(parents=True)
    digests = {name: hashlib.sha256(body).hexdigest() for name, body in FILES.items()}
    (folder / "recipe.yaml").write_text(RECIPE.format(**digests))
    (folder / "bake.patch").write_text(PATCH)
    (folder / "beside" / "here.txt").write_text("here")
    (folder / "beside" / "ignored.o").write_text("object")
    (folder / "beside" / ".gitignore").write_text("*.o\n")
    return folder


@pytest.fixture
def mirror() -> Iterator[Server]:
    """Serves the files; the address in the recipe is one that nobody answers."""
    with serving() as server:
        for address, name in (("zipped-1.0.zip", "zip"), ("seven.7z", "seven"), ("plain.bin", "plain")):
            server.serve(f"/mirror/{address}", FILES[name])
        yield server


def content(channel: Path) -> dict[str, str]:
    """The text of every file in the only package of the channel."""
    [path] = (channel / "noarch").glob("sorts-*.conda")
    out = channel.parent / f"out-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
    read_package(path).extract(out)
    root = out / "share" / "sorts"
    return {file.relative_to(root).as_posix(): file.read_text() for file in sorted(root.rglob("*")) if file.is_file()}


EXPECTED = {
    "words.txt": "baked\n", "inner/i.txt": "I", "zipped/z.txt": "Z", "seven/seven.txt": "7", "renamed.bin": "plain",
    "here.txt": "here",
}  # fmt: skip


def test_every_kind_at_once_and_again_when_the_branch_moves(
    tmp_path: Path, bakehouse: Bakehouse, recipe: Path, up: Upstream, mirror: Server
) -> None:
    channel = tmp_path / "channel"
    dead = f"https://files.example.org/packages/={mirror.base}/dead/"
    behind = f"https://files.example.org/packages/={mirror.base}/mirror/"
    build = ("build", recipe, "--out", channel, "--mirror", dead, "--mirror", behind)
    first = up.git("rev-parse", "HEAD")

    done = bakehouse.run(*build)
    assert done.returncode == 0, done.stderr
    assert content(channel) == EXPECTED
    assert mirror.asked("/mirror/plain.bin") == 1

    [package] = (channel / "noarch").glob("sorts-*.conda")
    opened = read_package(package)
    sources = json.loads(opened.read_info("bakehouse/keys.json"))["sources"]
    assert (sources[0]["kind"], sources[0]["commit"]) == ("git", first)
    assert sources[1]["url"] == "https://files.example.org/packages/zipped-1.0.zip"
    rendered = opened.read_info("recipe/rendered_recipe.yaml").decode()
    assert f"rev: {first}" in rendered.replace('"', "")
    assert opened.index()["timestamp"] >= TIME * 1000
    for name in opened.info_files():
        assert mirror.base.encode() not in opened.read_info(name), "mirrors are the machine's affair"

    again = bakehouse.run(*build)
    assert again.returncode == 0, again.stderr
    assert "1 reused" in again.stderr

    second = up.commit({"words.txt": "raw\n", "inner-notes.txt": "new"})
    planned = bakehouse.good("plan", recipe, "--out", channel)
    assert f"source 1, git ../upstream moved from {first[:12]} to {second[:12]}" in planned
    offline = bakehouse.run("plan", recipe, "--out", channel, "--offline")
    assert "nothing has changed" in offline.stdout
    assert f"branch main is taken to be {first}" in offline.stderr
    moved = bakehouse.run(*build)
    assert moved.returncode == 0, moved.stderr
    assert "1 built" in moved.stderr
    assert content(channel) == EXPECTED


def test_what_is_there_twice_is_the_same_to_the_byte(
    tmp_path: Path, make_bakehouse: MakeBakehouse, recipe: Path, mirror: Server
) -> None:
    behind = f"https://files.example.org/packages/={mirror.base}/mirror/"
    digests = set()
    for name in ("one", "two"):
        channel = tmp_path / f"channel-{name}"
        make_bakehouse(name).good("build", recipe, "--out", channel, "--mirror", behind)
        [package] = (channel / "noarch").glob("sorts-*.conda")
        digests.add(hashlib.sha256(package.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_a_machine_without_git_says_what_to_install(tmp_path: Path, bakehouse: Bakehouse, recipe: Path) -> None:
    (tmp_path / "empty").mkdir()
    poor = Bakehouse(store=bakehouse.store, environment=(("PATH", str(tmp_path / "empty")),))
    done = poor.run("build", recipe, "--out", tmp_path / "channel")
    assert done.returncode == 3
    assert "git is not installed" in done.stderr
    assert "apt-get install git" in done.stderr


def test_what_comes_out_beside_the_recipe_does_not_go_in_again(tmp_path: Path, bakehouse: Bakehouse) -> None:
    folder = tmp_path / "sorts"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(
        "package: {name: sorts, version: '1'}\n"
        "source: {path: .}\n"
        "build: {noarch: generic, script: 'mkdir -p $PREFIX/share/sorts && cp -R . $PREFIX/share/sorts'}\n"
    )
    (folder / "flour.txt").write_text("white")
    bakehouse.good("build", cwd=folder)
    said = bakehouse.run("build", cwd=folder)
    assert "reused" in said.stderr, said.stderr
    assert content(folder / "channel").keys() == {"flour.txt", "recipe.yaml"}
