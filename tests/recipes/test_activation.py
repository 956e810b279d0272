"""The activation scripts of the compilers, installed by the recipe's own script and sourced by more than one shell."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.recipes.collection import RECIPES

FOLDER = RECIPES / "base" / "compiler-activation"
HOST = "x86_64-conda-linux-gnu"
KITS = {
    "gcc": ("binutils_linux-64", "gcc_linux-64", "gxx_linux-64", "gfortran_linux-64"),
    "clang": ("binutils_linux-64", "clang_linux-64", "clangxx_linux-64", "gfortran_linux-64"),
}
TOOLS = {
    "gcc": {"CC": "cc", "CXX": "c++", "CPP": "cpp", "CC_FOR_BUILD": "cc", "CXX_FOR_BUILD": "c++", "GCC": "gcc", "GXX": "g++"},
    "clang": {
        "CC": "clang", "CXX": "clang++", "CPP": "clang-cpp", "CC_FOR_BUILD": "clang", "CXX_FOR_BUILD": "clang++",
        "CLANG": "clang", "CLANGXX": "clang++",
    },
}  # fmt: skip
SHELLS = ("bash", "dash")
BUILD = {
    "CONDA_BUILD": "1",
    "SRC_DIR": "/sources",
    "PREFIX": "/host",
    "BUILD_PREFIX": "/tools",
    "PKG_NAME": "thing",
    "PKG_VERSION": "1.0",
}


def installed(folder: Path, packages: tuple[str, ...]) -> Path:
    """Install the scripts of ``packages`` into ``folder`` as their recipe does."""
    for package in packages:
        environment = {
            "PATH": os.environ["PATH"],
            "PREFIX": str(folder),
            "RECIPE_DIR": str(FOLDER),
            "PKG_NAME": package,
        }
        subprocess.run(["bash", "-euo", "pipefail", str(FOLDER / "install.sh")], env=environment, check=True)
    return folder


@pytest.fixture(params=sorted(KITS))
def kit(request: pytest.FixtureRequest) -> str:
    """The C compiler's name: everything is asked of both."""
    name: str = request.param
    return name


@pytest.fixture
def prefix(tmp_path: Path, kit: str) -> Path:
    """A prefix with the scripts of one compiler for C, C++ and Fortran."""
    return installed(tmp_path, KITS[kit])


