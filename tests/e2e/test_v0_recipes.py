"""Recipes in conda-build's format, from text to tested packages: each kind of them, and what their outputs share."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conda_package_handling.api import extract

from builder.archive import OpenPackage, read_package
from builder.store import Store
from tests.e2e.command import CHECKOUT, Bakehouse, Built, build_paths_in, indexed, packages
from tests.e2e.pythons import OPTIONS, linked, package_name

pytestmark = pytest.mark.sandbox

RECIPES = CHECKOUT / "recipes" / "v0"
DIVIDED = Path(__file__).parent / "divided"
NAMES = {"crumbs", "libtoast", "libtoast-devel", "lz4-c", "markdown", "pylz4", "toast", "toast-manual"}


@pytest.fixture(scope="module")
def oven(machine_store: Store) -> Iterator[Bakehouse]:
    """The command with a store that has every source."""
    store = Path(tempfile.mkdtemp(prefix="v0-", dir=machine_store.root.parent))
    linked(machine_store.root / "files", store / "files")
    yield Bakehouse(store=store)
    shutil.rmtree(store)


@pytest.fixture(scope="module")
def old(collection: Built, oven: Bakehouse, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """recipes/v0 on top of recipes/python, two at once."""
    channel = linked(collection.channel, tmp_path_factory.mktemp("v0") / "channel")
    done = subprocess.run(
        oven.argv("build", *sorted(RECIPES.iterdir()), *OPTIONS, "--out", channel, "-j", "2", "--json"),
        env=oven.variables(), cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return Built(channel=channel, document=tuple(json.loads(done.stdout)))


def opened(old: Built, name: str) -> OpenPackage:
    """The one package of that name."""
    (found,) = (path for path in old.channel.glob("*/*.conda") if package_name(str(path)) == name)
    return read_package(found)


def paths(package: OpenPackage) -> set[str]:
    """Every path that a package has."""
    return {str(entry["_path"]) for entry in package.paths()}


def test_the_channel_holds_what_the_matrix_predicts_and_every_package_was_tested(old: Built, collection: Built) -> None:
    rendered = Bakehouse(store=Path("/nonexistent")).good("render", RECIPES, "-m", "variants/python.yaml", "--json")
    predicted = {
        f"{one['subdir']}/{one['name']}-{one['version']}-{one['build']}.conda"
        for one in json.loads(rendered)
        if one["kind"] == "package"
    }
    assert {package_name(path) for path in predicted} == NAMES
    assert set(packages(old.channel)) == set(indexed(old.channel)) == predicted | set(packages(collection.channel))
    tested = {}
    for one in old.document:
        tests = one["tests"]
        assert isinstance(tests, list)
        assert all(test["passed"] for test in tests)
        if Path(str(one["path"])).name in {Path(path).name for path in predicted}:
            tested[package_name(str(one["path"]))] = len(tests)
    assert tested == {name: 2 if name in {"markdown", "pylz4"} else 1 for name in NAMES}


def test_a_pure_python_package_has_its_command_told_and_nothing_compiled(old: Built) -> None:
    markdown = opened(old, "markdown")
    index = markdown.index()
    assert (index["noarch"], index["subdir"], index["build"]) == ("python", "noarch", "py_0")
    assert index["depends"] == ["python >=3.10", "python"]
    link = json.loads(markdown.read_info("link.json"))
    assert link["noarch"] == {"type": "python", "entry_points": ["markdown_py = markdown.__main__:run"]}
    assert all(path.startswith("site-packages/markdown") for path in paths(markdown))
    assert [path for path in paths(markdown) if path.endswith(".pyc")] == []
    about = json.loads(markdown.read_info("about.json"))
    assert (about["home"], about["license"]) == ("https://python-markdown.github.io", "BSD-3-Clause")


def test_a_library_exports_itself_and_whoever_builds_with_it_depends_on_it(old: Built) -> None:
    library, program = opened(old, "lz4-c"), opened(old, "crumbs")
    assert library.run_exports() == {"weak": ("lz4-c >=1.9.4,<1.10.0a0",)}
    assert {"include/lz4.h", "lib/liblz4.so", "lib/liblz4.so.1", "lib/liblz4.so.1.9.4"} < paths(library)
    assert "lz4-c >=1.9.4,<1.10.0a0" in program.index()["depends"]
    assert program.index()["constrains"] == ["toast >=2"]
    assert (program.index()["version"], program.index()["build_number"]) == ("1.2.0", 3)  # both out of a file


def test_an_extension_is_pinned_to_what_it_was_built_with(old: Built) -> None:
    """By ``pin_compatible``, by the run exports of its host environment, and by ``pin_run_as_build``."""
    depends = set(opened(old, "pylz4").index()["depends"])
    assert {"python >=3.13,<3.14.0a0", "lz4-c >=1.9,<2.0a0", "lz4-c >=1.9.4,<1.10.0a0"} < depends
    assert "python_abi 3.13.* *_cp313" in depends


def test_outputs_share_what_was_built_once(old: Built) -> None:
    found = {name: paths(opened(old, name)) for name in sorted(NAMES) if "toast" in name}
    assert found == {
        "libtoast": {"lib/libtoast.so.2", "lib/libtoast.so.2.3.1"},
        "libtoast-devel": {"include/toast.h", "lib/libtoast.so"},
        "toast": {"bin/toast"},
        "toast-manual": {"share/toast/manual.txt"},
    }
    library = opened(old, "libtoast").index()
    exact = f"libtoast {library['version']} {library['build']}"
    assert opened(old, "libtoast-devel").index()["depends"] == [exact]
    assert exact in opened(old, "toast").index()["depends"]
    assert opened(old, "libtoast").run_exports() == {"strong": ("libtoast >=2.3.1,<3.0a0",)}


def test_no_package_names_a_place_of_the_build(old: Built, tmp_path: Path) -> None:
    for name in sorted(NAMES):
        extract(str(opened(old, name).path), dest_dir=str(tmp_path / name))
        shutil.rmtree(tmp_path / name / "info")
        texts = [entry for entry in opened(old, name).paths() if entry.get("prefix_placeholder")]
        placed = {str(entry["_path"]) for entry in texts}
        assert [str(path) for path, _ in build_paths_in(tmp_path / name) if str(path) not in placed] == []


def test_packages_can_be_tested_again(old: Built, oven: Bakehouse) -> None:
    """With what they carry: scripts, files of the recipe and of the sources, requirements of tests."""
    for name in ("crumbs", "toast-manual"):
        said = oven.good("test", opened(old, name).path, "-c", old.channel, "--offline", "--json")
        (result,) = json.loads(said)
        assert [test["passed"] for test in result["tests"]] == [True]


def test_the_same_command_again_builds_nothing(old: Built, oven: Bakehouse) -> None:
    before = packages(old.channel)
    again = oven.good("build", RECIPES, *OPTIONS, "--out", old.channel, "--json")
    assert {one["ending"] for one in json.loads(again)} == {"reused"}
    assert packages(old.channel) == before


@pytest.fixture
def fresh(oven: Bakehouse, tmp_path: Path) -> Bakehouse:
    """The command with a store that has every source, and nothing that was built."""
    Store(tmp_path / "store").close()
    linked(oven.store / "files", tmp_path / "store" / "files")
    return Bakehouse(store=tmp_path / "store")


def test_what_outputs_make_of_one_work_folder_is_reproducible(old: Built, fresh: Bakehouse, tmp_path: Path) -> None:
    channel = linked(old.channel, tmp_path / "channel")
    for file in channel.glob("*/*toast*.conda"):
        file.unlink()
    fresh.good("index", channel)
    fresh.good("build", RECIPES / "toast", *OPTIONS, "--out", channel, "-j", "1")
    assert packages(channel) == packages(old.channel)


@pytest.fixture(scope="module")
def divided(oven: Bakehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The channel with the packages of a recipe whose outputs need nothing."""
    channel = tmp_path_factory.mktemp("divided") / "channel"
    oven.good("build", DIVIDED, "--out", channel, "-j", "2", "--offline")
    return channel


