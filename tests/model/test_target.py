"""Platforms against rattler's own table, and the conditions that rattler-build's recipes may use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rattler
import rattler_build

from builder.model.match_spec import MatchSpec
from builder.model.target import (
    TARGETS,
    Target,
    VirtualPackage,
    is_subdir,
    platform_variables,
    target,
    virtual_packages,
)
from builder.model.version import Version

SUBDIRS = sorted(TARGETS)


@pytest.mark.parametrize("subdir", SUBDIRS)
def test_rattler_says_the_same_of_a_platform(subdir: str) -> None:
    ours, theirs = target(subdir), rattler.Subdir(subdir)
    assert ours.arch == str(theirs.arch)
    assert ours.family.name == theirs.only_platform
    assert (ours.is_unix, ours.is_linux, ours.is_osx, ours.is_win) == (
        theirs.is_unix,
        theirs.is_linux,
        theirs.is_osx,
        theirs.is_windows,
    )


def test_unknown_platforms() -> None:
    for name in ("noarch", "linux", "linux-65", "", "LINUX-64", "lunix-64"):
        with pytest.raises(ValueError, match=r"is not a platform; known are linux-32, linux-64"):
            target(name)
    assert [is_subdir(name) for name in ("noarch", "linux-64", "linux", "main")] == [True, True, False, False]


def test_rows() -> None:
    linux, osx, win = (target(subdir).family for subdir in ("linux-64", "osx-arm64", "win-64"))
    assert (linux.shared_library_suffix, osx.shared_library_suffix, win.shared_library_suffix) == (
        ".so",
        ".dylib",
        ".dll",
    )
    assert (linux.placeholder_length, osx.placeholder_length, win.placeholder_length) == (255, 255, 80)
    assert (linux.origin, osx.origin, win.origin) == ("$ORIGIN", "@loader_path", None)
    assert (linux.binary_format, osx.binary_format, win.binary_format) == ("elf", "macho", "pe")
    assert (linux.executable_suffix, win.executable_suffix) == ("", ".exe")
    assert (linux.script_shell, win.script_shell) == ("bash", "cmd")
    assert (linux.library_prefix, win.library_prefix) == ("", "Library/")
    assert target("linux-64").family is target("linux-aarch64").family


@pytest.mark.parametrize(
    ("subdir", "python", "place"),
    [
        ("linux-64", "3.12", "lib/python3.12/site-packages"),
        ("osx-64", "3.9.18", "lib/python3.9/site-packages"),
        ("win-64", "3.12.1", "Lib/site-packages"),
    ],
)
def test_site_packages(subdir: str, python: str, place: str) -> None:
    assert target(subdir).site_packages(python) == place


@pytest.mark.parametrize("subdir", ["linux-64", "linux-aarch64", "osx-arm64", "win-64", "emscripten-wasm32", "noarch"])
def test_recipes_see_what_rattler_build_shows(subdir: str, tmp_path: Path) -> None:
    ours = platform_variables(subdir)
    template = ",".join(f"{name}=${{{{ {name} if {name} is defined else 'unknown' }}}}" for name in ours)
    recipe = {"package": {"name": "x", "version": "1"}, "about": {"summary": template}}
    platform = rattler_build.PlatformConfig(target_platform="linux-64", host_platform=subdir, experimental=False)
    config = rattler_build.RenderConfig(platform=platform)
    (rendered,) = rattler_build.Stage0Recipe.from_yaml(json.dumps(recipe), recipe_dir=tmp_path).render(None, config)
    summary = str(rendered.recipe.about.to_dict()["summary"])
    theirs = dict(pair.split("=") for pair in summary.split(","))
    unknown = {name for name, value in theirs.items() if value == "unknown"}
    assert all(name.startswith(("ios", "android", "armv7a", "emscriptenwasm64", "wasm64")) for name in unknown), unknown
    assert {name: str(value).lower() for name, value in ours.items() if name not in unknown} == {
        name: value for name, value in theirs.items() if name not in unknown
    }


def test_variables_of_one_platform() -> None:
    variables = platform_variables("linux-aarch64")
    assert {name for name, value in variables.items() if value} == {"unix", "linux", "aarch64", "linuxaarch64"}
    assert {name for name, value in platform_variables("iossimulator-64").items() if value} >= {
        "ios",
        "iossimulator",
        "unix",
    }
    assert not any(platform_variables("noarch").values())
    assert set(platform_variables("noarch")) == set(variables) == set(platform_variables("win-32"))
    with pytest.raises(ValueError, match="is not a platform"):
        platform_variables("plan-9")


def names(on: Target, **versions: str) -> dict[str, str]:
    return {package.name: package.version for package in virtual_packages(on, **versions)}


def test_virtual_packages_of_the_standard() -> None:
    assert names(target("linux-64"), glibc="2.36", linux="6.1") == {
        "__archspec": "1", "__glibc": "2.36", "__linux": "6.1", "__unix": "0",
    }  # fmt: skip
    assert names(target("osx-arm64"), osx="14.0", glibc="2.36") == {"__archspec": "1", "__osx": "14.0", "__unix": "0"}
    assert set(names(target("win-64"))) == {"__archspec", "__win"}
    assert set(names(target("emscripten-wasm32"))) == {"__archspec", "__unix"}
    assert set(names(target("freebsd-64"))) == {"__archspec", "__unix"}
    assert names(target("linux-64"), cuda="12.4")["__cuda"] == "12.4"
    assert "__cuda" not in names(target("linux-64"))


@pytest.mark.parametrize(
    ("subdir", "build"),
    [("linux-64", "x86_64"), ("linux-32", "x86"), ("osx-arm64", "aarch64"), ("linux-aarch64", "aarch64"), ("zos-z", "z"),
     ("emscripten-wasm32", "wasm32"), ("linux-ppc64le", "ppc64le")],
)  # fmt: skip
def test_naive_archspec(subdir: str, build: str) -> None:
    (found,) = [package for package in virtual_packages(target(subdir)) if package.name == "__archspec"]
    assert (found.version, found.build) == ("1", build)


def test_archspec_can_be_said() -> None:
    (found, *_) = virtual_packages(target("linux-64"), archspec="x86_64_v3")
    assert str(found) == "__archspec=1=x86_64_v3"
    assert MatchSpec.parse("__archspec * x86_64_v3").matches(found.name, Version.parse(found.version), found.build)


@pytest.mark.parametrize("subdir", SUBDIRS)
def test_virtual_packages_are_sorted_and_readable(subdir: str) -> None:
    found = virtual_packages(target(subdir))
    assert [package.name for package in found] == sorted(package.name for package in found)
    assert all(MatchSpec.parse(f"{each.name} >={each.version} {each.build}").name == each.name for each in found)
    assert VirtualPackage(name="__unix") == VirtualPackage(name="__unix", version="0", build="0")