def variables(prefix: Path, shell: str, environment: dict[str, str], *, and_back: bool = False) -> dict[str, str]:
    """The exported variables after activation, in the order of the scripts' names, or after deactivation again."""
    scripts = sorted((prefix / "etc/conda/activate.d").iterdir())
    if and_back:
        scripts += sorted((prefix / "etc/conda/deactivate.d").iterdir(), reverse=True)
    lines = ["set -eu", *(f'. "{script}"' for script in scripts), "env -0"]
    start = {"PATH": os.environ["PATH"], "CONDA_PREFIX": str(prefix), **environment}
    done = subprocess.run([shell, "-c", "\n".join(lines)], env=start, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    found = dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
    return {name: value for name, value in found.items() if name not in {"_", "PWD", "SHLVL", "OLDPWD"}}


def test_scripts_are_named_after_their_packages(prefix: Path, kit: str) -> None:
    for kind in ("activate", "deactivate"):
        names = {script.name for script in (prefix / "etc/conda" / f"{kind}.d").iterdir()}
        assert names == {f"{kind}-{package}.sh" for package in KITS[kit]}


@pytest.mark.parametrize("shell", SHELLS)
def test_activation_names_every_tool(prefix: Path, shell: str, kit: str) -> None:
    found = variables(prefix, shell, {})
    binutils = {
        name: name.lower() for name in ("AR", "AS", "LD", "NM", "OBJCOPY", "OBJDUMP", "RANLIB", "READELF", "STRIP")
    }
    fortran = dict.fromkeys(("FC", "F77", "F90", "F95", "FC_FOR_BUILD", "GFORTRAN"), "gfortran")
    expected = {name: f"{HOST}-{tool}" for name, tool in (TOOLS[kit] | binutils | fortran).items()}
    assert {name: found.get(name) for name in expected} == expected
    triplets = ("HOST", "BUILD", "host_alias", "build_alias", "CONDA_TOOLCHAIN_HOST", "CONDA_TOOLCHAIN_BUILD")
    assert {found[name] for name in triplets} == {HOST}
    assert found["CONDA_BUILD_SYSROOT"] == f"{prefix}/{HOST}/sysroot"


@pytest.mark.parametrize("shell", SHELLS)
def test_flags_are_those_that_conda_builds_expect(prefix: Path, shell: str) -> None:
    found = variables(prefix, shell, BUILD)
    for flags in ("CFLAGS", "CXXFLAGS", "FFLAGS", "FORTRANFLAGS"):
        assert {"-march=x86-64", "-O2", "-fPIC", "-isystem"} <= set(found[flags].split()), flags
    for flags in ("DEBUG_CFLAGS", "DEBUG_CXXFLAGS", "DEBUG_FFLAGS"):
        assert {"-Og", "-g"} <= set(found[flags].split()), flags
    assert "-DNDEBUG" in found["CPPFLAGS"].split()
    linking = {
        "-Wl,--allow-shlib-undefined",
        "-Wl,--disable-new-dtags",
        "-Wl,-rpath,/host/lib",
        "-Wl,-rpath-link,/host/lib",
    }
    assert linking <= set(found["LDFLAGS"].split())
    assert found["MESON_ARGS"].split() == ["-Dbuildtype=release", "--prefix=/host", "-Dlibdir=lib"]


def test_what_the_compilers_share_is_the_same(tmp_path: Path) -> None:
    """A build by the one differs from a build by the other in the compiler alone."""
    same = {"LDFLAGS", "CPPFLAGS", "CFLAGS", "CXXFLAGS", "FFLAGS", "CMAKE_ARGS", "MESON_ARGS", "AR", "LD", "HOST"}
    one, other = (variables(installed(tmp_path, kit), "bash", BUILD) for kit in KITS.values())
    assert {name: one[name] for name in same} == {name: other[name] for name in same}


@pytest.mark.parametrize("shell", SHELLS)
def test_fortran_alone_has_all_that_it_needs(tmp_path: Path, shell: str) -> None:
    alone = variables(installed(tmp_path, ("binutils_linux-64", "gfortran_linux-64")), shell, BUILD)
    assert {"FC", "FFLAGS", "LDFLAGS", "CMAKE_ARGS", "AR"} <= set(alone)
    assert not {"CC", "CFLAGS", "CXX"} & set(alone)


@pytest.mark.parametrize("shell", SHELLS)
def test_outside_of_a_build_the_active_environment_is_compiled_against(prefix: Path, shell: str) -> None:
    found = variables(prefix, shell, {})
    assert f"-isystem {prefix}/include" in found["CFLAGS"]
    assert f"-isystem {prefix}/include" in found["CXXFLAGS"]
    assert f"-L{prefix}/lib" in found["LDFLAGS"]
    assert f"-Wl,-rpath,{prefix}/lib" in found["LDFLAGS"].split()
    assert "prefix-map" not in found["CFLAGS"]
    assert "CMAKE_INSTALL_PREFIX" not in found["CMAKE_ARGS"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_test_of_a_package_is_no_build(prefix: Path, shell: str) -> None:
    """It has one environment, which is active, though conda's tools tell it of a build."""
    of_a_test = {name: value for name, value in BUILD.items() if name != "BUILD_PREFIX"}
    outside = variables(prefix, shell, {})
    assert variables(prefix, shell, of_a_test) == {**outside, **of_a_test}


@pytest.mark.parametrize("shell", SHELLS)
def test_in_a_build_the_host_environment_is_and_its_paths_are_mapped_away(prefix: Path, shell: str) -> None:
    found = variables(prefix, shell, BUILD)
    assert "-isystem /host/include" in found["CPPFLAGS"]
    assert {"-L/host/lib", "-Wl,-rpath,/host/lib"} <= set(found["LDFLAGS"].split())
    maps = {flag for flag in found["CXXFLAGS"].split() if flag.startswith("-ffile-prefix-map=")}
    assert maps == {
        "-ffile-prefix-map=/sources=/usr/local/src/conda/thing-1.0",
        "-ffile-prefix-map=/host=/usr/local/src/conda-prefix",
        "-ffile-prefix-map=/tools=/usr/local/src/conda-build-prefix",
    }
    assert "-DCMAKE_INSTALL_PREFIX=/host" in found["CMAKE_ARGS"].split()
    assert f"-DCMAKE_FIND_ROOT_PATH=/host;{prefix}/{HOST}/sysroot" in found["CMAKE_ARGS"].split()


@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_user_has_set_stays(prefix: Path, shell: str) -> None:
    own = {"CFLAGS": "-O1 -g", "LDFLAGS": "-s", "CMAKE_ARGS": "-DA=b c", "FFLAGS": "-O3"}
    found = variables(prefix, shell, own)
    assert {name: found[name] for name in own} == own
    assert found["CXXFLAGS"].endswith("-O1 -g")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "before",
    [{}, BUILD, {"LDFLAGS": "-s", "FC": "f"}, {"CC": "my cc", "AR": "", "CFLAGS": "-DTEXT='a \"b\" $c `d` \\ e'"}],
    ids=["none", "build", "shared", "odd"],
)
def test_deactivation_brings_back_what_was_there(prefix: Path, shell: str, before: dict[str, str]) -> None:
    expected = {"PATH": os.environ["PATH"], "CONDA_PREFIX": str(prefix), **before}
    assert variables(prefix, shell, before, and_back=True) == expected


def test_nothing_but_variables_is_left_in_the_shell(prefix: Path) -> None:
    scripts = sorted((prefix / "etc/conda/activate.d").iterdir())
    lines = [*(f'. "{script}"' for script in scripts), "declare -F", "compgen -v | grep -c '^_conda' || true"]
    start = {"PATH": os.environ["PATH"], "CONDA_PREFIX": str(prefix)}
    done = subprocess.run(["bash", "-c", "\n".join(lines)], env=start, check=True, capture_output=True, text=True)
    assert done.stdout == "0\n"
