"""The environment variables of builds and tests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builder.model.inside import SEALED
from builder.model.python import python
from builder.model.rendering import Platforms
from builder.model.target import target
from builder.model.variant import Variant
from builder.script import Stage, build_variables, path_names
from builder.script import test_variables as variables_of_test
from builder.script.variables import language_variables
from tests.script.conftest import rendering

CONDAS = {
    "ARCH", "BUILD", "BUILD_PREFIX", "CMAKE_GENERATOR", "CONDA_BUILD", "CONDA_BUILD_STATE", "CONDA_DEFAULT_ENV",
    "CONDA_PREFIX", "CPU_COUNT", "HOME", "HOST", "LANG", "LC_ALL", "LD_RUN_PATH", "PATH", "PIP_CACHE_DIR",
    "PIP_IGNORE_INSTALLED", "PIP_NO_BUILD_ISOLATION", "PIP_NO_DEPENDENCIES", "PIP_NO_INDEX", "PKG_BUILDNUM",
    "PKG_BUILD_STRING", "PKG_HASH", "PKG_NAME", "PKG_VERSION", "PREFIX", "PYTHONNOUSERSITE", "RECIPE_DIR", "SHELL",
    "SHLIB_EXT", "SOURCE_DATE_EPOCH", "SRC_DIR", "SUBDIR", "TERM", "TZ", "USER", "build_platform", "host_platform",
    "target_platform",
}  # fmt: skip
"""What conda recipes rely on."""


def test_a_build_sees_condas_variables_and_few_besides(stage: Stage) -> None:
    found = build_variables(rendering(), stage)
    assert found.keys() >= CONDAS
    assert found.keys() - CONDAS == {
        "CONDA_BUILD_CROSS_COMPILATION",
        "LOGNAME",
        "PKG_CONFIG_PATH",
        "PYTHONHASHSEED",
        "RATTLER_BUILD_PACKAGE_FILES",
        "TMPDIR",
    }


def test_the_values_are_those_of_the_rendering_and_the_stage(stage: Stage) -> None:
    found = build_variables(rendering(), stage)
    assert {
        name: found[name] for name in ("PKG_NAME", "PKG_VERSION", "PKG_BUILDNUM", "PKG_BUILD_STRING", "PKG_HASH")
    } == {
        "PKG_NAME": "zlib",
        "PKG_VERSION": "1.3.1",
        "PKG_BUILDNUM": "2",
        "PKG_BUILD_STRING": "h1234567_2",
        "PKG_HASH": "h1234567",
    }
    assert (found["PREFIX"], found["SRC_DIR"]) == (str(SEALED.prefix), "/bakehouse/work")
    assert (found["CPU_COUNT"], found["SOURCE_DATE_EPOCH"]) == ("2", "1700000000")
    assert found["LD_RUN_PATH"] == f"{SEALED.prefix}/lib"


def test_a_script_may_write_its_list_where_no_package_looks(stage: Stage) -> None:
    place = build_variables(rendering(), stage)["RATTLER_BUILD_PACKAGE_FILES"]
    assert place == "/bakehouse/listing/package_files"


def test_merged_environments_have_one_prefix(stage: Stage) -> None:
    plain = rendering()
    merged = replace(
        plain, output=replace(plain.output, build=replace(plain.output.build, merge_build_and_host_envs=True))
    )
    found, prefix = build_variables(merged, stage), str(SEALED.prefix)
    names = ("PREFIX", "BUILD_PREFIX", "CONDA_PREFIX", "CONDA_DEFAULT_ENV")
    assert {name: found[name] for name in names} == dict.fromkeys(names, prefix)
    assert found["PATH"].split(":")[:2] == [f"{prefix}/bin", "/usr/bin"]


def test_tools_of_the_build_environment_come_first_in_the_path(stage: Stage) -> None:
    path = build_variables(rendering(), stage)["PATH"].split(":")
    assert path[:3] == ["/bakehouse/build_env/bin", f"{SEALED.prefix}/bin", "/usr/bin"]
    assert all(part.startswith("/") for part in path)


@pytest.mark.parametrize(
    ("subdir", "triplet", "suffix", "arch"),
    [
        ("linux-64", "x86_64-conda-linux-gnu", ".so", "64"),
        ("linux-aarch64", "aarch64-conda-linux-gnu", ".so", "aarch64"),
        ("osx-arm64", "arm64-apple-darwin20.0.0", ".dylib", "arm64"),
    ],
)
def test_another_target_shows_in_host_and_not_in_build(
    stage: Stage, subdir: str, triplet: str, suffix: str, arch: str
) -> None:
    crossed = replace(rendering(), platforms=Platforms(target=subdir, host=subdir, build="linux-64"))
    found = build_variables(crossed, stage)
    assert (found["HOST"], found["SHLIB_EXT"], found["ARCH"], found["SUBDIR"]) == (triplet, suffix, arch, subdir)
    assert found["BUILD"] == "x86_64-conda-linux-gnu"
    assert found["CONDA_BUILD_CROSS_COMPILATION"] == ("0" if subdir == "linux-64" else "1")


def test_without_a_python_nothing_speaks_of_one(stage: Stage) -> None:
    """The defect of a peer (D16): PYTHON names an interpreter that does not exist."""
    found = build_variables(rendering(python="3.12.* *_cpython"), stage)
    assert not {"PYTHON", "PY_VER", "SP_DIR", "STDLIB_DIR", "PY3K"} & found.keys()


@pytest.mark.parametrize("version", ["3.12", "3.12.4", "3.12.0rc1"])
def test_with_a_python_its_places_are_told(stage: Stage, version: str) -> None:
    found = build_variables(rendering(python="3.11.* *_cpython"), stage, python=python(version, target("linux-64")))
    assert found["PYTHON"] == f"{SEALED.prefix}/bin/python"
    assert (found["PY_VER"], found["CONDA_PY"], found["PY3K"]) == ("3.12", "312", "1")
    assert found["SP_DIR"] == f"{SEALED.prefix}/lib/python3.12/site-packages"
    assert found["STDLIB_DIR"] == f"{SEALED.prefix}/lib/python3.12"
    assert not {"NPY_VER", "CONDA_NPY"} & found.keys()


def test_a_python_says_itself_where_packages_go(stage: Stage) -> None:
    free = python("3.14.0", target("linux-64"), "lib/python3.14t/site-packages")
    found = build_variables(rendering(), stage, python=free)
    assert found["SP_DIR"] == f"{SEALED.prefix}/lib/python3.14t/site-packages"
    assert found["STDLIB_DIR"] == f"{SEALED.prefix}/lib/python3.14"
    tested = variables_of_test(stage, {}, subdir="linux-64", python=free)
    assert tested["SP_DIR"] == f"{SEALED.test_prefix}/lib/python3.14t/site-packages"
    assert tested["PYTHON"] == f"{SEALED.test_prefix}/bin/python"


@pytest.mark.parametrize(("numpy", "told"), [("1.26", ("1.26", "126")), ("2", ("2", "2")), ("2.1.3", ("2.1", "21"))])
def test_the_numpy_that_is_built_for_is_told_where_there_is_a_python(
    stage: Stage, numpy: str, told: tuple[str, str]
) -> None:
    built_for = rendering(numpy=numpy)
    found = build_variables(built_for, stage, python=python("3.13.1", target("linux-64")))
    assert (found["NPY_VER"], found["CONDA_NPY"]) == told
    assert "NPY_VER" not in build_variables(built_for, stage)


def test_strings_have_the_same_hash_in_every_build(stage: Stage) -> None:
    assert build_variables(rendering(), stage)["PYTHONHASHSEED"] == "0"
    assert "PYTHONHASHSEED" not in variables_of_test(stage, {}, subdir="linux-64")


def test_used_variant_keys_are_variables(stage: Stage) -> None:
    found = build_variables(rendering(c_compiler="gcc", level=3, shared=True, static=False), stage)
    assert {name: found[name] for name in ("c_compiler", "level", "shared", "static")} == {
        "c_compiler": "gcc",
        "level": "3",
        "shared": "true",
        "static": "false",
    }


@pytest.mark.parametrize(
    "key",
    ["PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "BASH_FUNC_x%%", "ENV", "IFS", "PYTHONPATH", "PERL5LIB",
     "SHELLOPTS", "PROMPT_COMMAND", "HOME", "PREFIX", "SRC_DIR", "GCONV_PATH", "NODE_OPTIONS", "PS4", "TMPDIR",
     "DYLD_INSERT_LIBRARIES", "CONDA_PREFIX", "TZ", "LC_ALL"],
)  # fmt: skip
def test_a_variant_key_cannot_change_how_programs_start(stage: Stage, key: str) -> None:
    assert build_variables(rendering(**{key: "evil"}), stage) == build_variables(rendering(), stage)


@pytest.mark.parametrize("key", ["a.b", "a b", "1a", "", "ü", "a\nB"])
def test_a_key_that_is_no_name_is_left_out(stage: Stage, key: str) -> None:
    assert build_variables(rendering(**{key: "x"}), stage) == build_variables(rendering(), stage)


def test_a_variant_key_cannot_replace_what_conda_says(stage: Stage) -> None:
    assert build_variables(rendering(PKG_NAME="evil", CONDA_BUILD="0"), stage)["PKG_NAME"] == "zlib"


def test_a_test_sees_its_prefix_and_no_build(stage: Stage) -> None:
    found = variables_of_test(stage, {"PKG_NAME": "zlib"}, subdir="linux-64")
    assert (found["PREFIX"], found["CONDA_PREFIX"]) == ("/bakehouse/test_env", "/bakehouse/test_env")
    assert (found["PKG_NAME"], found["CONDA_BUILD_STATE"], found["ARCH"]) == ("zlib", "TEST", "64")
    platforms = ("build_platform", "host_platform", "target_platform", "SUBDIR")
    assert {name: found[name] for name in platforms} == dict.fromkeys(platforms, "linux-64")
    assert found["CONDA_BUILD_CROSS_COMPILATION"] == "0"
    assert not {"BUILD_PREFIX", "RECIPE_DIR", "LD_RUN_PATH"} & found.keys()
    assert "/bakehouse/build_env/bin" not in found["PATH"]


def test_the_locale_the_zone_and_the_user_are_the_same_for_both(stage: Stage) -> None:
    build = build_variables(rendering(), stage)
    test = variables_of_test(stage, {}, subdir="linux-64")
    for name in ("LANG", "LC_ALL", "TZ", "USER", "HOME", "SHELL", "TERM", "SOURCE_DATE_EPOCH"):
        assert build[name] == test[name]
    assert (build["LC_ALL"], build["TZ"], build["TERM"]) == ("C.UTF-8", "UTC", "dumb")


def test_paths_have_the_names_under_which_scripts_know_them(stage: Stage) -> None:
    found = build_variables(rendering(), stage)
    for path, name in path_names(SEALED).items():
        if found.get(name[1:]) != path:
            assert path in {str(SEALED.test_prefix), str(SEALED.test_work)}


def test_values_that_a_script_only_names_are_variables_with_the_least_to_say(stage: Stage) -> None:
    named = (("PREFIX", "/nowhere"), ("flavour", "rye"), ("used", "2"), ("LD_PRELOAD", "x"), ("PY_VER", "3.1"))
    made = replace(rendering(), variant=Variant.of({"used": "1"}), variables=named)
    found = build_variables(made, stage)
    assert (found["flavour"], found["used"], found["PREFIX"]) == ("rye", "1", str(SEALED.prefix))
    assert "LD_PRELOAD" not in found
    assert found["PY_VER"] == "3.1"
    assert build_variables(made, stage, python=python("3.13.1", target("linux-64")))["PY_VER"] == "3.13"


def test_interpreters_of_the_host_environment_are_told() -> None:
    prefix = SEALED.prefix
    assert language_variables(prefix, {"zlib"}) == {}
    assert language_variables(prefix, {"perl", "r-base", "lua"}) == {
        "PERL": f"{prefix}/bin/perl", "R": f"{prefix}/bin/R", "R_USER": f"{prefix}/Libs/R",
        "LUA": f"{prefix}/bin/lua", "LUA_INCLUDE_DIR": f"{prefix}/include",
    }  # fmt: skip
