"""Our package of a recipe beside the one that rattler-build makes of it: every difference stands in this file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from builder.archive import OpenPackage, read_package
from builder.model.environment import (
    DependencyOrigin,
    Environment,
    Environments,
    ResolvedRunExports,
    RunDependency,
)
from builder.model.payload import Entry, EntryKind, LicenseFile, Relocated, RelocatedEntry
from builder.model.recipe import (
    About,
    Build,
    DownstreamTest,
    GlobList,
    Output,
    PackageContentsTest,
    PathSource,
    PythonTest,
    Script,
    ScriptTest,
    VariantKeys,
)
from builder.model.rendering import Platforms, RecipeFile, Rendering
from builder.model.variant import Variant
from builder.pack import PackRequest, Tool, pack
from builder.syntax import read_yaml
from tests.pack.greeting import write
from tests.pack.test_tests import plain

RECIPE = """\
package:
  name: hello-script
  version: "1.2.3"
source:
  path: src
build:
  number: 4
  script: build.sh
  variant:
    use_keys: [flavour]
    down_prioritize_variant: -1
requirements:
  run:
    - bash >=5
  run_constraints:
    - zsh >=5
  run_exports:
    weak:
      - ${{ pin_subpackage('hello-script', upper_bound='x.x') }}
    strong:
      - foo >=1
    weak_constraints:
      - bar <2
tests:
  - script:
      - hello
    requirements:
      run: [coreutils]
  - package_contents:
      bin: [hello]
  - python:
      imports: [json]
      pip_check: false
  - downstream: other
about:
  homepage: https://example.org/home
  license: MIT
  license_file: LICENSE
  summary: A greeting
  description: |
    Longer
    Text.
  repository: https://example.org/repo
  documentation: https://example.org/doc
extra:
  recipe-maintainers: [somebody]