def test_each_output_holds_what_conda_builds_does(divided: Path) -> None:
    """What conda-build 26.7 packs of this recipe, recorded."""
    expected = json.loads((DIVIDED / "facts.json").read_text())
    found = {path.name.removesuffix(".conda"): sorted(paths(read_package(path))) for path in divided.glob("*/*.conda")}
    assert found == expected


def test_an_output_alone_is_built_in_the_work_folder_of_those_before(
    divided: Path, oven: Bakehouse, fresh: Bakehouse, tmp_path: Path
) -> None:
    """Whether the store still has what they left or they are built once more: the same bytes."""
    for command, before in ((oven, "reused"), (fresh, "built")):
        channel = linked(divided, tmp_path / f"channel-{before}")
        (channel / "linux-64" / "zzz-1.0-0.conda").unlink()
        command.good("index", channel)
        document = json.loads(command.good("build", DIVIDED, "--out", channel, "--offline", "--json"))
        states = {package_name(str(one["path"])): one["ending"] for one in document if one.get("path")}
        assert states == {
            **dict.fromkeys(("aaa", "empty", "pack"), "reused"),
            **dict.fromkeys(("lst", "own", "two"), before),
            "zzz": "built",
        }
        assert packages(channel) == packages(divided)


FAILING = """
package: {name: burnt, version: "1"}
build:
  script:
    - mkdir -p $PREFIX/share
    - echo black > $PREFIX/share/burnt
    - SCRIPT
about: {license: MIT}
test:
  commands:
    - TEST
"""


