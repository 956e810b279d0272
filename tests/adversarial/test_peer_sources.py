"""Defects of rattler-build 0.73 with sources (its D1, D3, D4, D5): the same situation, through the real command.

The numbers are those under which they were reproduced there: a staging cache that does not see its sources, a branch
that is frozen once it was fetched, an expected commit that is not looked at when there is something in the cache, and a
cache that takes a checkout without submodules or large files for one with them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from builder.archive import OpenPackage, read_package
from tests.adversarial.attack import Attack, Ended
from tests.source.git.making import Upstream, upstream

STAGED = """
recipe: {name: staged, version: "1"}
source:
  - path: code
    patches: [x.patch]
build: {noarch: generic}
outputs:
  - staging: {name: staged-build}
    build:
      script: {file: make.sh}
  - package: {name: staged}
    inherit: staged-build
"""
SCRIPT = 'mkdir -p "$PREFIX/share"\ncat words > "$PREFIX/share/words"\n'
PATCH = "--- a/words\n+++ b/words\n@@ -1 +1 @@\n-one\n+two\n"
FETCHED = """
package: {{name: fetched, version: "1"}}
source:
  git: {address}
{keys}
build:
  noarch: generic
  script:
    - mkdir -p $PREFIX/share/all
    - cp -r . $PREFIX/share/all
