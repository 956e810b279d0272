"""The whole collection as `make demo` builds it: twice in different surroundings, then looked through, used, repacked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conda_package_handling import api as cph
from ruamel.yaml import YAML

from builder.model.inside import SEALED
from builder.store import Store
from tests.e2e.command import CHECKOUT, Bakehouse, Built, build_paths_in, indexed, packages
from tests.e2e.elsewhere import elsewhere
from tests.e2e.solving import picks

RECIPES = CHECKOUT / "recipes" / "base"

TOO_LARGE = 4 << 20
"""Bytes of a package that bzip2 takes minutes for: the compilers and cmake, whose kinds of members smaller ones have too."""

PREFIXES = ("gcc", "clang")

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def built_elsewhere(machine_store: Store) -> Iterator[Path]:
    """The collection again, four at once, in other surroundings, with the values of each variant key turned round."""
    with elsewhere(machine_store) as place:
        yaml, file = YAML(typ="safe"), place.root / "variants" / "linux.yaml"
        keys = yaml.load(file)
        yaml.dump({key: found if key == "zip_keys" else found[::-1] for key, found in keys.items()}, file)
        place.run("build", "recipes/base", "--out", "out", "-j", "4", "--offline", "-q")
        yield place.root / "out"


def test_the_channel_holds_what_the_matrix_predicts_and_every_package_was_tested(built: Built) -> None:
    rendered = json.loads(Bakehouse(store=Path("/nonexistent")).good("render", RECIPES, "--json"))
    predicted = {
        f"{one['subdir']}/{one['name']}-{one['version']}-{one['build']}.conda"
        for one in rendered
        if one["kind"] == "package"
    }
    assert set(packages(built.channel)) == predicted == set(indexed(built.channel))
    for package in built.document:
        tests = package["tests"]
        assert isinstance(tests, list)
        assert tests, f"{package['path']} was not tested"
        assert all(test["passed"] for test in tests)


def test_identical_bytes_whoever_builds_where_and_when(built: Built, built_elsewhere: Path) -> None:
    first, second = packages(built.channel), packages(built_elsewhere)
    assert set(first) == set(second)
    assert {name for name in first if first[name] != second[name]} == set()


def test_solvers_take_gccs_builds_whatever_the_order(built: Built, built_elsewhere: Path) -> None:
    """Of what both compilers have built; and nothing is left to chance."""
    libraries = ("zlib", "libzstd", "snappy", "libbase64-devel", "base64")
    chosen = picks(built.channel, libraries)
    assert picks(built_elsewhere, libraries) == chosen
    builds: dict[str, dict[str, object]] = {}
    for package in built.document:
        name, _, build = Path(str(package["path"])).stem.rsplit("-", 2)
        variant = package["variant"]
        assert isinstance(variant, dict)
        builds.setdefault(name, {})[build] = variant.get("c_compiler")
        findings = package["findings"]
        assert isinstance(findings, list)
        assert "choice" not in {finding["check"] for finding in findings}
    assert sum(set(found.values()) == {"gcc", "clang"} for found in builds.values()) == 7
    for name, build in chosen.items():
        assert builds[name][build] == ("gcc" if len(builds[name]) > 1 else None)


@pytest.fixture(scope="module")
def used(built: Built, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with two prefixes that py-rattler installed, whose compilers built and ran programs, and what these said."""
    folder = tmp_path_factory.mktemp("used")
    done = subprocess.run(
        [sys.executable, CHECKOUT / "ci" / "use_packages.py", built.channel, folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_programs_compile_link_and_run_from_prefixes_that_rattler_installed(used: tuple[Path, str]) -> None:
    _, said = used
    for compiler in ("gcc 12.2.0", "clang 19.1.7"):
        assert f"C by {compiler}: zlib 1.3.1, zstd 1.5.7, base64 YmFrZWhvdXNl, a thread" in said
    for line in (
        "C++: snappy 1000 -> 52 bytes, a thread, an exception caught",
        "OpenMP: 3 threads, the sum to 1000 is 500500",
        "Fortran: threads, 128 bits, pi is nearly 3.1406",
    ):
        assert said.count(line) == 2


def test_the_libraries_in_each_prefix_were_compiled_by_its_compiler(used: tuple[Path, str]) -> None:
    """Compilers sign what they compile; GCC's signature is in the start files, too."""
    folder, _ = used
    for name in ("libz.so.1", "libzstd.so.1", "libsnappy.so.1", "libbase64.so.0"):
        signed = {
            compiler: b"clang version 19" in (folder / compiler / "lib" / name).read_bytes() for compiler in PREFIXES
        }
        assert signed == {"gcc": False, "clang": True}, name


def test_no_installed_file_knows_where_it_was_built(used: tuple[Path, str]) -> None:
    prefix, _ = used
    assert build_paths_in(prefix) == []


def test_the_placeholder_stands_only_where_paths_json_records_it(built: Built, tmp_path: Path) -> None:
    placeholder = str(SEALED.prefix).encode()
    for path in built.channel.glob("*/*.conda"):
        tree = tmp_path / path.stem
        cph.extract(str(path), dest_dir=str(tree))
        recorded = {
            entry["_path"]
            for entry in json.loads((tree / "info" / "paths.json").read_text())["paths"]
            if entry.get("prefix_placeholder")
        }
        holding = {
            str(file.relative_to(tree))
            for file in tree.rglob("*")
            if file.is_file() and not file.is_symlink() and file.relative_to(tree).parts[0] != "info"
            and placeholder in file.read_bytes()
        }  # fmt: skip
        assert holding == recorded, path.name
        shutil.rmtree(tree)


def members(tree: Path) -> dict[str, str | bytes]:
    """Return every path of an extracted package with its content or its link's target."""
    return {
        str(path.relative_to(tree)): path.readlink().as_posix() if path.is_symlink() else path.read_bytes()
        for path in tree.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_conda_package_handling_extracts_and_transmutes_both_ways_to_the_same_members(
    built: Built, tmp_path: Path
) -> None:
    for path in sorted(built.channel.glob("*/*.conda")):
        if path.stat().st_size > TOO_LARGE:
            continue
        folder = tmp_path / path.stem
        (folder / "old").mkdir(parents=True)
        (folder / "new").mkdir()
        cph.extract(str(path), dest_dir=str(folder / "ours"))
        cph.transmute(str(path), ".tar.bz2", out_folder=str(folder / "old"), processes=1)
        (old,) = (folder / "old").glob("*.tar.bz2")
        cph.extract(str(old), dest_dir=str(folder / "from old"))
        cph.transmute(
            str(old),
            ".conda",
            out_folder=str(folder / "new"),
            processes=1,
            zstd_compress_level=1,
            zstd_compress_threads=1,
        )
        (new,) = (folder / "new").glob("*.conda")
        cph.extract(str(new), dest_dir=str(folder / "from new"))
        ours = members(folder / "ours")
        assert members(folder / "from old") == ours, path.name
        assert members(folder / "from new") == ours, path.name
        shutil.rmtree(folder)


def test_packages_are_readable_by_everybody_and_stored_as_the_format_says(built: Built) -> None:
    for path in built.channel.rglob("*"):
        assert path.stat().st_mode & 0o444 == 0o444, path
    for path in built.channel.glob("*/*.conda"):
        with zipfile.ZipFile(path) as archive:
            assert all(member.compress_type == zipfile.ZIP_STORED for member in archive.infolist())
            assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
