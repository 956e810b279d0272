"""What every recipe of the collection keeps to, checked without building anything."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from builder.source.debian import pool_file
from builder.source.pins import pins
from tests.recipes.collection import CHECKOUT, FOLDERS, NAMES, PYTHON_VARIANTS, RECIPES, VARIANTS, Package, packages

TEXTS = {name: (FOLDERS[name] / "recipe.yaml").read_text(encoding="utf-8") for name in NAMES}
PARAMS = [pytest.param(package, id=str(package)) for package in packages()]

LINES = {"gcc": 300, "clang": 255, "compiler-activation": 135}
"""Longer than the budget: nine packages from nineteen debs, seven from eighteen, six of one kind."""

ADDRESSES = {
    "debian": re.compile(r"debian:pool/main/(lib)?\w/[\w+.-]+/[\w+.~-]+"),
    "pypi": re.compile(r"pypi:(?P<project>[a-z0-9-]+)/(?P<version>[\w.]+)/[\w.-]+"),
    "https": re.compile(r"https://[\w./+-]+"),
}
OTHER_SUITES = re.compile(r"~bpo|deb(?!12)\d+u\d+")


def packages_of(recipe: str) -> list[Package]:
    return [package for package in packages() if package.recipe == recipe]


def test_the_demo_is_whole() -> None:
    """The packages that the README promises."""
    assert {package.name for package in packages()} >= {
        *(
            "sysroot_linux-64",
            "kernel-headers_linux-64",
            "binutils_impl_linux-64",
            "gcc_impl_linux-64",
            "gxx_impl_linux-64",
        ),
        *("libgcc", "libgomp", "libstdcxx", "libgfortran", "gfortran_impl_linux-64", "binutils_linux-64"),
        *("libllvm19", "libclang-cpp19.1", "clang-19", "clang", "clangxx", "lld", "llvm-openmp"),
        *("gcc_linux-64", "gxx_linux-64", "gfortran_linux-64", "clang_linux-64", "clangxx_linux-64"),
        *("make", "cmake", "ninja", "patchelf", "libzstd", "libzlib", "zlib", "snappy", "tzdata"),
        *("libbase64", "libbase64-devel", "base64"),
    }


def test_the_python_demo_is_whole() -> None:
    """CPython with the libraries of all its modules, the common build backends, and a package of every kind."""
    assert {package.name for package in packages()} >= {
        *("perl", "m4", "autoconf", "automake", "libtool", "pkg-config", "meson", "openssl", "ca-certificates"),
        *("xz", "liblzma", "bzip2", "libffi", "expat", "ncurses", "readline", "libuuid", "sqlite", "libsqlite"),
        *("python", "python-test-modules", "python_abi", "python-abi3", "python-gil", "cpython"),
        *("pip", "setuptools", "wheel", "packaging", "flit-core", "hatchling", "meson-python"),
        *("pygments", "markupsafe", "memory-allocator", "psutil"),
    }


def test_a_name_belongs_to_one_recipe_and_a_variant_is_rendered_once() -> None:
    recipes: dict[str, set[str]] = defaultdict(set)
    for package in packages():
        recipes[package.name].add(package.recipe)
    assert [name for name, found in recipes.items() if len(found) > 1] == []
    builds = [(package.name, package.rendered["build"]["string"]) for package in packages()]
    assert len(builds) == len(set(builds))


def test_the_libraries_are_built_by_each_compiler_and_solvers_can_choose() -> None:
    """GCC's build is the one that solvers take where both will do; everything else is built once."""
    levels: dict[str, dict[str, int]] = defaultdict(dict)
    for package in packages():
        compiler = package.used.get("cxx_compiler", package.used.get("c_compiler", ""))
        keys = package.rendered["build"].get("variant", {})
        levels[package.name][compiler] = keys.get("down_prioritize_variant", 0)
    in_c = ("libzlib", "zlib", "libzstd", "libbase64", "libbase64-devel", "base64")
    assert {name: found for name, found in levels.items() if len(found) > 1} == {
        **{name: {"gcc": 0, "clang": 1} for name in in_c},
        "snappy": {"gxx": 0, "clangxx": 1},
    }


