"""The same files relocated by us and by rattler-build: run paths, symlinks and prefix modes, with the known differences."""

from __future__ import annotations

import json
import posixpath
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from backports import zstd

from builder.binary import read_facts
from builder.model.payload import Relocated
from tests.payload.prefix import write_tree
from tests.relocate.payloads import PREFIX, relocated_of

SCRIPT = r"""
mkdir -p $PREFIX/lib/private $PREFIX/bin $PREFIX/share
F=-Wl,--disable-new-dtags,-rpath
echo 'int base(void){return 1;}' | gcc -x c - -shared -fPIC -o $PREFIX/lib/libbase.so $F,$PREFIX/lib:/usr/lib:$PREFIX/opt/x:$PREFIX/lib
echo 'int top(void){return 1;}' | gcc -x c - -shared -fPIC -o $PREFIX/lib/private/libtop.so $F,'$ORIGIN/..':$PREFIX/lib/private:'$ORIGIN/../../../etc'
echo 'int main(void){return 0;}' | gcc -x c - -o $PREFIX/bin/main $F,$PREFIX/lib
echo 'int main(void){return 0;}' | gcc -x c - -o $PREFIX/bin/allowed $F,/opt/allowed/lib:/opt/other/lib
(printf '%02000d' 0; printf '%s\0' $PREFIX/x) > $PREFIX/share/late.dat
printf '\0%s/x\0' $PREFIX > $PREFIX/share/early.dat
echo $PREFIX > $PREFIX/share/conf
echo $PREFIX > $PREFIX/share/ignored
echo $PREFIX > $PREFIX/lib/module.pyc
ln -s $PREFIX/share/conf $PREFIX/lib/conf
ln -s libbase.so $PREFIX/lib/libbase.so.1
touch $PREFIX/lib/libbase.la $PREFIX/lib/.DS_Store
"""
RECIPE = {
    "package": {"name": "peer", "version": "1"},
    "build": {
        "script": SCRIPT.strip().splitlines(),
        "prefix_detection": {"ignore": ["share/ignored"]},
        "dynamic_linking": {"rpath_allowlist": ["/opt/allowed/**"]},
    },
}
BUILD = """
import os, sys
from pathlib import Path
from rattler_build.cli_api import build_recipes
root = Path(sys.argv[1])
build_recipes([root / "recipe.yaml"], output_dir=root / "out", channel=[f"file://{root}/channel"], test="skip")
os._exit(0)  # its threads now and then abort an interpreter that takes itself apart
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """The peer's package: its files unpacked in ``folder``, and the entries of its ``paths.json``."""

    folder: Path
    paths: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Theirs:
    root = tmp_path_factory.mktemp("peer")
    index = '{"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": {}}'
    write_tree(root, {"recipe.yaml": json.dumps(RECIPE), "channel/noarch/repodata.json": index})
    subprocess.run([sys.executable, "-W", "ignore", "-c", BUILD, str(root)], check=True, capture_output=True)
    (package,) = (root / "out/linux-64").glob("*.conda")
    with zipfile.ZipFile(package) as outer:
        for name in outer.namelist():
            if name.endswith(".tar.zst"):
                (root / "x.tar").write_bytes(zstd.decompress(outer.read(name)))
                (root / "files").mkdir(exist_ok=True)
                subprocess.run(["tar", "-xf", root / "x.tar", "-C", root / "files"], check=True)
    listed = json.loads((root / "files/info/paths.json").read_text())["paths"]
    return Theirs(folder=root / "files", paths={entry["_path"]: entry for entry in listed})


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Relocated:
    from builder.model.recipe import Build, DynamicLinking, GlobList, PrefixDetection
    from tests.payload.prefix import package

    root = tmp_path_factory.mktemp("ours")
    # Files are compiled for the placeholder, which no machine has: written elsewhere, they still name it.
    script = SCRIPT.replace("$PREFIX", "$OUT")
    for there in ("$F,$OUT", ":$OUT", "' $OUT/x", "\\0' $OUT", "echo $OUT", "-s $OUT"):
        script = script.replace(there, there.replace("$OUT", "$PREFIX"))
    environment = {"PATH": "/usr/bin:/bin", "PREFIX": str(PREFIX), "OUT": str(root / "prefix")}
    subprocess.run(["bash", "-euc", script], env=environment, check=True)
    build = Build(
        prefix_detection=PrefixDetection(ignore=GlobList(include=("share/ignored",))),
        dynamic_linking=DynamicLinking(rpath_allowlist=GlobList(include=("/opt/allowed/**",))),
    )
    return relocated_of(root, {}, package("peer", build=build))


def normal(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(posixpath.normpath(part) for part in parts)


def test_the_same_files(theirs: Theirs, ours: Relocated) -> None:
    assert {entry.entry.path for entry in ours.entries} == set(theirs.paths)


def test_the_same_run_paths(theirs: Theirs, ours: Relocated) -> None:
    seen = 0
    for entry in ours.entries:
        if entry.binary is not None:
            facts = read_facts(theirs.folder / entry.entry.path)
            assert facts is not None
            assert normal(entry.binary.runpath) == normal(facts.runpath), entry.entry.path
            assert entry.binary.runpath_kind == facts.runpath_kind
            seen += 1
    assert seen == 4


def test_the_same_symlinks(theirs: Theirs, ours: Relocated) -> None:
    links = {entry.entry.path: entry.entry.target for entry in ours.entries if entry.entry.target is not None}
    assert links == {path: str((theirs.folder / path).readlink()) for path in links}
    assert len(links) == 2
    assert all(theirs.paths[path]["path_type"] == "softlink" for path in links)


def test_the_same_prefix_modes_but_for_the_peers_mistake(theirs: Theirs, ours: Relocated) -> None:
    modes = {entry.entry.path: entry.prefix_mode for entry in ours.entries}
    peers = {
        path: entry.get("file_mode") if "prefix_placeholder" in entry else None for path, entry in theirs.paths.items()
    }
    differing = {path: (modes[path], peers[path]) for path in modes if modes[path] != peers[path]}
    assert differing == {"share/late.dat": ("binary", "text")}, "peer_d7: it looks at the first 1,024 bytes only"
    assert modes["share/conf"] == "text"
    assert modes["share/early.dat"] == "binary"
    assert modes["share/ignored"] is None
    assert modes["lib/module.pyc"] is None


def test_symlinks_say_the_same_of_what_they_lead_to(theirs: Theirs, ours: Relocated) -> None:
    for entry in ours.entries:
        if entry.entry.target == "../share/conf":
            conf = next(other for other in ours.entries if other.entry.path == "share/conf")
            assert (entry.sha256, entry.entry.size) == (conf.sha256, conf.entry.size)
            assert theirs.paths[entry.entry.path]["sha256"] == theirs.paths["share/conf"]["sha256"]