"""
LARGE = b"large\n" * 1000
DIGEST = hashlib.sha256(LARGE).hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{DIGEST}\nsize {len(LARGE)}\n"


def package(attack: Attack, name: str) -> OpenPackage:
    """The newest package of that name in the channel."""
    found = (attack.store / "out" / "noarch").glob(f"{name}-1-*.conda")
    return read_package(max(found, key=lambda path: path.stat().st_mtime_ns))


def content(attack: Attack, name: str) -> dict[str, str]:
    """The text of each file of a package, by its path below ``share``."""
    into = attack.store / "unpacked" / str(len(list(attack.store.glob("unpacked/*"))))
    package(attack, name).extract(into)
    files = (path for path in (into / "share").rglob("*") if path.is_file())
    return {path.relative_to(into / "share").as_posix(): path.read_text() for path in files}


def build(attack: Attack, oven: Path, *options: str, code: int = 0) -> Ended:
    ended = attack.build(attack.folder / "recipe.yaml", "--out", attack.store / "out", *options, store=oven)
    assert ended.code == code, ended.err[-3000:]
    return ended


def test_peer_d1_a_staging_output_is_never_stale(attack: Attack, oven: Path) -> None:
    """What it was made of decides whether it is made again: a source's file, the script's file, a patch."""
    attack.put("recipe.yaml", STAGED)
    changes = {
        "code/words": ("one\nmore\n", "two\nmore\n"),
        "make.sh": (SCRIPT.replace("cat", "sort"), "more\ntwo\n"),
        "x.patch": (PATCH.replace("+two", "+three"), "more\nthree\n"),
    }
    for name, text in {"code/words": "one\nless\n", "make.sh": SCRIPT, "x.patch": PATCH}.items():
        attack.put(name, text)
    build(attack, oven)
    assert content(attack, "staged") == {"words": "two\nless\n"}
    for name, (text, expected) in changes.items():
        attack.put(name, text)
        build(attack, oven)
        assert content(attack, "staged") == {"words": expected}, name


@pytest.fixture
def up(attack: Attack) -> Upstream:
    return upstream(attack.folder / "up", {"words": "one\n"})


def write(attack: Attack, up: Upstream, **keys: str) -> None:
    lines = "\n".join(f"  {name}: {value}" for name, value in keys.items())
    attack.put("recipe.yaml", FETCHED.format(address=up.address, keys=lines))


class TestD3:
    """A branch or a tag is what it is now, unless nobody may be asked."""

    @pytest.mark.parametrize("reference", ["branch", "tag"])
    def test_peer_d3_what_moved_is_seen(self, attack: Attack, oven: Path, up: Upstream, reference: str) -> None:
        up.git("tag", "v1")
        write(attack, up, **{reference: {"branch": "main", "tag": "v1"}[reference]})
        build(attack, oven)
        assert content(attack, "fetched")["all/words"] == "one\n"
        up.commit({"words": "two\n"})
        up.git("tag", "--force", "v1")
        build(attack, oven)
        assert content(attack, "fetched")["all/words"] == "two\n"

    def test_peer_d3_offline_it_is_said_which_commit_is_taken(self, attack: Attack, oven: Path, up: Upstream) -> None:
        write(attack, up, branch="main")
        first = up.git("rev-parse", "HEAD")
        build(attack, oven)
        up.commit({"words": "two\n"})
        ended = attack.run(
            "plan", attack.folder / "recipe.yaml", "--out", attack.store / "out", "--offline", store=oven
        )
        assert ended.code == 0
        assert f"branch main is taken to be {first}, as fetched last" in ended.err
        build(attack, oven, "--offline")
        assert content(attack, "fetched")["all/words"] == "one\n"


class TestD4:
    """An expected commit is compared whatever is in the store."""

    @pytest.mark.parametrize(
        ("reference", "wrong"),
        [("branch: main", "0" * 40), ("branch: main", "another"), ("tag: v1", "another"), ("rev: {commit}", "0" * 40),
         ("rev: {short}", "another")],
    )  # fmt: skip
    def test_peer_d4_it_is_compared_on_a_cache_hit(
        self, attack: Attack, oven: Path, up: Upstream, reference: str, wrong: str
    ) -> None:
        other = up.git("rev-parse", "HEAD")
        commit = up.commit({"words": "two\n"})
        up.git("tag", "v1")
        key, _, value = reference.format(commit=commit, short=commit[:10]).partition(": ")
        write(attack, up, **{key: value})
        assert attack.run("fetch", attack.folder / "recipe.yaml", "--no-rootfs", store=oven).code == 0
        expected = other if wrong == "another" else wrong
        write(attack, up, **{key: value}, expected_commit=f"'{expected}'")
        told = attack.refused(
            f"is commit {commit}, not {expected}", "fetch", attack.folder / "recipe.yaml", "--no-rootfs", store=oven
        )
        assert f"expected_commit: {commit}" in (told.remedy or "")

    def test_peer_d4_no_package_comes_of_it(self, attack: Attack, oven: Path, up: Upstream) -> None:
        write(attack, up, branch="main")
        build(attack, oven)
        packages = sorted((attack.store / "out").rglob("*.conda"))
        write(attack, up, branch="main", expected_commit=f"'{'0' * 40}'")
        ended = build(attack, oven, code=2)
        assert any(f"not {'0' * 40} as expected_commit says" in one.message for one in ended.told), ended.err
        assert sorted((attack.store / "out").rglob("*.conda")) == packages


class TestD5:
    """What is taken of a commit besides its own files is part of what a package is built of."""

    @pytest.fixture
    def whole(self, attack: Attack) -> Upstream:
        """A repository with a submodule and a large file."""
        inner = upstream(attack.folder / "inner", {"i": "inner\n"})
        made = upstream(attack.folder / "up", {"words": "one\n", "large": POINTER})
        made.git("submodule", "--quiet", "add", inner.address, "inner")
        made.commit({})
        place = made.folder / ".git" / "lfs" / "objects" / DIGEST[:2] / DIGEST[2:4] / DIGEST
        place.parent.mkdir(parents=True)
        place.write_bytes(LARGE)
        return made

    def test_peer_d5_large_files_and_submodules(self, attack: Attack, oven: Path, whole: Upstream) -> None:
        plain = {"all/words": "one\n", "all/large": POINTER}
        for lfs, submodules in (("false", "false"), ("true", "false"), ("false", "true")):
            write(attack, whole, lfs=lfs, submodules=submodules)
            build(attack, oven)
            found = content(attack, "fetched")
            found.pop("all/.gitmodules")
            large = {"all/large": LARGE.decode()} if lfs == "true" else {}
            inner = {"all/inner/i": "inner\n"} if submodules == "true" else {}
            assert found == {**plain, **large, **inner}, (lfs, submodules)

    def test_peer_d5_an_expected_commit_is_part_of_it_too(self, attack: Attack, oven: Path, up: Upstream) -> None:
        commit = up.git("rev-parse", "HEAD")
        write(attack, up, branch="main", expected_commit=f"'{commit}'")
        build(attack, oven)
        up.commit({"words": "two\n"})
        write(attack, up, branch="main")
        build(attack, oven)
        assert content(attack, "fetched")["all/words"] == "two\n"


def test_a_package_says_of_which_commits_it_was_built(attack: Attack, oven: Path, up: Upstream) -> None:
    """As CEP 31 wants it of recipes: what `branch: main` was stands in the package, without a clock or a machine."""
    write(attack, up, branch="main")
    commit = up.git("rev-parse", "HEAD")
    build(attack, oven)
    made = package(attack, "fetched")
    saying = {name for name in made.info_files() if commit.encode() in made.read_info(name)}
    assert {"bakehouse/keys.json", "bakehouse/sbom.cdx.json", "recipe/rendered_recipe.yaml"} <= saying