@pytest.mark.parametrize(
    ("script", "test", "said"),
    [
        ("cat nothing.txt", "test -d $PREFIX", "nothing.txt: No such file or directory"),
        ("test -d $PREFIX", "grep white $PREFIX/share/burnt", "(script 0 ended with exit code 1)"),
    ],
)
def test_what_fails_is_not_published(oven: Bakehouse, tmp_path: Path, script: str, test: str, said: str) -> None:
    folder, channel = tmp_path / "burnt", tmp_path / "channel"
    folder.mkdir()
    (folder / "meta.yaml").write_text(FAILING.replace("SCRIPT", script).replace("TEST", test))
    done = oven.run("build", folder, "--out", channel, "--offline")
    assert done.returncode == 1
    assert said in done.stderr
    assert packages(channel) == {}


def test_scripts_are_run_as_conda_build_runs_them(oven: Bakehouse, tmp_path: Path) -> None:
    """After a variable that is not set and a failure inside a pipe they go on, after any other failure not."""
    folder, channel = tmp_path / "easy", tmp_path / "channel"
    folder.mkdir()
    (folder / "conda_build_config.yaml").write_text("filling: [cheese]\n".replace("[cheese]", "\n  - cheese"))
    (folder / "build.sh").write_text(
        'test -z "$NOT_SET"\nfalse | true\nmkdir -p $PREFIX\necho "$filling" >$PREFIX/it\n'
    )
    (folder / "meta.yaml").write_text(
        "package: {name: easy, version: '1'}\ntest:\n  commands:\n"
        "    - test -z \"$NOT_SET\"\n    - false | true\n    - grep -Fx cheese $PREFIX/it\n"
    )  # fmt: skip
    oven.good("build", folder, "--out", channel, "--offline")
    assert [Path(path).name for path in packages(channel)] == ["easy-1-0.conda"]
    (folder / "conda_build_config.yaml").write_text("filling:\n  - ham\n")
    done = oven.run("build", folder, "--out", channel, "--offline")
    assert done.returncode == 1, "another value of a variable that the script names builds it again"
