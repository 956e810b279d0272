"""Packages in both formats, end to end: in one channel, in solvers, in conda's tools and the peer's."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from conda_package_handling import api as cph
from rattler import install

from builder.channel import Channel
from builder.model.inside import SEALED
from tests.channel.test_peers import solved
from tests.cli.conftest import Command, write_recipe
from tests.conformance.members import differences, extracted
from tests.e2e.command import indexed, packages
from tests.e2e.test_peer_builds import DIFFERENCES
from tests.e2e.treats import STEM, TREAT, endings, peer_built

pytestmark = pytest.mark.sandbox


@pytest.fixture
def both(command: Command, treat: Path, tmp_path: Path) -> Path:
    """A channel with one package in both formats."""
    for form in ("conda", "tar-bz2"):
        assert command("build", treat, "--out", tmp_path / "c", "--package-format", form, "-q").code == 0
    return tmp_path / "c"


def test_both_formats_lie_in_one_channel(both: Path) -> None:
    assert set(packages(both)) == {f"linux-64/{STEM}.conda", f"linux-64/{STEM}.tar.bz2"}
    assert packages(both) == indexed(both)
    before = {path: path.read_bytes() for path in both.rglob("*.json")}
    Channel(both).reindex()
    assert {path: path.read_bytes() for path in both.rglob("*.json")} == before


def test_both_have_the_same_members(both: Path, tmp_path: Path) -> None:
    one, other = (extracted(both / "linux-64" / f"{STEM}{end}", tmp_path / end) for end in (".conda", ".tar.bz2"))
    found = {str(difference) for difference in differences(one, other)}
    place = "info/recipe/rendered_recipe.yaml: build_configuration/packaging_settings"
    keys = "info/bakehouse/keys.json: "
    assert found == {
        f"{place}/archive_type", f"{place}/compression_level", f"{keys}build_key", f"{keys}recipe_key",
    }  # fmt: skip


def test_each_is_reused_by_those_who_ask_for_it(both: Path, command: Command, treat: Path) -> None:
    before = packages(both)
    for form in ("tar.bz2", "tarbz2:9", "tar-bz2:max", "conda", "conda:default"):
        said = command("build", treat, "--out", both, "--package-format", form, "--json", "-q")
        assert endings(said.out) == ["reused"], form
        (package,) = json.loads(said.out)
        assert package["path"].endswith(".conda" if "conda" in form else ".tar.bz2")
    said = command("build", treat, "--out", both, "--package-format", "tar-bz2:1", "--json", "-q")
    (package,) = json.loads(said.out)
    packed_anew = f"packed anew from {STEM}.conda, which has the same files"
    assert (package["ending"], package["reasons"]) == ("built", ["--package-format changed", packed_anew])
    assert {name for name, digest in packages(both).items() if before[name] != digest} == {f"linux-64/{STEM}.tar.bz2"}


def test_the_format_of_the_peers_configuration_is_taken(command: Command, treat: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[build]\npackage-format = "tar-bz2:3"\n')
    build = ("build", treat, "--out", tmp_path / "c", "--config-file", tmp_path / "config.toml", "--json")
    assert endings(command(*build).out) == ["built"]
    assert set(packages(tmp_path / "c")) == {f"linux-64/{STEM}.tar.bz2"}
    assert endings(command(*build).out) == ["reused"]
    assert endings(command(*build[:4], "--package-format", "tar-bz2:3", "--json").out) == ["reused"]


def test_solvers_take_the_new_format_and_install_the_old_one(both: Path, tmp_path: Path) -> None:
    """CEP 35."""
    (record,) = solved(both, tmp_path / "cache", "treat")
    assert record.file_name == f"{STEM}.conda"
    (both / "linux-64" / f"{STEM}.conda").unlink()
    Channel(both).ensure()
    records = solved(both, tmp_path / "cache 2", "treat")
    assert [one.file_name for one in records] == [f"{STEM}.tar.bz2"]
    prefix = tmp_path / "prefix"
    asyncio.run(install(records, prefix, cache_dir=tmp_path / "packages", show_progress=False))
    assert subprocess.run([prefix / "bin" / "sweet"], capture_output=True, text=True, check=True).stdout == "sweet\n"


def test_the_old_format_is_the_same_bytes_every_time(both: Path, command: Command, treat: Path, tmp_path: Path) -> None:
    for threads in (1, 3):
        out = tmp_path / f"again {threads}"
        said = command(
            "build", treat, "--out", out, "--package-format", "tar-bz2", "--compression-threads", str(threads), "-q"
        )
        assert said.code == 0
        assert packages(out).items() <= packages(both).items()


def test_tar_and_condas_tools_read_the_old_format(both: Path, tmp_path: Path) -> None:
    path = both / "linux-64" / f"{STEM}.tar.bz2"
    done = subprocess.run(["tar", "-tjvf", path, "--numeric-owner"], capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert {words[1] for words in lines} == {"0/0"}
    names = [words[5] for words in lines]
    info = [name for name in names if name.startswith("info/")]
    assert names == [*sorted(info), *sorted(set(names) - set(info))]
    cph.extract(str(path), dest_dir=str(tmp_path / "cph"))
    assert (tmp_path / "cph" / "share" / "treat" / "taste").read_text() == "sweet\n"


def test_the_old_format_carries_its_tests(both: Path, command: Command, tmp_path: Path) -> None:
    package = both / "linux-64" / f"{STEM}.tar.bz2"
    said = command("test", package, "--json", "-q")
    assert said.code == 0
    ((one,),) = [found["tests"] for found in json.loads(said.out)]
    assert one["passed"]
    logs = tmp_path / "kitchen" / "logs" / STEM
    assert Path(one["log"]).parent == logs


def test_a_package_that_fails_its_tests_is_entered_in_the_old_format_too(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "bad", TREAT.replace("= sweet\n", "= sour\n"))
    said = command("build", recipe, "--out", tmp_path / "c", "--package-format", "tar-bz2")
    assert said.code == 1
    assert packages(tmp_path / "c") == indexed(tmp_path / "c") == {}
    (package,) = (tmp_path / "kitchen" / "broken").glob("*/*.tar.bz2")
    assert f"bakehouse debug {package}" in said.err
    assert command("debug", recipe, "--test", "0", "--out", tmp_path / "c", "--json").code == 0
    good = write_recipe(tmp_path / "bad", TREAT)
    assert command("build", good, "--out", tmp_path / "c", "--package-format", "tar-bz2").code == 0
    assert not package.exists(), "what passed now is broken no more"


def test_the_old_format_has_what_the_peers_has(both: Path, treat: Path, tmp_path: Path) -> None:
    theirs = peer_built(treat, tmp_path / "peer", "tar-bz2")
    ours = both / "linux-64" / theirs.name
    found = list(
        differences(
            extracted(ours, tmp_path / "ours", str(SEALED.prefix)),
            extracted(theirs, tmp_path / "theirs", str(SEALED.prefix)),
        )
    )
    unknown = [str(one) for one in found if not any(known.covers(theirs.name, one) for known in DIFFERENCES)]
    assert unknown == []
    with tarfile.open(ours) as one, tarfile.open(theirs) as other:
        mine, yours = ({member.name: member for member in archive if not member.isdir()} for archive in (one, other))
    common = [name for name in mine if name in yours]
    assert [name for name in yours if name in mine] == common
    assert [name for name in mine if not name.startswith("info/")] == [n for n in yours if not n.startswith("info/")]
    for name in common:
        assert mine[name].type == yours[name].type, name
        assert mine[name].issym() or mine[name].mode == yours[name].mode, name
        assert (mine[name].uid, mine[name].gid) == (yours[name].uid, yours[name].gid) == (0, 0)


PEER_TEST = """
import os, sys, warnings
warnings.simplefilter("ignore")
from rattler_build.cli_api import test_package
test_package(sys.argv[1], channel=[])
os._exit(0)
"""


@pytest.mark.parametrize("word", ["sweet", "sour"])
def test_the_peer_tests_the_old_format(command: Command, tmp_path: Path, word: str) -> None:
    recipe = write_recipe(tmp_path / "r", TREAT.replace("= sweet\n", f"= {word}\n"))
    build = ("build", recipe, "--out", tmp_path / "c", "--package-format", "tar-bz2", "--test", "skip", "-q")
    assert command(*build).code == 0
    words = [sys.executable, "-c", PEER_TEST, str(tmp_path / "c" / "linux-64" / f"{STEM}.tar.bz2")]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert (done.returncode == 0) == (word == "sweet"), done.stdout[-2000:] + done.stderr[-2000:]


def test_modes_and_folders_of_an_output(both: Path) -> None:
    for path in [*both.rglob("*.conda"), *both.rglob("*.tar.bz2")]:
        assert path.stat().st_mode & 0o777 == 0o644
    assert {path.name for path in both.iterdir() if path.name[0] != "."} == {"linux-64", "noarch"}
    assert all(path.stat().st_mode & 0o777 == 0o755 for path in both.iterdir() if path.is_dir())