"""
SCRIPT = r"""
mkdir -p $PREFIX/bin $PREFIX/share/empty $PREFIX/lib
printf '#!/bin/sh\necho hello\n' > $PREFIX/bin/hello
chmod 755 $PREFIX/bin/hello
echo "$PREFIX/share" > $PREFIX/share/where.txt
ln -s where.txt $PREFIX/share/link.txt
ln -s missing.txt $PREFIX/share/dangling.txt
ln -s share $PREFIX/dirlink
printf 'bin\0ary%s\0rest' "$PREFIX" > $PREFIX/lib/blob.bin
: > $PREFIX/share/keep
"""
PEER = """
import sys, warnings
warnings.simplefilter("ignore")
from rattler_build.cli_api import build_recipes
build_recipes([sys.argv[1]], output_dir=sys.argv[2], variant_config=[sys.argv[3]], test="skip", channel=[sys.argv[4]])
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two packages of one recipe, and what theirs holds as files."""

    ours: OpenPackage
    theirs: OpenPackage
    folder: Path


def built_by_the_peer(folder: Path) -> OpenPackage:
    recipe = folder / "recipe"
    write(recipe / "recipe.yaml", RECIPE.encode())
    write(recipe / "build.sh", SCRIPT.encode())
    write(recipe / "LICENSE", b"MIT text\n")
    write(recipe / "unnamed.txt", b"not named by the recipe\n")
    write(recipe / "src" / "data.txt", b"data\n")
    write(folder / "variants.yaml", b"flavour: [plain]\n")
    for subdir in ("linux-64", "noarch"):
        write(folder / "channel" / subdir / "repodata.json", b'{"packages": {}}')
    return run_the_peer(folder, (folder / "channel").as_uri())


def run_the_peer(folder: Path, channel: str) -> OpenPackage:
    """Build ``recipe`` below ``folder``, each in a process of its own."""
    paths = [folder / "recipe" / "recipe.yaml", folder / "output", folder / "variants.yaml"]
    command = [sys.executable, "-c", PEER, *map(str, paths), channel]
    subprocess.run(command, check=False, capture_output=True, env={**os.environ, "HOME": str(folder)})
    (path,) = (folder / "output").glob("*/*.conda")
    return read_package(path)


def output() -> Output:
    """What the recipe room makes of the recipe above."""
    return Output(
        kind="package",
        name="hello-script",
        version="1.2.3",
        source=(PathSource(path="src"),),
        build=Build(
            number=4,
            script=Script(file="build.sh"),
            variant=VariantKeys(use_keys=("flavour",), down_prioritize_variant=-1),
        ),
        tests=(
            ScriptTest(script=Script(content=("hello",)), run=("coreutils",), recipe_files=GlobList()),
            PackageContentsTest(bin=("hello",)),
            PythonTest(imports=("json",), pip_check=False),
            DownstreamTest(downstream="other"),
        ),
        about=About(
            homepage="https://example.org/home",
            repository="https://example.org/repo",
            documentation="https://example.org/doc",
            license="MIT",
            license_file=("LICENSE",),
            summary="A greeting",
            description="Longer\nText.",
        ),
        rendered=json.dumps({"extra": {"recipe-maintainers": ["somebody"]}}),
    )


def relocated(theirs: OpenPackage, files: Path) -> Relocated:
    """Their payload as our relocation would hand it over."""
    entries = []
    for listed in theirs.paths():
        path = files / listed["_path"]
        if path.is_symlink():
            entry = Entry(path=listed["_path"], kind=EntryKind.SYMLINK, target=str(path.readlink()))
        else:
            executable = os.access(path, os.X_OK)
            entry = Entry(path=listed["_path"], kind=EntryKind.FILE, content=path, executable=executable)
        entries.append(RelocatedEntry(entry=entry, sha256=listed["sha256"], prefix_mode=listed.get("file_mode")))
    placeholder = next(listed["prefix_placeholder"] for listed in theirs.paths() if "prefix_placeholder" in listed)
    license_file = LicenseFile(name="LICENSE", content=files / "info" / "licenses" / "LICENSE")
    return Relocated(entries=tuple(entries), licenses=(license_file,), placeholder=placeholder)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("peer")
    theirs = built_by_the_peer(folder)
    theirs.extract(folder / "theirs")
    index = theirs.index()
    request = PackRequest(
        relocated=relocated(theirs, folder / "theirs"),
        rendering=Rendering(
            recipe=RecipeFile(path=folder / "recipe" / "recipe.yaml", folder=folder / "recipe"),
            output=output(),
            variant=Variant.of({"flavour": "plain", "target_platform": "linux-64"}),
            platforms=Platforms(target="linux-64", host="linux-64", build="linux-64"),
            subdir="linux-64",
            hash=index["build"][1:8],
            build_string=index["build"],
        ),
        environments=Environments(
            build=Environment(),
            host=Environment(),
            depends=(RunDependency(spec="bash >=5", origin=DependencyOrigin.RECIPE),),
            constrains=(RunDependency(spec="zsh >=5", origin=DependencyOrigin.RECIPE),),
            run_exports=ResolvedRunExports(
                weak=("hello-script >=1.2.3,<1.3.0a0",), strong=("foo >=1",), weak_constrains=("bar <2",)
            ),
        ),
        recipe_key="0" * 64,
        build_key="1" * 64,
        epoch=index["timestamp"] // 1000,
        tool=Tool(name="bakehouse", version="0"),
        sealed=True,
    )
    return Pair(ours=read_package(pack(request, folder / "ours").path), theirs=theirs, folder=folder)


def yaml(package: OpenPackage, name: str) -> Any:
    return plain(read_yaml(package.read_info(name), name))


def test_the_payload_is_the_same(pair: Pair) -> None:
    """Files, links, and modes."""

    def payload(package: OpenPackage) -> list[tuple[object, ...]]:
        members = (member for member in package.members() if not member.path.startswith("info"))
        return sorted((m.path, m.kind, m.mode if m.kind == "file" else None, m.size, m.target) for m in members)

    assert payload(pair.ours) == payload(pair.theirs)
    assert pair.ours.path.name == pair.theirs.path.name


def test_info_files(pair: Pair) -> None:
    ours, theirs = set(pair.ours.info_files()), set(pair.theirs.info_files())
    # CEP 40 asks for the first; the folders per test are CEP 14's; info/bakehouse is our own.
    assert ours - theirs == {
        "used_build_tool.json",
        "bakehouse/binary.json", "bakehouse/keys.json", "bakehouse/sbom.cdx.json",
        "tests/0/script.json", "tests/0/test_time_dependencies.json", "tests/2/test_import.py",
        "tests/3/test_downstream.json",
    }  # fmt: skip
    # They pack the recipe's whole folder, we what the recipe names.
    assert theirs - ours == {"recipe/unnamed.txt", "recipe/src/data.txt"}
    for name in ("licenses/LICENSE", "recipe/recipe.yaml", "recipe/build.sh", "recipe/LICENSE"):
        assert pair.ours.read_info(name) == pair.theirs.read_info(name)


def test_index_json(pair: Pair) -> None:
    ours, theirs = pair.ours.index(), pair.theirs.index()
    assert ours.pop("schema_version") == 2  # CEP 34; they leave it out
    assert ours.pop("timestamp") == theirs.pop("timestamp") // 1000 * 1000  # ours is an epoch in whole seconds
    assert ours == theirs


def test_hash_input_json_is_the_same_to_the_byte(pair: Pair) -> None:
    assert pair.ours.read_info("hash_input.json") == pair.theirs.read_info("hash_input.json")


def test_run_exports_json(pair: Pair) -> None:
    assert pair.ours.run_exports() == pair.theirs.run_exports()


def test_about_json(pair: Pair) -> None:
    theirs = pair.theirs.about()
    (channel,) = theirs.pop("channels")
    assert str(pair.folder) in channel  # they name the building machine's folder, we do not
    assert pair.ours.about() == theirs


def test_paths_json(pair: Pair) -> None:
    ours, theirs = ({entry["_path"]: dict(entry) for entry in package.paths()} for package in (pair.ours, pair.theirs))
    assert list(ours) == list(theirs)
    sizes = {}
    for path, entry in ours.items():
        if entry["path_type"] == "softlink":
            sizes[path] = (entry.pop("size_in_bytes"), theirs[path].pop("size_in_bytes"))
        assert entry == theirs[path]
    # CEP 34 wants the size of the file that a symlink leads to; they write the length of its text.
    assert {path: theirs for path, (_, theirs) in sizes.items()} == {
        "dirlink": 5, "share/dangling.txt": 11, "share/link.txt": 9,
    }  # fmt: skip
    assert sizes["share/link.txt"][0] == ours["share/where.txt"]["size_in_bytes"]
    assert (sizes["dirlink"][0], sizes["share/dangling.txt"][0]) == (0, 0)
    assert "share/empty" not in ours  # neither of us packs empty folders


def test_tests_yaml(pair: Pair) -> None:
    script, contents, *rest = yaml(pair.ours, "tests/tests.yaml")
    # They leave out the checks of contents, which are then lost; their runner ignores ours.
    assert contents == {"package_contents": {"bin": ["hello"]}}
    theirs = yaml(pair.theirs, "tests/tests.yaml")
    # They write one command as a text, we always a list.
    assert [theirs[0]["script"]["content"]] == script["script"]
    script["script"], theirs[0]["script"] = None, None
    assert [script, *rest] == theirs


def test_variant_config_yaml(pair: Pair) -> None:
    assert yaml(pair.ours, "recipe/variant_config.yaml") == yaml(pair.theirs, "recipe/variant_config.yaml")


def test_rendered_recipe_yaml(pair: Pair) -> None:
    ours, theirs = (yaml(package, "recipe/rendered_recipe.yaml") for package in (pair.ours, pair.theirs))
    assert set(ours) - set(theirs) == {"rendered_recipe_version"}  # CEP 40
    assert set(theirs) - set(ours) == {"extra_meta"}
    mine, other = ours["build_configuration"], theirs["build_configuration"]
    assert set(other) - set(mine) == {"directories"}  # paths of the building machine
    assert set(mine) - set(other) == set()
    for key in ("target_platform", "variant", "hash", "channel_priority", "solve_strategy", "subpackages"):
        assert mine[key] == other[key]
    assert mine["host_platform"] == {"platform": "linux-64", "virtual_packages": []}  # theirs: the building machine's
    assert mine["channels"] == []
    assert ours["finalized_dependencies"] == theirs["finalized_dependencies"]
    assert ours["system_tools"] == {"bakehouse": "0"}


def test_their_reader_takes_our_rendered_recipe_for_theirs(pair: Pair) -> None:
    from rattler_build import Package as Peer

    ours, theirs = Peer.from_file(pair.ours.path).to_dict(), Peer.from_file(pair.theirs.path).to_dict()
    for different in ("path", "timestamp"):
        del ours[different], theirs[different]
    assert ours == theirs


@pytest.mark.parametrize("kind", ["generic", "python"])
def test_noarch(tmp_path: Path, pair: Pair, kind: str) -> None:
    recipe = tmp_path / "recipe"
    points = "  python:\n    entry_points: ['hello = hello:main']\n" if kind == "python" else ""
    text = f"package:\n  name: plain\n  version: '1'\nbuild:\n  noarch: {kind}\n{points}  script: touch $PREFIX/hello.txt\n"
    write(recipe / "recipe.yaml", text.encode())
    write(tmp_path / "variants.yaml", b"{}\n")
    theirs = run_the_peer(tmp_path, (pair.folder / "channel").as_uri())
    build = Build(noarch=kind)  # type: ignore[arg-type]
    made = PackRequest(
        relocated=Relocated(entries=(), entry_points=("hello = hello:main",) if kind == "python" else ()),
        rendering=Rendering(
            recipe=RecipeFile(path=recipe / "recipe.yaml", folder=recipe),
            output=Output(kind="package", name="plain", version="1", build=build),
            variant=Variant.of({"target_platform": "noarch"}),
            platforms=Platforms(target="linux-64", host="linux-64", build="linux-64"),
            subdir="noarch",
            hash=theirs.index()["build"].rpartition("h")[2][:7],
            build_string=theirs.index()["build"],
        ),
        environments=Environments(build=Environment(), host=Environment()),
        recipe_key="",
        build_key="",
        epoch=0,
        tool=Tool(name="bakehouse", version="0"),
        sealed=True,
    )
    ours = read_package(pack(made, tmp_path / "ours").path)
    mine, other = ours.index(), theirs.index()
    assert mine.pop("constrains") == []  # CEP 34 has no package without it
    for different in ("schema_version", "timestamp"):
        mine.pop(different, None)
        other.pop(different, None)
    assert mine == other
    assert ("link.json" in ours.info_files(), "link.json" in theirs.info_files()) == (kind == "python",) * 2
    if kind == "python":
        assert json.loads(ours.read_info("link.json")) == json.loads(theirs.read_info("link.json"))
    assert ours.read_info("hash_input.json") == theirs.read_info("hash_input.json")