@pytest.mark.parametrize("name", NAMES)
def test_recipes_are_short(name: str) -> None:
    lines = len(TEXTS[name].splitlines())
    budget = LINES.get(name, 60 if len({package.name for package in packages_of(name)}) == 1 else 100)
    assert lines <= budget, f"{lines} lines"
    assert max(map(len, TEXTS[name].splitlines())) <= 130


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_begins_by_saying_what_it_is_for(name: str) -> None:
    assert re.match(r"# [A-Z`a-z].+", TEXTS[name])
    assert "\nschema_version: 1\n" in TEXTS[name]
    assert f"`{name}`" in (RECIPES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("package", PARAMS)
def test_a_package_is_described_and_licensed(package: Package) -> None:
    assert package.about.get("license")
    assert package.about.get("license_file")
    assert package.about["homepage"].startswith("https://")
    assert 10 < len(package.about["summary"]) < 80


@pytest.mark.parametrize("package", PARAMS)
def test_a_package_is_tested(package: Package) -> None:
    assert package.tests


@pytest.mark.parametrize("package", PARAMS)
def test_programs_are_run_and_not_only_counted(package: Package) -> None:
    """A test that only lists files is for run-time libraries and data, which the tests of others use."""
    listed = {key for test in package.tests for key in test.get("package_contents", {})}
    assert any({"script", "python"} & set(test) for test in package.tests) or not {"bin", "include"} & listed


@pytest.mark.parametrize("package", PARAMS)
def test_sources_are_named_and_hashed(package: Package) -> None:
    for source in package.sources:
        assert re.fullmatch(r"[0-9a-f]{64}", source["sha256"])
        urls = source["url"] if isinstance(source["url"], list) else [source["url"]]
        for url in urls:
            match = ADDRESSES[url.partition(":")[0]].fullmatch(url)
            assert match, url
            if url.startswith("pypi:"):
                assert f"-{match['version']}" in url.rpartition("/")[2]


@pytest.mark.parametrize("name", NAMES)
def test_repin_can_read_every_pin(name: str) -> None:
    """Addresses of Debian's files are made of nothing but text and values of the recipe's context."""
    found = list(pins(FOLDERS[name] / "recipe.yaml", TEXTS[name]))
    assert len(found) == len(re.findall(r"^[^#\n]*\bdebian:\S", TEXTS[name], re.MULTILINE))
    for pin in found:
        assert pin.path is not None, pin.address.text
        assert pool_file(pin.path) is not None, pin.path
        assert pin.sha256 is not None, pin.path


def test_debian_packages_are_of_one_suite() -> None:
    """bookworm main only: no backport, no other release; one version of each source package; one hash for each file.

    The older C library, which is another release's, is not among the packages that are built by default.
    """
    versions: dict[str, set[str]] = defaultdict(set)
    hashes: dict[str, set[str]] = defaultdict(set)
    for package in packages():
        for source in package.sources:
            if isinstance(source["url"], str) and source["url"].endswith(".deb"):
                folder, _, file = source["url"].rpartition("/")
                versions[folder].add(file.split("_")[1])
                hashes[file].add(source["sha256"])
    assert len(versions) > 10
    assert {folder: found for folder, found in versions.items() if len(found) > 1} == {}
    assert {file: found for file, found in hashes.items() if len(found) > 1} == {}
    assert [file for file in hashes if OTHER_SUITES.search(file)] == []
    assert [file for file in hashes if not file.endswith(("_amd64.deb", "_all.deb"))] == []


@pytest.mark.parametrize("package", PARAMS)
def test_the_collection_needs_nothing_from_elsewhere(package: Package) -> None:
    known = {other.name for other in packages()}
    assert {name for name in package.needs() if not name.startswith("__")} <= known


@pytest.mark.parametrize("package", PARAMS)
def test_who_brings_foreign_binaries_says_which_c_library_they_need(package: Package) -> None:
    """From Debian: what stdlib("c") exports; from a manylinux wheel: what the wheel's name promises."""
    if package.rendered["build"].get("noarch") or package.recipe == "compiler-activation":
        return
    build = [spec.split()[0] for spec in package.built_from.get("requirements", {}).get("build", [])]
    run = package.rendered.get("requirements", {}).get("run", [])
    for url in (str(source["url"]) for source in package.sources):
        if ".deb" in url:
            assert "sysroot_linux-64" in build
        if match := re.search(r"manylinux_(\d+)_(\d+)_x86_64\.whl", url):
            assert f"__glibc >={match[1]}.{match[2]},<3.0.a0" in run


@pytest.mark.parametrize("name", NAMES)
def test_libraries_export_their_pin(name: str) -> None:
    """Whoever links with a library of ours gets it as a dependency, with the library's own range of compatible versions."""
    for package in packages_of(name):
        test_globs = [glob for test in package.tests for glob in test.get("package_contents", {}).get("lib", [])]
        if test_globs:
            exports = package.rendered["requirements"]["run_exports"]
            specs = exports["weak"] if isinstance(exports, dict) else exports
            assert package.name in {spec["pin_subpackage"]["name"] for spec in specs}


@pytest.mark.parametrize("name", NAMES)
def test_no_file_lies_about(name: str) -> None:
    """Every file beside a recipe is named by it, or by one of its scripts, or lies in its folder of tests."""
    folder = FOLDERS[name]
    scripts = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.sh"))
    for file in (file for file in folder.rglob("*") if file.is_file() and file.name != "recipe.yaml"):
        inside = file.relative_to(folder)
        named = file.name in TEXTS[name] + scripts or file.name == "build.sh" or "$name.sh" in scripts
        assert named or inside.parts[0] == "tests", inside


@pytest.mark.parametrize("script", [pytest.param(s, id=str(s.relative_to(RECIPES))) for s in RECIPES.rglob("*.sh")])
def test_scripts_are_sound(script: Path) -> None:
    """The shell takes them; none sets what the wrapper sets, or names a folder of the machine as input, or asks a pipe
    to end early, which under ``pipefail`` fails now and then."""
    subprocess.run(["bash", "-n", str(script)], check=True)
    text = script.read_text(encoding="utf-8")
    assert not re.search(r"^set -|\A#!|\| grep -q", text, re.MULTILINE)
    assert not re.search(r"(?<![\w$}\".])/(usr/(?!local/src/conda)|opt/|home/|build\b|work\b)", text)


def test_every_variant_names_a_package_of_the_collection() -> None:
    """compiler("c") is a package of ours whichever value the variants give it, in that version; so is stdlib("c")."""
    keys = YAML(typ="safe").load(VARIANTS.read_text(encoding="utf-8"))
    zipped = keys.pop("zip_keys")
    assert {key for group in zipped for key in group} <= set(keys)
    there = {package.name: str(package.rendered["package"]["version"]) for package in packages()}
    tools = {key for key in keys if not key.endswith("_version")}
    assert set(keys) == {f"{tool}{suffix}" for tool in tools for suffix in ("", "_version")}
    for tool in tools:
        assert re.fullmatch(r"(c|cxx|fortran)_compiler|c_stdlib", tool)
        for name, version in zip(keys[tool], keys[f"{tool}_version"], strict=True):
            assert f"{there[f'{name}_linux-64']}.".startswith(f"{version}.")


def test_the_collection_file_says_where_things_are() -> None:
    said = YAML(typ="safe").load((CHECKOUT / "bakehouse.yaml").read_text(encoding="utf-8"))
    assert set(said) <= {"recipes", "variants", "channels", "output", "mirrors", "debian", "pypi", "policy"}
    assert [CHECKOUT / folder for folder in said["recipes"]] == [RECIPES / name for name in ("base", "python", "v0")]
    assert [CHECKOUT / file for file in said["variants"]] == [VARIANTS]
    assert said["channels"] == []


def test_the_variants_of_python_are_one_of_those_of_all() -> None:
    """One Python, and GCC alone: whole keys are replaced, so that the group of zipped keys stays whole."""
    keys = YAML(typ="safe").load(VARIANTS.read_text(encoding="utf-8"))
    narrowed = YAML(typ="safe").load(PYTHON_VARIANTS.read_text(encoding="utf-8"))
    assert all(len(values) == 1 for values in narrowed.values())
    assert set(narrowed) == {"python", *(key for group in keys["zip_keys"] for key in group)}
    assert {key: values[:1] for key, values in keys.items() if key in narrowed} == {
        key: values for key, values in narrowed.items() if key != "python"
    }
