from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.errors import WorkError
from builder.model.environment import Environment, Environments
from builder.model.package import Package
from builder.model.packaging import Packaging
from builder.model.payload import RelocatedEntry
from builder.model.recipe import GlobList, PackageContentsTest, Script, ScriptTest
from builder.pack import PackRequest, pack
from tests.pack.greeting import BUILD_STRING, EPOCH, PLACEHOLDER, link_entry, request

CHECKOUT = Path(__file__).parents[2]
BZIP2 = Packaging(file_type="tar.bz2", level=9)


def tree(folder: Path) -> dict[str, object]:
    return {
        path.relative_to(folder).as_posix(): f"-> {path.readlink()}" if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def alone(made: PackRequest) -> PackRequest:
    """The package without dependencies, so that it can be installed."""
    return replace(made, environments=Environments(build=Environment(), host=Environment()))


def test_the_value(tmp_path: Path) -> None:
    package = pack(request(tmp_path), tmp_path / "out")
    data = package.path.read_bytes()
    assert package == Package(
        path=tmp_path / "out" / f"greeting-1.2.3-{BUILD_STRING}.conda",
        file_name=f"greeting-1.2.3-{BUILD_STRING}.conda",
        name="greeting",
        version="1.2.3",
        build=BUILD_STRING,
        subdir="linux-64",
        sha256=hashlib.sha256(data).hexdigest(),
        md5=hashlib.md5(data).hexdigest(),
        size=len(data),
        record=package.record,
        recipe_key="5" * 64,
        build_key="6" * 64,
        content=package.content,
    )
    assert len(package.content) == 64
    record = json.loads(package.record)
    assert record["run_exports"] == {"strong_constrains": ["bar <2"], "weak": ["greeting >=1.2.3,<1.3.0a0"]}
    assert (record["sha256"], record["size"]) == (package.sha256, package.size)


def test_the_content_is_what_other_builds_can_notice(tmp_path: Path) -> None:
    made = request(tmp_path)
    first = pack(made, tmp_path / "out")
    assert json.loads(read_package(first.path).read_info("bakehouse/keys.json"))["content"] == first.content
    other_keys = pack(replace(made, recipe_key="9" * 64, build_key="8" * 64), tmp_path / "keys")
    assert (other_keys.content, other_keys.sha256 == first.sha256) == (first.content, False)
    fewer_files = replace(made.relocated, entries=made.relocated.entries[:-1])
    assert pack(replace(made, relocated=fewer_files), tmp_path / "files").content != first.content
    alone = replace(made.environments, depends=())
    assert pack(replace(made, environments=alone), tmp_path / "depends").content != first.content


def test_all_info_files(tmp_path: Path) -> None:
    package = read_package(pack(request(tmp_path), tmp_path / "out").path)
    assert [name for name in package.info_files() if "/" not in name] == [
        "about.json", "hash_input.json", "index.json", "paths.json", "run_exports.json", "used_build_tool.json",
    ]  # fmt: skip
    assert {name.partition("/")[0] for name in package.info_files() if "/" in name} == {
        "bakehouse", "licenses", "recipe", "tests",
    }  # fmt: skip
    assert package.read_info("licenses/LICENSE") == b"MIT text\n"
    assert [name for name in package.info_files() if name.startswith("bakehouse/")] == [
        "bakehouse/binary.json", "bakehouse/keys.json", "bakehouse/sbom.cdx.json",
    ]  # fmt: skip
    assert package.index()["timestamp"] == EPOCH * 1000


def test_paths_json_is_true(tmp_path: Path) -> None:
    package = read_package(pack(request(tmp_path), tmp_path / "out").path)
    package.extract(tmp_path / "into")
    found = tree(tmp_path / "into")
    for entry in package.paths():
        assert entry["_path"] in found
        content = tmp_path / "into" / entry["_path"]
        if content.is_file():
            assert hashlib.sha256(content.read_bytes()).hexdigest() == entry["sha256"]
            assert content.stat().st_size == entry["size_in_bytes"]


def test_the_same_request_gives_the_same_bytes(tmp_path: Path) -> None:
    """In other folders, at other times, with another umask, order, zone and locale."""
    first = pack(request(tmp_path / "a"), tmp_path / "a-out")
    old = os.umask(0o027)
    try:
        other = request(tmp_path / "b" / "deeper")
        for path in (tmp_path / "b").rglob("*"):
            os.utime(path, (1, 1), follow_symlinks=False)
        shuffled = replace(other, relocated=replace(other.relocated, entries=other.relocated.entries[::-1]))
        second = pack(shuffled, tmp_path / "b-out")
    finally:
        os.umask(old)
    assert second.sha256 == first.sha256
    code = """
import sys
from pathlib import Path
from builder.pack import pack
from tests.pack.greeting import request
print(pack(request(Path(sys.argv[1])), Path(sys.argv[1]) / "out").sha256)
"""
    environment = {**os.environ, "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "5"}
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "c"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == first.sha256


def test_the_bytes_are_those_of_the_last_version(tmp_path: Path) -> None:
    """Other bytes for the same request need another FORMAT, and a line in the change log: then renew this digest."""
    package = read_package(pack(request(tmp_path), tmp_path / "out").path)
    digest = hashlib.sha256()
    for name in package.info_files():
        digest.update(name.encode() + b"\0" + package.read_info(name))
    assert digest.hexdigest() == GOLDEN


GOLDEN = "304f835ad98fde38a9ceb3a56e14709f43bbc440d4a3be786d85a7e5fad6f5a8"


def test_nothing_of_the_building_machine_is_in_it(tmp_path: Path) -> None:
    package = pack(request(tmp_path), tmp_path / "out")
    read_package(package.path).extract(tmp_path / "into")
    for name, content in tree(tmp_path / "into").items():
        data = content if isinstance(content, bytes) else str(content).encode()
        for word in (str(tmp_path), "/home/me", "tk-123", ":pw@", str(CHECKOUT)):
            assert word.encode() not in data, name


def test_the_old_format_on_request(tmp_path: Path) -> None:
    new, old = (pack(replace(request(tmp_path), packaging=one), tmp_path / "out") for one in (Packaging(), BZIP2))
    assert old.file_name == f"greeting-1.2.3-{BUILD_STRING}.tar.bz2"
    opened = [read_package(package.path) for package in (new, old)]
    one, other = ({m.path for m in package.members()} for package in opened)
    assert one == other
    assert opened[0].read_info("paths.json") == opened[1].read_info("paths.json")


def test_both_formats_have_the_same_members_but_for_what_names_the_format(tmp_path: Path) -> None:
    made = request(tmp_path)
    for packaging in (Packaging(), BZIP2):
        package = pack(replace(made, packaging=packaging), tmp_path / "out")
        read_package(package.path).extract(tmp_path / packaging.file_type)
    one, other = tree(tmp_path / "conda"), tree(tmp_path / "tar.bz2")
    rendered = "info/recipe/rendered_recipe.yaml"
    lines = [set(bytes(found.pop(rendered)).splitlines()) for found in (one, other)]  # type: ignore[call-overload]
    assert one == other
    assert lines[0] ^ lines[1] == {
        b"    archive_type: conda", b"    archive_type: tar_bz2", b"    compression_level: 10", b"    compression_level: 9",
    }  # fmt: skip


@pytest.mark.parametrize(
    "packaging", [Packaging(), BZIP2, Packaging(level=-7), Packaging(file_type="tar.bz2", level=1)]
)
def test_threads_change_no_byte(tmp_path: Path, packaging: Packaging) -> None:
    made = request(tmp_path)
    packages = [
        pack(replace(made, packaging=replace(packaging, threads=threads)), tmp_path / str(threads))
        for threads in (1, 2, 5)
    ]
    assert len({package.sha256 for package in packages}) == 1


def test_without_the_recipe(tmp_path: Path) -> None:
    made = request(tmp_path)
    whole, bare = (
        read_package(pack(replace(made, packaging=Packaging(with_recipe=it)), tmp_path / str(it)).path)
        for it in (True, False)
    )
    gone = set(whole.info_files()) - set(bare.info_files())
    assert gone == {name for name in whole.info_files() if name.startswith("recipe/")} != set()


def test_what_the_user_adds_wins_over_what_the_recipe_says(tmp_path: Path) -> None:
    """CEP 31."""
    made = request(tmp_path)
    before = read_package(pack(made, tmp_path / "before").path).about().get("extra", {})
    key = next(iter(before), "sha")
    added = ((key, "ä=1"), ("flow_run_id", "github_1"))
    package = pack(replace(made, packaging=Packaging(extra=added)), tmp_path / "after")
    assert read_package(package.path).about()["extra"] == {**before, **dict(added)}
    turned = pack(replace(made, packaging=Packaging(extra=added[::-1])), tmp_path / "turned")
    assert turned.sha256 == package.sha256, "one recipe key, one file"


def test_compression_changes_the_bytes_and_not_the_members(tmp_path: Path) -> None:
    made = request(tmp_path)
    fast, small = (pack(replace(made, packaging=Packaging(level=level)), tmp_path / str(level)) for level in (1, 19))
    for package in (fast, small):
        read_package(package.path).extract(tmp_path / f"x-{package.size}-{package.sha256[:4]}")
    one, other = (tree(tmp_path / f"x-{package.size}-{package.sha256[:4]}") for package in (fast, small))
    recipe = "info/recipe/rendered_recipe.yaml"  # which names the level
    assert one.pop(recipe) != other.pop(recipe)
    assert one == other


@pytest.mark.parametrize(
    "entry",
    [
        link_entry("bad", "/etc/passwd"),
        link_entry("bad", "../outside"),
        link_entry("../bad", "x"),
        link_entry("bin/greet", "twice"),
        link_entry("info/index.json", "x"),
        link_entry("bin/greet/below", "x"),
    ],
)
def test_what_no_package_may_hold(tmp_path: Path, entry: RelocatedEntry) -> None:
    """D20."""
    made = request(tmp_path)
    relocated = replace(made.relocated, entries=(*made.relocated.entries, entry))
    with pytest.raises(WorkError):
        pack(replace(made, relocated=relocated), tmp_path / "out")
    assert list((tmp_path / "out").glob("*")) == []


def test_a_file_that_changed_since_it_was_relocated(tmp_path: Path) -> None:
    made = request(tmp_path)
    (tmp_path / "payload" / "bin" / "greet").write_bytes(b"#!/bin/sh\necho HELLO\n")
    with pytest.raises(WorkError, match="bin/greet changed"):
        pack(made, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_empty_package(tmp_path: Path) -> None:
    made = alone(request(tmp_path))
    package = pack(replace(made, relocated=replace(made.relocated, entries=(), licenses=())), tmp_path / "out")
    assert read_package(package.path).paths() == ()


# -- other tools -------------------------------------------------------------------------------------------------------


def channel(package: Package, folder: Path) -> Path:
    """A channel with that package in it."""
    for subdir in {package.subdir, "noarch"}:
        packages = {package.file_name: json.loads(package.record)} if subdir == package.subdir else {}
        index = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages, "repodata_version": 1}
        (folder / subdir).mkdir(parents=True, exist_ok=True)
        (folder / subdir / "repodata.json").write_text(json.dumps(index))
    package.path.rename(folder / package.subdir / package.file_name)
    return folder


def install(source: Path, spec: str, prefix: Path) -> None:
    """Install from a channel, by rattler, in a process of its own (it may crash at the end of one)."""
    code = """
import asyncio, sys
from pathlib import Path
from rattler import Channel, Gateway, MatchSpec, install, solve

async def main():
    gateway = Gateway(cache_dir=Path(sys.argv[4]) / "gateway")
    records = await solve([Channel(sys.argv[1])], [MatchSpec(sys.argv[2])], gateway=gateway, platforms=["linux-64", "noarch"])
    await install(records, sys.argv[3], cache_dir=Path(sys.argv[4]) / "packages", show_progress=False)

asyncio.run(main())
"""
    cache = source.parent / "cache"
    command = [sys.executable, "-c", code, source.as_uri(), spec, str(prefix), str(cache)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert list(prefix.glob("conda-meta/*.json")), run.stderr


def test_rattler_installs_it(tmp_path: Path) -> None:
    package = pack(alone(request(tmp_path)), tmp_path / "out")
    prefix = tmp_path / "prefix"
    install(channel(package, tmp_path / "channel"), "greeting", prefix)
    assert (prefix / "share/where.txt").read_text() == f"{prefix}/share\n"
    blob = (prefix / "share/blob").read_bytes()
    assert blob.startswith(b"a\0" + str(prefix).encode() + b"/x\0")
    assert len(blob) == len(b"a\0" + PLACEHOLDER.encode() + b"/x\0")
    assert (prefix / "share/through").read_bytes() == b"\x7fELF not really"
    assert (prefix / "bin/chain").readlink() == Path("greet-again")
    assert subprocess.run([prefix / "bin/chain"], capture_output=True, text=True, check=True).stdout == "hello\n"


def test_conda_package_handling_transmutes_it_both_ways(tmp_path: Path) -> None:
    from conda_package_handling import api, validate

    made = request(tmp_path)
    for packaging, other in ((Packaging(), ".tar.bz2"), (BZIP2, ".conda")):
        kind = packaging.file_type
        package = pack(replace(made, packaging=packaging), tmp_path / kind)
        out = tmp_path / f"from-{kind}"
        out.mkdir()
        assert not api.transmute(str(package.path), other, out_folder=str(out))
        (converted,) = out.iterdir()
        assert not any(validate.validate_converted_files_match_streaming(str(package.path), converted)[1:])
        read_package(package.path).extract(tmp_path / f"ours-{kind}")
        read_package(converted).extract(tmp_path / f"theirs-{kind}")
        assert tree(tmp_path / f"ours-{kind}") == tree(tmp_path / f"theirs-{kind}")


def test_the_test_runner_of_rattler_build_runs_the_tests(tmp_path: Path) -> None:
    from rattler_build import Package as Peer

    made = alone(request(tmp_path))
    tests = (
        ScriptTest(script=Script(content=("greet", "test -f $PREFIX/share/where.txt"))),
        PackageContentsTest(bin=("greet",)),
        ScriptTest(script=Script(file="check")),
        ScriptTest(script=Script(content=("false",)), recipe_files=GlobList()),
    )
    output = replace(made.rendering.output, tests=tests)
    package = pack(replace(made, rendering=replace(made.rendering, output=output), test_files=()), tmp_path / "out")
    nothing = tmp_path / "nothing"
    for subdir in ("linux-64", "noarch"):
        (nothing / subdir).mkdir(parents=True)
        (nothing / subdir / "repodata.json").write_text(json.dumps({"info": {"subdir": subdir}, "packages": {}}))
    peer = Peer.from_file(package.path)
    assert (peer.name, peer.version, peer.build_string, peer.test_count) == ("greeting", "1.2.3", BUILD_STRING, 4)
    passed = [peer.run_test(number, channel=[nothing.as_uri()]).success for number in range(4)]
    assert passed == [True, True, True, False]


def test_rattler_reads_every_part(tmp_path: Path) -> None:
    from rattler import AboutJson, IndexJson, PathsJson, RunExportsJson

    path = pack(request(tmp_path), tmp_path / "out").path
    read_package(path).extract(tmp_path / "x")
    index, exports = IndexJson.from_package_archive(path), RunExportsJson.from_package_archive(path)
    assert (index.name.normalized, str(index.version), str(index.build)) == ("greeting", "1.2.3", BUILD_STRING)
    assert index.depends == ["bash >=5", "libthing >=2.0,<3.0a0"]
    assert index.track_features == ["greeting-p-0", "greeting-p-1"]
    assert AboutJson.from_package_directory(tmp_path / "x").license == "MIT"
    assert len(PathsJson.from_package_archive(path).paths) == 11
    assert (exports.weak, exports.strong_constrains) == (["greeting >=1.2.3,<1.3.0a0"], ["bar <2"])
